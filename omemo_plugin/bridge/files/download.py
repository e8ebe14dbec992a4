# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Fetching an encrypted file and decrypting it piece by piece (XEP-0454, XEP-0448), into a
file that stays hidden until its tag and its hashes have proved right.

libsoup fetches it in the main loop, as in Gajim itself. A thread decrypts and
writes, so that a slow disk does not stop the windows.
"""

from __future__ import annotations

import errno
import queue
import shutil
import threading
from collections.abc import Callable
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import gi

gi.require_version("Soup", "3.0")
from gi.repository import Gio  # noqa: E402
from gi.repository import GLib  # noqa: E402
from gi.repository import Soup  # noqa: E402

from ...engine.errors import OmemoError  # noqa: E402
from ...media.addresses import AddressRefused  # noqa: E402
from ...media.addresses import check_address  # noqa: E402
from ...media.addresses import check_resolved  # noqa: E402
from ...media.addresses import host_of  # noqa: E402
from ...media.addresses import redirected  # noqa: E402
from ...media.cipher import FileDamaged  # noqa: E402
from ...media.cipher import encrypted_size  # noqa: E402
from ...media.files import DecryptedFile  # noqa: E402
from ...media.files import FileTooLarge  # noqa: E402
from ...media.uri import SharedFile  # noqa: E402
from ..log import report  # noqa: E402
from ..timers import Timer  # noqa: E402
from ..timers import later  # noqa: E402

_CHUNK = 1 << 18

# A server that sends nothing for so long is given up
_SILENCE_SECONDS = 60

_REDIRECTS_MAX = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_OK = 200

# The space that stays free on the disk; in an amnesic Tails it is memory
SPACE_LEFT = 256 << 20

# The MIME type if a server names none
UNKNOWN_KIND = "application/octet-stream"

_DIRECT = "direct://"


class DownloadFailed(OmemoError):
    """A server did not give a file; the text says why, and may be shown."""


class CertificateRefused(DownloadFailed):
    """A server has no valid certificate."""


class DownloadCancelled(OmemoError):
    """The user does not want it any more."""


class DownloadTooSlow(OmemoError):
    """It would have taken too long."""


class KindRefused(OmemoError):
    """A file of this MIME type is not fetched without a click."""


class NoSpace(OmemoError):
    """The disk is too full."""


@dataclass(frozen=True)
class HttpRoute:
    """
    The settings for connections to servers.

    Attributes:
        own_domains: the domains of the user's accounts.
        resolver: the account's proxy; None for the system's.
        check_certificate: whether a server needs a valid certificate.
        authorities: those that may sign it; None for the system's.
    """

    own_domains: Collection[str]
    resolver: Gio.ProxyResolver | None = None
    check_certificate: bool = True
    authorities: Gio.TlsDatabase | None = None


@dataclass(frozen=True)
class DownloadLimits:
    """
    Attributes:
        most: bytes of the decrypted file.
        kinds: MIME types a server may name; None for any.
        seconds: for the whole of it; None for ever.
    """

    most: int
    kinds: Collection[str] | None = None
    seconds: int | None = None


# Errors of one place; another one may have the file
_PLACE_FAILED = (DownloadFailed, AddressRefused, FileDamaged)


class Download:
    """
    One download, from one source of the file after another until one has it.

    Attributes:
        target: where the file will be. The folder exists; a file that is there
            already stays as it is.
        done: bytes that have arrived.
        total: bytes there are; None if the server does not say.
        kind: the MIME type the server names.
        error: why it has failed; None while it has not.
    """

    def __init__(
        self,
        file: SharedFile,
        target: Path,
        route: HttpRoute,
        limits: DownloadLimits,
        progressed: Callable[[Download], None],
        finished: Callable[[Download], None],
    ) -> None:
        """
        Args:
            progressed: called now and then, in the main loop.
            finished: called once, in the main loop.
        """
        self.target = target
        self.done = 0
        self.total: int | None = None
        self.kind = ""
        self.error: Exception | None = None
        self._file = file
        self._route = route
        self._limits = limits
        self._waits_for_click = limits.kinds is not None and file.needs_click
        self._progressed = progressed
        self._finished = finished
        self._sources = iter(file.sources)
        self._source = next(self._sources)
        self._url = self._source.url
        self._hops = 0
        # Whether a redirect has sent us to another host
        self._sent_away = False
        self._timer = Timer(self._late)
        self._over = False
        self._stream: Gio.InputStream | None = None
        self._message: Soup.Message | None = None
        self._writer: _Writer | None = None
        self._cancellable = Gio.Cancellable()
        self._session: Soup.Session | None = _new_session(route)

    def start(self) -> None:
        """Begin. Nothing is called before this returns."""
        if self._limits.seconds is not None:
            self._timer.start(self._limits.seconds)
        if self._waits_for_click and self._file.size:
            # Gajim offers the click only for a file whose size it knows
            self.total = encrypted_size(self._file.size, self._source.cipher)
            self.kind = UNKNOWN_KIND
            self._fail(KindRefused())
        later(self._ask, self._url, None)

    def cancel(self) -> None:
        """Give up; `finished` is called."""
        self._fail(DownloadCancelled())

    def _late(self) -> None:
        self._fail(DownloadTooSlow())

    # The request

    def _ask(self, url: str, before: str | None) -> None:
        if self.error is None:
            self._url = url
            resolver = self._route.resolver or Gio.ProxyResolver.get_default()
            try:
                # For a name that is no name of a host this would fail
                check_address(url, self._route.own_domains, before=before, direct=False)
                resolver.lookup_async(
                    url, self._cancellable, self._on_proxy_known, before
                )
            except Exception as error:  # noqa: BLE001 - the user is told
                self._fail(error)
        self._end_if_failed()

    def _on_proxy_known(
        self,
        resolver: Gio.ProxyResolver,
        result: Gio.AsyncResult,
        before: str | None,
    ) -> None:
        try:
            direct = _DIRECT in resolver.lookup_finish(result)
            check_address(
                self._url, self._route.own_domains, before=before, direct=direct
            )
            self._send()
        except Exception as error:  # noqa: BLE001 - the user is told
            self._fail(error)
        self._end_if_failed()

    def _send(self) -> None:
        if self.error is not None:
            return
        message = Soup.Message.new("GET", self._url)
        assert message is not None, "the address has been checked"
        message.add_flags(Soup.MessageFlags.NO_REDIRECT)
        message.connect("network-event", self._on_network_event)
        message.connect("accept-certificate", self._on_bad_certificate)
        self._message = message
        assert self._session is not None
        self._session.send_async(
            message,
            GLib.PRIORITY_DEFAULT_IDLE,
            self._cancellable,
            self._on_response,
        )

    def _on_network_event(
        self,
        _message: Soup.Message,
        event: Gio.SocketClientEvent,
        connection: Gio.SocketConnection,
    ) -> None:
        """
        SECURITY: a name may stand for an address in the local network. This is
        the last moment before a connection is made, and nothing resolves the
        name once more after it. What a proxy resolves is not known here.
        """
        if event != Gio.SocketClientEvent.CONNECTING:
            return
        try:
            address = connection.get_remote_address()
            if isinstance(address, Gio.ProxyAddress):
                return
            ip = cast(Gio.InetSocketAddress, address).get_address().to_string()
            check_resolved(
                self._url, ip, self._route.own_domains, redirected=self._sent_away
            )
        except Exception as error:  # noqa: BLE001 - the user is told
            self._fail(error)

    def _on_bad_certificate(
        self, _message: Soup.Message, _certificate: object, _errors: object
    ) -> bool:
        if not self._route.check_certificate:
            return True
        self._fail(CertificateRefused("the certificate of the server is not valid"))
        return False

    def _on_response(self, session: Soup.Session, result: Gio.AsyncResult) -> None:
        try:
            self._stream = session.send_finish(result)
            if self.error is None:
                self._read_head()
        except Exception as error:  # noqa: BLE001 - the user is told
            self._fail(error)
        self._end_if_failed()

    def _read_head(self) -> None:
        assert self._message is not None
        status = int(self._message.get_status())
        headers = self._message.get_response_headers()
        if status in _REDIRECTS:
            self._follow(headers.get_one("Location") or "")
            return
        if status != _OK:
            phrase = Soup.Status.get_phrase(status)
            raise DownloadFailed(f"{status} {phrase}")
        if headers.get_encoding() == Soup.Encoding.CONTENT_LENGTH:
            self.total = headers.get_content_length()
        kind = headers.get_one("Content-Type") or ""
        self.kind = kind.partition(";")[0].strip().lower() or UNKNOWN_KIND
        kinds = self._limits.kinds
        if self._waits_for_click or (kinds is not None and self.kind not in kinds):
            raise KindRefused
        if (self.total or 0) > encrypted_size(self._limits.most, self._source.cipher):
            raise FileTooLarge("more than allowed")
        _need_space(self.target.parent, self.total or 0)
        file = DecryptedFile(
            self.target.parent,
            self.target.name,
            self._source,
            self._file,
            most=self._limits.most,
        )
        self._writer = _Writer(file, self.target, self._on_written, self._on_stored)
        self._progressed(self)
        self._read()

    def _follow(self, location: str) -> None:
        self._hops += 1
        if self._hops > _REDIRECTS_MAX:
            raise DownloadFailed("too many redirects")
        target = redirected(self._url, location)
        if host_of(target) != host_of(self._url):
            self._sent_away = True
        assert self._stream is not None
        self._stream.close_async(GLib.PRIORITY_DEFAULT, None, _ignore)
        self._stream = None
        self._ask(target, self._url)

    # The content

    def _read(self) -> None:
        assert self._stream is not None
        self._stream.read_bytes_async(
            _CHUNK, GLib.PRIORITY_LOW, self._cancellable, self._on_bytes
        )

    def _on_bytes(self, stream: Gio.InputStream, result: Gio.AsyncResult) -> None:
        try:
            data = stream.read_bytes_finish(result).get_data()
            if self.error is None:
                assert self._writer is not None
                self.done += len(data or b"")
                self._writer.take(data)
        except Exception as error:  # noqa: BLE001 - the user is told
            self._fail(error)
        self._end_if_failed()

    def _on_written(self, error: Exception | None) -> None:
        if error is not None:
            self._fail(error)
        if self.error is None:
            self._progressed(self)
            self._read()
        self._end_if_failed()

    def _on_stored(self, error: Exception | None) -> None:
        if error is not None:
            self._fail(error)
        self._end()

    # The end

    def _fail(self, error: Exception) -> None:
        """The first error is the one that counts."""
        if self.error is None and not self._over:
            self.error = _readable(error)
            # What waits for the network hears of it
            self._cancellable.cancel()

    def _end_if_failed(self) -> None:
        if self.error is None or self._over:
            return
        if self._writer is None:
            self._end()
        else:
            self._writer.abort()

    def _end(self) -> None:
        if self._over:
            return
        if self._stream is not None:
            self._stream.close_async(GLib.PRIORITY_DEFAULT, None, _ignore)
        self._stream = self._message = None
        if isinstance(self.error, _PLACE_FAILED) and self._try_next():
            return
        self._over = True
        self._timer.stop()
        self._session = None
        self._finished(self)

    def _try_next(self) -> bool:
        """Begin again with the next source, unless there is none."""
        source = next(self._sources, None)
        if source is None:
            return False
        self._source = source
        self.done, self.total, self.kind = 0, None, ""
        self.error = None
        self._hops, self._sent_away = 0, False
        self._writer = None
        self._cancellable = Gio.Cancellable()
        later(self._ask, source.url, None)
        return True


class _Writer:
    """The thread that decrypts and writes, one piece at a time."""

    def __init__(
        self,
        file: DecryptedFile,
        target: Path,
        written: Callable[[Exception | None], None],
        stored: Callable[[Exception | None], None],
    ) -> None:
        self._file = file
        self._target = target
        self._written = written
        self._stored = stored
        self._aborted = False
        # None is the end
        self._pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def take(self, data: bytes | None) -> None:
        """The next piece; nothing at the end."""
        self._pieces.put(data or None)

    def abort(self) -> None:
        """Nothing remains of the file, and `stored` is called."""
        if not self._aborted:
            self._aborted = True
            self._pieces.put(None)

    def _work(self) -> None:
        error: Exception | None = None
        with self._file:
            try:
                unchecked = 0
                while data := self._pieces.get():
                    unchecked += len(data)
                    if unchecked > SPACE_LEFT >> 4:
                        _need_space(self._target.parent, 0)
                        unchecked = 0
                    self._file.write(data)
                    later(self._written, None)
                if not self._aborted:
                    self._store()
            except Exception as caught:  # noqa: BLE001 - `stored` is told of it
                error = caught
        later(self._stored, error)

    def _store(self) -> None:
        path = self._file.finish()
        if path == self._target:
            return
        # Something else has the name. A file can only be the same one, because
        # the name is made of the whole link
        path.unlink()
        if self._target.is_symlink() or not self._target.is_file():
            raise FileExistsError(errno.EEXIST, "not a file")


def _new_session(route: HttpRoute) -> Soup.Session:
    session = Soup.Session()
    # Neither passwords, nor bytes that grow
    session.remove_feature_by_type(Soup.AuthManager)
    session.remove_feature_by_type(Soup.ContentDecoder)
    session.set_timeout(_SILENCE_SECONDS)
    if route.resolver is not None:
        session.set_proxy_resolver(route.resolver)
    if route.authorities is not None:
        session.set_tls_database(route.authorities)
    return session


def _need_space(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size + SPACE_LEFT:
        raise NoSpace


def _readable(error: Exception) -> Exception:
    """An error the user can be told."""
    if isinstance(error, OmemoError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace()
    if isinstance(error, GLib.Error):
        # Its text may have the address in it
        return DownloadFailed("no connection")
    report("fetching a file", error)
    return DownloadFailed(type(error).__name__)


def _ignore(stream: Gio.InputStream, result: Gio.AsyncResult) -> None:
    try:
        stream.close_finish(result)
    except GLib.Error:
        # The server has closed it before us
        return
