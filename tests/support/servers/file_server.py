# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server on loopback that says and does what a test wants."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .threaded import ThreadedServer

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; the answers below write to it."""

    server: _Server

    def do_GET(self) -> None:
        owner = self.server.owner
        owner.requests.append(self.path)
        owner.headers.append({k.lower(): v for k, v in self.headers.items()})
        answer = owner.answers.get(self.path.partition("?")[0])
        self.close_connection = True
        if answer is None:
            self.send_error(404)
        else:
            answer(self)

    def head(self, status: int = 200, **headers: str) -> None:
        """Send the status and headers (a_b stands for a-b)."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Nothing on the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: FileServer

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        self.owner.connections += 1
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        # Not where new connections are waited for
        context = self.owner.context
        if context is not None:
            request.settimeout(20)
            request = context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if context is not None:
            request.close()

    def handle_error(self, *_arguments: Any) -> None:
        """Clients of these tests often go away."""


class FileServer(ThreadedServer):
    """A context manager; use `answers` to say what is where.

    :ivar requests: paths that were asked for
    :ivar headers: those of the requests, names in lower case
    :ivar connections: how many were made
    """

    def __init__(self, certificate: Path | None, key: Path | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        self.context: ssl.SSLContext | None = None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate, key)
        server = _Server(("127.0.0.1", 0), Request)
        server.owner = self
        super().__init__(server)

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://localhost:{self.port}"


def content(data: bytes, kind: str = "application/octet-stream") -> Answer:
    """An honest answer."""

    def answer(request: Request) -> None:
        request.head(Content_Length=str(len(data)), Content_Type=kind)
        request.wfile.write(data)

    return answer


def in_pieces(data: bytes, *sizes: int) -> Answer:
    """No length is told; the last pieces have these sizes."""

    def answer(request: Request) -> None:
        request.head(Content_Type="application/octet-stream")
        start = len(data) - sum(sizes)
        request.wfile.write(data[:start])
        for size in sizes:
            request.wfile.flush()
            # So that the client reads it by itself
            time.sleep(0.05)
            request.wfile.write(data[start : start + size])
            start += size

    return answer


def redirect(location: str, status: int = 302) -> Answer:
    """Sends the client elsewhere."""

    def answer(request: Request) -> None:
        request.head(status, Location=location, Content_Length="0")

    return answer


def claiming(length: int, data: bytes) -> Answer:
    """Tells a length that is not true."""

    def answer(request: Request) -> None:
        request.head(Content_Length=str(length), Content_Type="image/png")
        request.wfile.write(data)

    return answer


def endless(request: Request) -> None:
    """Never stops while somebody reads."""
    request.head(Content_Type="application/octet-stream")
    piece = bytes(1 << 16)
    try:
        while True:
            request.wfile.write(piece)
    except OSError:
        # That is what the test is about
        return


def silent(request: Request) -> None:
    """Begins and says no more, until the client goes away."""
    request.head(Content_Length="1000", Content_Type="application/octet-stream")
    request.wfile.write(bytes(100))
    request.wfile.flush()
    try:
        request.connection.settimeout(60)
        request.connection.recv(1)
    except (TimeoutError, OSError):
        return


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            'openssl', 'req', '-x509', '-newkey', 'ec',
            '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
            '-days', '30', '-subj', '/CN=localhost',
            '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
            '-keyout', str(key), '-out', str(certificate),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return certificate, key
