# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An identity goes to another computer, and comes from one.

It goes in one durable step. Before it, the encrypted file is in the plugin's own
folder alone, and is deleted at the next start; after it, the keys here have ended for
good, and the file can still be saved when that failed. So at no moment two computers
can use it.

Before it comes, the server and the mark of this computer are asked whether it goes on
elsewhere already; docs/decisions/0014.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Protocol
from typing import TypeVar
from xml.etree.ElementTree import Element

from ..engine.errors import MalformedStanza
from ..engine.errors import MovingFileDamaged
from ..engine.errors import MovingFileError
from ..engine.errors import MovingFileNotRead
from ..engine.errors import OmemoError
from ..engine.moving.arrival import Arrival
from ..engine.moving.departure import pack
from ..engine.moving.moving_file import PACKAGE
from ..engine.moving.moving_file import SIZE_MAX
from ..engine.moving.moving_file import MovedIdentity
from ..engine.moving.moving_file import Sealer
from ..engine.moving.moving_file import is_possible
from ..engine.moving.moving_file import unseal
from ..engine.values import Protocol as OmemoProtocol
from ..stanza.pep import bundle_item_id
from ..stanza.pep import bundle_node
from ..stanza.pep import parse_bundle
from .gajim import constants as gajim_constants
from .identity_end import IdentityEnd
from .identity_end import IdentityHost
from .log import report
from .notices import moving_texts
from .notices import texts
from .pep.client import PepClient
from .pep.client import Unavailable
from .state.encrypted_chats import EncryptedChats
from .state.encrypted_chats import EncryptedChatsUnreadable
from .state.encrypted_chats import check_encrypted_chats
from .state.key_files import delete_key_files
from .state.leaving import AfterEnd
from .state.paths import Folders
from .state.paths import arriving_path
from .state.paths import departed_path
from .state.paths import encrypted_chats_path
from .state.paths import store_path
from .state.private_file import delete_file
from .state.private_file import wait_for_folder
from .state.private_file import write_private_bytes
from .timers import soon

if TYPE_CHECKING:
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")

T = TypeVar("T")

# Whether the identity goes on elsewhere, or why that is not known, in the user's words
Checked = Callable[[bool, str], None]


class MovingHost(IdentityHost, Protocol):
    """What begins and stops to encrypt on an account that can move."""

    @property
    def texts_wait(self) -> bool:
        """Whether messages have not been sent."""

    def explain(self) -> None:
        """It has changed why nothing is encrypted."""


class MovableIdentity(IdentityEnd):
    """The end of the identity of one account, and its ways to other computers."""

    def __init__(
        self,
        client: Client,
        own_jid: str,
        folders: Folders,
        more_files: Sequence[Path],
        host: MovingHost,
    ) -> None:
        """See `IdentityEnd`."""
        super().__init__(client, own_jid, folders, more_files, host)
        self._moving_host = host
        self._store = store_path(folders.data, own_jid)
        self._chats = encrypted_chats_path(folders.data, own_jid)
        self._departed = departed_path(folders.data, own_jid)
        self._arriving = arriving_path(folders.data, own_jid)
        self._pep = PepClient(client)
        self._worker = ThreadPoolExecutor(1, "omemo-moving")
        self._arrival: Arrival | None = None
        self._asked = 0

    def start(self) -> None:
        """
        Go on after a crash. Before anything opens the key store.

        Raises:
            OSError: keys of an ended identity are still there.
        """
        self.finish_deleting()
        delete_key_files((self._arriving,))
        if not self.is_moved:
            # The identity did not go
            delete_key_files((self._departed,))
        elif self._store.exists():
            self._departed.unlink(missing_ok=True)
        if self.is_ended and self._store.exists():
            # Its files were gone, so this one has arrived
            self._record.set_after(AfterEnd.GO_ON)

    def connected(self) -> None:
        """A new stream has begun."""
        self._pep.connected()
        super().connected()

    def close(self) -> None:
        """Begin nothing any more."""
        self._asked += 1
        if self._arrival is not None:
            self.leave_file()
        super().close()

    # To another computer

    @property
    def can_move(self) -> bool:
        """Whether there is an identity that can go."""
        return self.can_end and self._host.device_id != 0

    @property
    def program_missing(self) -> str:
        """What is not there that the file needs, in the user's words, or ''."""
        return "" if is_possible() else moving_texts.program_missing(PACKAGE)

    @property
    def file_is_here(self) -> bool:
        """Whether the identity went, and its file was not saved."""
        return self.is_moved and self._departed.exists()

    def why_not_move(self) -> str:
        """In the user's words; '' if it can go."""
        if not self.can_move:
            return moving_texts.nothing_to_move()
        if self._moving_host.texts_wait:
            return moving_texts.texts_wait()
        return self.program_missing

    def move(self, passphrase: str, path: Path, done: Callable[[str], None]) -> None:
        """
        Make the file, and end the identity here.

        Args:
            path: of the file. What is there is replaced.
            done: called once, with why it was not done or not to its end, in the user's
                words, or ''.
        """
        reason = self.why_not_move()
        if reason:
            done(reason)
            return

        def ready(sealer: Sealer | None, error: Exception | None) -> None:
            if sealer is None:
                log.error("No file was made: %s", type(error).__name__)
                done(moving_texts.not_moved())
                return
            # The user may have written something meanwhile
            done(self.why_not_move() or self._go(sealer, path))

        self._work(lambda: Sealer(passphrase), ready)

    def _go(self, sealer: Sealer, path: Path) -> str:
        try:
            self._host.stop()
            identity = self._pack()
            write_private_bytes(self._departed, sealer.seal(identity))
            self._record.begin((), AfterEnd.MOVED)
        except Exception as error:  # noqa: BLE001 - the identity stays
            report("making the file of an identity that moves", error)
            return self._stay()
        # The file is complete, and the identity has ended here, for good
        # SECURITY: who brings the file back cannot know whether it was used elsewhere
        self._marker.write(identity.device_id, identity.generation + 1)
        try:
            self.finish_deleting()
        except OSError as error:
            report("deleting the keys of an identity that has moved", error)
            return self.save(path) or texts.ended_keys_remain()
        return self.save(path)

    def _stay(self) -> str:
        """The identity does not go. Returns what the user is told."""
        try:
            # The disk may have the new record
            self._record.write_again()
            delete_key_files((self._departed,))
        except OSError as error:
            # SECURITY: the next start sees on the disk whether it went. Until then
            # nobody uses it
            report("taking back that an identity moves", error)
            return moving_texts.start_again()
        self._host.begin()
        return moving_texts.not_moved()

    def _pack(self) -> MovedIdentity:
        try:
            chats = self._chats.read_text(encoding="utf-8")
        except FileNotFoundError:
            chats = ""
        return pack(self._store, self.own_jid, chats)

    def save(self, path: Path) -> str:
        """
        Save the file of an identity that has gone.

        Returns:
            Why that was not possible, in the user's words, or ''.
        """
        reason = ""
        try:
            content = self._departed.read_bytes()
            write_private_bytes(path, content)
            if path.read_bytes() != content:
                raise OSError("it has changed")
            delete_file(self._departed)
        except OSError as error:
            log.error("The file was not saved: %s", type(error).__name__)
            reason = moving_texts.file_not_saved()
        self._moving_host.explain()
        return reason

    def start_anew(self) -> str:
        """
        Begin with a new identity after one has ended, or has gone.

        Returns:
            Why that was not possible, in the user's words, or ''.
        """
        if self.file_is_here:
            return moving_texts.save_first()
        return super().start_anew()

    # From another computer

    def read_file(self, path: Path, passphrase: str, checked: Checked) -> None:
        """
        Read a file, and find out whether its identity goes on elsewhere already.
        Nothing is changed.

        Args:
            checked: called once. `arrive` and `leave_file` come next.
        """
        self.leave_file()
        reason = self._why_not_read()
        if reason:
            checked(False, reason)
            return
        self._asked += 1
        asked = self._asked

        def read(identity: MovedIdentity | None, error: Exception | None) -> None:
            if asked != self._asked:
                return
            try:
                if identity is None:
                    raise error or MovingFileNotRead("nothing")
                self._arrival = self._prepare(identity)
            except OmemoError as problem:
                log.warning("No identity arrives: %s", type(problem).__name__)
                self.leave_file()
                checked(False, moving_texts.not_read(problem))
                return
            self._ask_server(self._arrival, checked)

        self._work(lambda: unseal(_read(path), passphrase), read)

    def _why_not_read(self) -> str:
        if self.program_missing:
            return self.program_missing
        if self.file_is_here:
            return moving_texts.save_first()
        if not (self.is_ended or self.can_end) or self._record.deleting:
            return texts.key_question_is_open()
        if not gajim_constants.is_available(self._client):
            return moving_texts.connect_first()
        return ""

    def _prepare(self, identity: MovedIdentity) -> Arrival:
        arrival = Arrival(identity, self._arriving, self.own_jid)
        try:
            if identity.encrypted_chats:
                check_encrypted_chats(identity.encrypted_chats)
        except EncryptedChatsUnreadable as error:
            arrival.close()
            raise MovingFileDamaged("the list of chats") from error
        return arrival

    def _ask_server(self, arrival: Arrival, checked: Checked) -> None:
        """SECURITY: before the identity is used. Two copies would use keys twice."""
        asked = self._asked
        missing: list[OmemoProtocol] = []
        behind = arrival.was_used(self._marker)
        behind = behind or arrival.device_id == self._host.device_id
        left = list(OmemoProtocol)

        def came(
            protocol: OmemoProtocol,
            payload: Element | None,
            failure: Unavailable | None,
        ) -> None:
            nonlocal behind
            if asked != self._asked:
                return
            if payload is None and failure is not None and not failure.permanent:
                self.leave_file()
                checked(False, moving_texts.not_checked())
                return
            try:
                if payload is None:
                    raise MalformedStanza("none")
                bundle = parse_bundle(payload, protocol)
            except MalformedStanza:
                missing.append(protocol)
            else:
                behind = behind or arrival.is_behind(bundle)
            left.remove(protocol)
            if not left:
                # Without any it has ended elsewhere
                checked(behind or len(missing) == len(OmemoProtocol), "")

        for protocol in OmemoProtocol:
            number = arrival.device_id
            is_shared = protocol is OmemoProtocol.OMEMO_2
            self._pep.fetch(
                self.own_jid,
                bundle_node(protocol, number),
                bundle_item_id(protocol, number) if is_shared else None,
                partial(came, protocol),
            )

    def leave_file(self) -> None:
        """The file that was read is not used."""
        self._asked += 1
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.close()
        with suppress(OSError):
            delete_key_files((self._arriving,))

    def arrive(self, *, used: bool) -> str:
        """
        Use the identity of the file that was read. The one that is here ends.

        Args:
            used: it may go on elsewhere, and the user knows what that breaks.

        Returns:
            Why it was not done, in the user's words, or ''.
        """
        arrival, self._arrival = self._arrival, None
        if arrival is None:
            return moving_texts.not_arrived()
        number, chats = arrival.device_id, arrival.encrypted_chats
        try:
            generation = arrival.finish(self._marker, used=used)
            self._make_room(number)
            if chats:
                EncryptedChats(self._chats).merge(chats)
            self._marker.adopt(number)
            self._arriving.rename(self._store)
            wait_for_folder(self._store.parent)
            self._record.set_after(AfterEnd.GO_ON)
        except (OmemoError, OSError, EncryptedChatsUnreadable) as error:
            report("bringing an identity here", error)
            self.leave_file()
            return moving_texts.not_arrived()
        self._marker.write(number, generation)
        with suppress(OSError):
            delete_key_files((self._arriving, self._departed))
        self._host.begin()
        self._take_off()
        return ""

    def _make_room(self, arriving: int) -> None:
        """End what is here. The device that arrives stays on the server."""
        self._record.have_left({arriving})
        if self.is_ended:
            return
        own = {self._host.device_id or self._marker.device_id} - {0, arriving}
        self._record.begin(own, AfterEnd.STAY_ENDED)
        self._host.stop()
        self.finish_deleting()

    def _work(
        self,
        call: Callable[[], T],
        then: Callable[[T | None, Exception | None], None],
    ) -> None:
        """Do something slow in a thread, and go on in the main loop."""

        def finished(future: Future[T]) -> None:
            soon(go_on, future)

        def go_on(future: Future[T]) -> None:
            error = future.exception()
            if error is None:
                then(future.result(), None)
                return
            if not isinstance(error, MovingFileError):
                report("working on the file of an identity", error)
            wrapped = error if isinstance(error, OmemoError) else None
            then(None, wrapped or MovingFileNotRead(type(error).__name__))

        self._worker.submit(call).add_done_callback(finished)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > SIZE_MAX:
            raise MovingFileDamaged("too large")
        return path.read_bytes()
    except OSError as error:
        raise MovingFileNotRead(type(error).__name__) from error
