# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the user chose for an account, where Gajim has no setting for it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")


class Preferences:
    """Switches of one account, all of them off at first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._on: set[str] = set()
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            self._on = {name for name in values["on"] if isinstance(name, str)}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.warning("The preferences are read as new: %s", type(error).__name__)

    def get(self, name: str) -> bool:
        return name in self._on

    def set(self, name: str, value: bool) -> None:
        """
        Raises:
            OSError: it holds until Gajim ends.
        """
        if value:
            self._on.add(name)
        else:
            self._on.discard(name)
        write_private(self._path, json.dumps({"on": sorted(self._on)}))
