# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is still to be done after an identity was ended: deleting its files, taking its
devices off the server, and whether a new identity begins. It is written before
anything is deleted, so that a crash, or a missing connection, only delays the rest.
There is no key in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from enum import Enum
from pathlib import Path

from ...engine.values import DEVICE_ID_MAX
from .private_file import delete_file
from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")


class AfterEnd(Enum):
    """
    What becomes of the account.

    GO_ON: it has an identity, or gets one as at the first start.
    STAY_ENDED: it has none until the user wants one.
    BEGIN_ANEW: it gets a new one, and keys from before are not asked about.
    MOVED: it has none here. It went to another computer, and its device stays on the
        server.
    """

    GO_ON = "go on"
    STAY_ENDED = "stay ended"
    BEGIN_ANEW = "begin anew"
    MOVED = "moved"


class LeavingRecord:
    """
    The record of one account.

    Attributes:
        devices: ids of devices that have to leave the server.
        deleting: the files of the ended identity may still be there.
        after: what becomes of the account.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is raised: without a record nothing was ended."""
        self._path = path
        self.devices: frozenset[int] = frozenset()
        self.deleting = False
        self.after = AfterEnd.GO_ON
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            self.devices = frozenset(
                number
                for number in values["devices"]
                if isinstance(number, int) and 0 < number <= DEVICE_ID_MAX
            )
            self.deleting = values["deleting"] is True
            self.after = AfterEnd(values["after"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            log.error("It is not known what was ended: %s", type(error).__name__)

    def begin(self, devices: Collection[int], after: AfterEnd) -> None:
        """
        An identity ends. On the disk when this returns.

        Args:
            devices: its device; none if its id is not known.

        Raises:
            OSError: nothing has begun.
        """
        self._write(self.devices.union(devices), True, after)

    def has_to_leave(self, device_id: int) -> None:
        """
        A device whose keys nobody uses any more may still be on the server.

        Raises:
            OSError: it stays there.
        """
        self._write(self.devices | {device_id}, self.deleting, self.after)

    def files_are_gone(self) -> None:
        """
        Raises:
            OSError: they are looked for again at the next start.
        """
        self._write(self.devices, False, self.after)

    def set_after(self, after: AfterEnd) -> None:
        """
        Raises:
            OSError: it stays as it was.
        """
        if after is not self.after:
            self._write(self.devices, self.deleting, after)

    def have_left(self, devices: Collection[int]) -> None:
        """
        These devices are off the server.

        Raises:
            OSError: they are looked for again at the next connection.
        """
        self._write(self.devices - set(devices), self.deleting, self.after)

    def write_again(self) -> None:
        """
        Write what is known once more: a write that failed may have reached the disk.

        Raises:
            OSError: the disk may have that.
        """
        self._write(self.devices, self.deleting, self.after)

    def _write(self, devices: frozenset[int], deleting: bool, after: AfterEnd) -> None:
        if devices or deleting or after is not AfterEnd.GO_ON:
            values = {
                "devices": sorted(devices),
                "deleting": deleting,
                "after": after.value,
            }
            write_private(self._path, json.dumps(values))
        else:
            delete_file(self._path)
        self.devices, self.deleting, self.after = devices, deleting, after
