# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The list of the conversations that are encrypted.

Gajim has a setting for it, but a setting can be lost, or changed by something
other than the user. So this list remembers each conversation that was encrypted
once, and only the user's own choice removes it.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from ..signals import Signal
from ..values import ClearReason
from .private_file import write_private

log = logging.getLogger("gajim.p.omemo_plugin")


class EncryptedChatsUnreadable(Exception):
    """It is not known which conversations are encrypted."""


def check_encrypted_chats(text: str) -> None:
    """
    Raises:
        EncryptedChatsUnreadable: it is no list of encrypted conversations.
    """
    _parse(text)


def _parse(text: str) -> tuple[set[str], set[str], dict[str, ClearReason]]:
    """
    The encrypted conversations, those of them that the user did not choose, and why
    others are in clear.

    Raises:
        EncryptedChatsUnreadable: it cannot be understood.
    """
    try:
        values = json.loads(text)
        jids = values["encrypted"]
        if not all(isinstance(jid, str) for jid in jids):
            raise TypeError
        unasked = values.get("unasked", [])
        if not all(isinstance(jid, str) for jid in unasked):
            raise TypeError
        # Files from before the choice was remembered have no such part
        clear = {
            str(jid): ClearReason(reason)
            for jid, reason in values.get("clear", {}).items()
        }
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
    ) as error:
        raise EncryptedChatsUnreadable("not a list of conversations") from error
    found = set(jids)
    return (
        found,
        set(unasked) & found,
        {jid: reason for jid, reason in clear.items() if jid not in found},
    )


class EncryptedChats:
    """
    The encrypted conversations of one account. A JID is a bare one.

    Attributes:
        added: emitted with a conversation that has become an encrypted one.
        removed: emitted with one that is not encrypted any more.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            EncryptedChatsUnreadable: there is a file, and it cannot be understood.
        """
        self.added: Signal[[str]] = Signal("following an encrypted conversation")
        self.removed: Signal[[str]] = Signal("leaving an encrypted conversation")
        self._path = path
        self._jids: set[str] = set()
        # Of those, the ones that only a message of the contact has made so
        self._unasked: set[str] = set()
        self._clear: dict[str, ClearReason] = {}
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            raise EncryptedChatsUnreadable(str(error)) from error
        self._jids, self._unasked, self._clear = _parse(text)

    def merge(self, text: str) -> None:
        """
        Add what the list of another computer has. None is taken off.

        Args:
            text: the list, as it is on the disk there.

        Raises:
            EncryptedChatsUnreadable: it cannot be understood. Nothing was changed.
        """
        jids, unasked, clear = _parse(text)
        self._unasked = (self._unasked | unasked) - (
            (self._jids - self._unasked) | (jids - unasked)
        )
        self._jids |= jids
        self._clear = {
            jid: reason
            for jid, reason in (clear | self._clear).items()
            if jid not in self._jids
        }
        self._write()

    def __contains__(self, jid: str) -> bool:
        return jid in self._jids

    @property
    def jids(self) -> frozenset[str]:
        return frozenset(self._jids)

    def is_chosen(self, jid: str) -> bool:
        """
        Whether the user has written to a contact, or chosen encryption.

        SECURITY: a conversation can become an encrypted one because something came
        that was. Who sent it may be a stranger still.
        """
        return jid in self._jids and jid not in self._unasked

    def clear_reason(self, jid: str) -> ClearReason | None:
        """Why the user chose to write without encryption; None if there was no
        such choice."""
        return self._clear.get(jid)

    @property
    def without_device(self) -> tuple[str, ...]:
        """Contacts to whom the user writes in clear because they had no device."""
        return tuple(
            jid
            for jid, reason in self._clear.items()
            if reason is ClearReason.NO_DEVICE
        )

    def add(self, jid: str, *, unasked: bool = False) -> None:
        """
        From now on the conversation is encrypted.

        Args:
            unasked: because something came, and not by an act of the user.
        """
        new = jid not in self._jids
        if unasked and new:
            self._unasked.add(jid)
        elif not unasked and jid in self._unasked:
            self._unasked.discard(jid)
        elif not new:
            return
        self._jids.add(jid)
        self._clear.pop(jid, None)
        self._write()
        if new:
            self.added.emit(jid)

    def remove(self, jid: str, reason: ClearReason = ClearReason.SWITCHED_OFF) -> None:
        """The user chose to go on without encryption."""
        if jid in self._jids or self._clear.get(jid) is not reason:
            self._jids.discard(jid)
            self._unasked.discard(jid)
            self._clear[jid] = reason
            self._write()
            self.removed.emit(jid)

    def _write(self) -> None:
        values = {
            "encrypted": sorted(self._jids),
            "unasked": sorted(self._unasked),
            "clear": {jid: reason.value for jid, reason in sorted(self._clear.items())},
        }
        text = json.dumps(values, ensure_ascii=False)
        try:
            write_private(self._path, text)
        except OSError as error:
            # The memory still knows it until Gajim ends, and the setting after
            log.error("Cannot write which chats are encrypted: %s", error)
