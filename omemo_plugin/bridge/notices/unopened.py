# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows in place of messages that were not opened: what they say, and what the user
can do about it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

from ... import device_names
from ...engine import errors
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Device
from ..log import guard
from ..signals import Signal
from ..values import Remedy
from ..values import RemedyKind
from . import texts

# More devices than that do not lose their sessions at once; whoever makes them up does
# not fill the memory
_DEVICES_MAX = 500

# A new session would change nothing about these
_NOT_THE_SESSION = (
    errors.DuplicateMessage,
    errors.IdentityKeyChanged,
    errors.PayloadDamaged,
    errors.TooManyKeyExchanges,
)


@dataclass(frozen=True)
class _Row:
    """
    The row of a message.

    Attributes:
        chat: the bare JID of the contact or room.
        name: what the user calls the sender; '' for the user.
    """

    chat: str
    message_id: str
    name: str


class UnopenedMessages:
    """
    Those of one account.

    Attributes:
        changed: emitted when a row has to be looked at again.
    """

    def __init__(
        self,
        own_jid: str,
        devices: Callable[[str], Sequence[DeviceInfo]],
        is_known: Callable[[str], bool],
        is_history_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        Args:
            devices: gives all known devices of an account.
            is_known: whether the user knows an account.
            is_history_lost: whether Gajim keeps a history, and has nothing in it.
        """
        self.changed: Signal[[]] = Signal("looking at rows again")
        self._own_jid = own_jid
        self._devices = devices
        self._is_known = is_known
        # The newest row of each device that has perhaps lost its session
        self._newest: OrderedDict[Device, _Row] = OrderedDict()
        self._remedies: dict[Device, RemedyKind] = {}
        self._is_history_lost = is_history_lost
        self._tells_of_own = False

    # What rows say

    def reason(
        self, error: Exception, name: str, chat: str, message_id: str | None
    ) -> str:
        """
        The text of a row.

        Args:
            name: what the user calls the sender; '' if it is not known, or the user.
            chat: the bare JID of the contact or room.
            message_id: the id of the stanza, by which Gajim knows the row.
        """
        device = error.device if isinstance(error, errors.ReceiveError) else None
        if device is None:
            return texts.not_opened(error, name)
        if message_id and not isinstance(error, _NOT_THE_SESSION):
            self._note(device, _Row(chat, message_id, name))
        return texts.not_opened(error, name, self._name_of(device, name))

    def _name_of(self, device: Device, name: str) -> str:
        own = device.jid == self._own_jid
        for info in self._devices(device.jid):
            if info.device == device and (not own or info.name or info.label):
                return device_names.in_sentence(info, name)
        return texts.some_device("" if own else name)

    def _note(self, device: Device, row: _Row) -> None:
        if self._remedies.get(device) is RemedyKind.REPAIRED:
            return
        self._newest[device] = row
        self._newest.move_to_end(device)
        while len(self._newest) > _DEVICES_MAX:
            gone, _row = self._newest.popitem(last=False)
            self._remedies.pop(gone, None)
        if device in self._remedies:
            # It is offered in the newest row alone
            self.changed.emit()

    # The repair of a session

    def offer(self, device: Device) -> bool:
        """
        Offer a new session in the newest row. SECURITY: not for somebody whom the user
        does not know.

        Returns:
            Whether there is such a row, which says what has happened.
        """
        if device not in self._newest:
            return False
        if device.jid == self._own_jid or self._is_known(device.jid):
            self._remedies[device] = RemedyKind.REPAIR
            self.changed.emit()
        return True

    def repaired(self, device: Device) -> bool:
        """The user has asked for a new session. Returns whether a row says so."""
        if device not in self._remedies:
            return False
        self._remedies[device] = RemedyKind.REPAIRED
        self.changed.emit()
        return True

    # What the windows ask

    def remedy(self, chat: str, message_id: str | None, text: str) -> Remedy | None:
        """
        What the user can do about a message; None for nothing.

        Args:
            chat: the bare JID of the contact or room.
            text: what its row says.
        """
        if texts.says_started_anew(text):
            return Remedy(RemedyKind.DETAILS)
        for device, kind in self._remedies.items():
            row = self._newest[device]
            if (row.chat, row.message_id) == (chat, message_id):
                done = kind is RemedyKind.REPAIRED
                said = texts.repaired if done else texts.repair_offered
                return Remedy(kind, said(row.name), device)
        return None

    def follow(self, changed: Callable[[], None]) -> Callable[[], None]:
        """
        Call a function when `remedy` may say something else.

        Returns:
            Ends that.
        """
        return self.changed.connect(changed)

    # The user's own texts

    def connected(self) -> None:
        """A new stream has begun, and nothing of the archive has come yet."""
        self._tells_of_own = False
        with guard("looking whether the history is lost"):
            self._tells_of_own = self._is_history_lost()

    @property
    def tells_of_own(self) -> bool:
        """Whether the user is told of an own message that comes from the archive and
        that nobody can open. Otherwise Gajim has it, corrected perhaps."""
        return self._tells_of_own
