# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Requests of the user that no message carries, and that OMEMO cannot encrypt: calls
and direct file transfers (Gajim 1.7), the subject of a room, a nickname, and the
reason of an invitation.

SECURITY: in an encrypted conversation a call or a direct transfer does not begin,
an invitation goes without its reason, and a subject or a nickname is sent only
when the user asks for it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common import events
from nbxmpp.protocol import JID

from ..gajim import constants as gajim_constants
from ..gajim.patches import Patches
from ..log import guard
from ..notices import texts
from ..timers import later

if TYPE_CHECKING:
    from ..gajim.nbxmpp_protocols import Jid
    from ..gajim.protocols import CallSession
    from ..gajim.protocols import Client
    from ..gajim.protocols import TransferredFile


# In seconds: the same request within this time is a confirmation
_CONFIRM_WITHIN = 60.0

# A method of Gajim's; in the same place another of ours
Method = Callable[..., object]

# A contact's or a room's bare JID, and the line for its chat
Tell = Callable[[str, str], None]


class ClearRequests:
    """Stands in front of such requests of one account."""

    def __init__(
        self,
        client: Client,
        is_encrypted: Callable[[str], bool],
        tell: Tell,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            client: Gajim's client of the account.
            is_encrypted: whether the conversation with a bare JID is encrypted.
            tell: shows a line in a chat.
            now: tells the time, in seconds.
        """
        self._client = client
        self._is_encrypted = is_encrypted
        self._tell = tell
        self._now = now
        self._asked: dict[tuple[str, str, str], float] = {}
        self._patches = Patches()
        self._stand_in_front()
        _calls.add(client.account, self)

    def remove(self) -> None:
        """Give all of it back to Gajim."""
        self._patches.restore()
        _calls.remove(self._client.account)

    def _stand_in_front(self) -> None:
        rooms = self._client.get_module("MUC")
        self._patches.replace(rooms, "set_subject", self._in_front_of_subject)
        self._patches.replace(rooms, "change_nick", self._in_front_of_nickname)
        self._patches.replace(rooms, "invite", self._in_front_of_invitation)
        jingle = self._client.get_module("Jingle")
        self._patches.replace(jingle, "start_file_transfer", self._in_front_of_file)
        streams = self._client.get_module("Bytestream")
        self._patches.replace(streams, "send_file_approval", self._at_approval)

    # Rooms

    def _in_front_of_subject(self, _before: Method) -> Method:
        def set_subject(room: Jid, subject: str) -> None:
            if self._may_go("subject", room, subject, texts.subject_is_not_encrypted()):
                # Gajim's module hands out that of the connection of the moment
                muc = self._client.connection.get_module("MUC")
                muc.set_subject(room, subject)

        return set_subject

    def _in_front_of_nickname(self, before: Method) -> Method:
        def change_nick(room: Jid, nickname: str) -> None:
            line = texts.nickname_is_not_encrypted()
            if self._may_go("nickname", room, nickname, line):
                before(room, nickname)

        return change_nick

    def _in_front_of_invitation(self, before: Method) -> Method:
        def invite(
            room: Jid, jid: Jid, reason: str | None = None, continue_: bool = False
        ) -> object:
            if reason and self._is_encrypted(_bare(room)):
                self._tell(_bare(room), texts.reason_was_left_out())
                reason = None
            return before(room, jid, reason, continue_)

        return invite

    def _may_go(self, kind: str, room: Jid, text: str, line: str) -> bool:
        """Whether a text for a room may go in clear: the user has asked twice."""
        jid = _bare(room)
        if not self._is_encrypted(jid):
            return True
        now, key = self._now(), (kind, jid, text)
        asked = self._asked.pop(key, None)
        if asked is not None and now - asked <= _CONFIRM_WITHIN:
            return True
        self._asked = {key: now}
        self._tell(jid, line)
        return False

    # Calls and direct file transfers

    def call_is_withheld(self, jid: Jid) -> bool:
        """Whether a call does not begin; that has been said then."""
        contact = _bare(jid)
        if not self._is_encrypted(contact):
            return False
        self._tell(contact, texts.call_withheld())
        return True

    def call_accepted(self, jid: Jid) -> None:
        """Say that a call which the user accepts is not encrypted by OMEMO."""
        contact = _bare(jid)
        if self._is_encrypted(contact):
            self._tell(contact, texts.call_is_not_encrypted())

    def _in_front_of_file(self, before: Method) -> Method:
        def start_file_transfer(
            jid: str, file: TransferredFile, request: bool = False
        ) -> object:
            contact = _bare(jid)
            if request or not self._is_encrypted(contact):
                return before(jid, file, request)
            self._tell(contact, texts.direct_transfer_withheld())
            # Gajim shows the row of the transfer after this returns
            later(self._end_transfer, jid, file)
            return None

        return start_file_transfer

    def _end_transfer(self, jid: str, file: TransferredFile) -> None:
        with guard("ending a file transfer"):
            app.ged.raise_event(
                events.FileSendError(
                    account=self._client.account,
                    file_props=file,
                    jid=_bare(jid),
                    error_msg=texts.direct_transfer_withheld(),
                )
            )

    def _at_approval(self, before: Method) -> Method:
        def send_file_approval(file: TransferredFile) -> None:
            with guard("accepting a file"):
                contact = _bare(file.sender)
                if self._is_encrypted(contact):
                    self._tell(contact, texts.direct_transfer_is_not_encrypted())
            before(file)

        return send_file_approval


class _Calls:
    """Stands in front of Gajim's calls, which are the same for all accounts."""

    def __init__(self) -> None:
        self._accounts: dict[str, ClearRequests] = {}
        self._patches = Patches()

    def add(self, account: str, requests: ClearRequests) -> None:
        manager = getattr(app, "call_manager", None)
        if not self._accounts and manager is not None:
            self._patches.replace(manager, "start_call", self._in_front_of_start)
            self._patches.replace(manager, "accept_call", self._at_acceptance)
        self._accounts[account] = requests

    def remove(self, account: str) -> None:
        self._accounts.pop(account, None)
        if not self._accounts:
            self._patches.restore()

    def _in_front_of_start(self, before: Method) -> Method:
        def start_call(account: str, jid: Jid, call_type: object) -> None:
            requests = self._accounts.get(account)
            if requests is None or not requests.call_is_withheld(jid):
                before(account, jid, call_type)

        return start_call

    def _at_acceptance(self, before: Method) -> Method:
        def accept_call(session: CallSession) -> None:
            with guard("accepting a call"):
                requests = self._accounts.get(session.connection.name)
                if requests is not None:
                    requests.call_accepted(session.peerjid)
            before(session)

        return accept_call


_calls = _Calls()


def _bare(jid: Jid | str) -> str:
    return gajim_constants.bare(JID.from_string(str(jid)))
