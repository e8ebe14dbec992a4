# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of an account that Gajim does not have."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")


class SettingsFile:
    """Switches of one account. Each is on, off, or not chosen yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._on: set[str] = set()
        self._off: set[str] = set()
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            self._on = {name for name in values["on"] if isinstance(name, str)}
            # Files from before a switch could be off by choice have no such list
            off = values.get("off", [])
            self._off = {name for name in off if isinstance(name, str)} - self._on
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            log.warning("The preferences are read as new: %s", type(error).__name__)

    def get(self, name: str, default: bool = False) -> bool:
        """
        Args:
            default: what holds while the user has not chosen.
        """
        if default:
            return name not in self._off
        return name in self._on

    def set(self, name: str, value: bool) -> None:
        """
        Raises:
            OSError: it holds until Gajim ends.
        """
        chosen, other = (self._on, self._off) if value else (self._off, self._on)
        chosen.add(name)
        other.discard(name)
        values = {"on": sorted(self._on), "off": sorted(self._off)}
        write_private(self._path, json.dumps(values))
