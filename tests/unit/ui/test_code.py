# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window "My QR code"."""

from __future__ import annotations

from omemo_plugin.engine.values import Trust
from omemo_plugin.ui.presenters.code import Code
from omemo_plugin.verify.qr import draw_matrix
from omemo_plugin.verify.uri import FingerprintUri
from omemo_plugin.verify.uri import parse_uri

from .conftest import OWN
from .conftest import THIS
from .conftest import FakeService
from .conftest import fingerprint
from .conftest import make


def test_the_code_is_this_device_and_the_verified_ones(service: FakeService) -> None:
    service.known[OWN] += [
        make(OWN, 2, Trust.VERIFIED),
        make(OWN, 3, Trust.BLIND),
        make(OWN, 4, Trust.VERIFIED, active=False),
        make(OWN, 5, Trust.VERIFIED, key_changed=True),
        make(OWN, 6, Trust.DISTRUSTED),
    ]
    uri = parse_uri(Code(service).uri())
    assert isinstance(uri, FingerprintUri)
    assert uri.jid == OWN
    assert dict(uri.fingerprints) == {THIS: fingerprint(THIS), 2: fingerprint(2)}


def test_the_drawn_code_has_the_uri(service: FakeService) -> None:
    code = Code(service)
    assert code.problem == ""
    assert code.matrix() == draw_matrix(code.uri())
    assert code.png().startswith(b"\x89PNG")


def test_the_fingerprints_as_text(service: FakeService) -> None:
    service.known[OWN].append(make(OWN, 2, Trust.VERIFIED, label="Phone"))
    lines = Code(service).fingerprints_text().splitlines()
    assert lines[0] == OWN
    assert lines[2].replace(" ", "") == fingerprint(THIS)
    assert lines[3] == "Phone:"
    assert lines[4].replace(" ", "") == fingerprint(2)


def test_the_name_of_the_file_tells_nothing(service: FakeService) -> None:
    assert OWN not in Code(service).file_name
    assert "alice" not in Code(service).file_name


def test_without_keys_it_says_why(service: FakeService) -> None:
    service.problem = "the disk is full."
    assert "the disk is full." in Code(service).problem
