# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encrypted file that takes an identity to another computer."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from omemo_plugin.engine.errors import MovingFileDamaged
from omemo_plugin.engine.errors import MovingFileTooNew
from omemo_plugin.engine.errors import MovingProgramMissing
from omemo_plugin.engine.errors import WrongPassphrase
from omemo_plugin.engine.moving.kdbx_header import check_cost
from omemo_plugin.engine.moving.moving_file import MovedIdentity
from omemo_plugin.engine.moving.moving_file import Sealer
from omemo_plugin.engine.moving.moving_file import is_possible
from omemo_plugin.engine.moving.moving_file import unseal
from tests.support.engine.quick_argon2 import make_quick

PASSPHRASE = "zuerst vier Wörter"
IDENTITY = MovedIdentity("me@example.org", 5, 77, bytes(range(256)) * 40, "{}")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture
def sealed(quick: None) -> bytes:
    return Sealer(PASSPHRASE).seal(IDENTITY)


@pytest.mark.thorough
def test_with_the_real_function() -> None:
    """Argon2 with 64 MiB, AES-256, and version 4 of the format."""
    library = pytest.importorskip("pykeepass", reason="apt install python3-pykeepass")
    content = Sealer(PASSPHRASE).seal(IDENTITY)
    assert unseal(content, PASSPHRASE) == IDENTITY
    database = library.PyKeePass(io.BytesIO(content), password=PASSPHRASE)
    assert database.version == (4, 0)
    assert database.kdf_algorithm in ("argon2", "argon2id")
    assert database.encryption_algorithm == "aes256"
    header = database.kdbx.header.value.dynamic_header
    costs = header.kdf_parameters.data.dict
    assert costs["M"].value >= 64 << 20
    assert costs["I"].value >= 10
    # A person who opens it elsewhere is told what it is
    (entry,) = database.entries
    assert "This is not a backup" in entry.notes


def test_there_and_back(sealed: bytes) -> None:
    assert is_possible()
    assert unseal(sealed, PASSPHRASE) == IDENTITY
    assert IDENTITY.own_jid.encode() not in sealed
    assert IDENTITY.store[:64] not in sealed


def test_wrong_passphrase(sealed: bytes) -> None:
    for wrong in ("", PASSPHRASE + " ", PASSPHRASE.upper()):
        with pytest.raises(WrongPassphrase):
            unseal(sealed, wrong)


def test_two_files_have_no_key_in_common(quick: None) -> None:
    """pykeepass copies all of these from its example."""
    library = pytest.importorskip("pykeepass", reason="apt install python3-pykeepass")

    def secrets_of(content: bytes) -> list[bytes]:
        database = library.PyKeePass(io.BytesIO(content), password=PASSPHRASE)
        header = database.kdbx.header.value.dynamic_header
        inner = database.kdbx.body.payload.inner_header
        return [
            header.master_seed.data,
            header.encryption_iv.data,
            header.kdf_parameters.data.dict["S"].value,
            inner.protected_stream_key.data,
        ]

    example = io.BytesIO()
    library.create_database(example, password=PASSPHRASE)
    found = secrets_of(example.getvalue())
    for _ in range(2):
        found += secrets_of(Sealer(PASSPHRASE).seal(IDENTITY))
    assert len(set(found)) == len(found) == 12


def test_every_damage_has_a_typed_error(sealed: bytes) -> None:
    pieces = [b"", b"KeePass", bytes(300), sealed[:12], sealed[:200], sealed[:-1]]
    pieces += [sealed[: len(sealed) // 2], sealed[:4] + sealed[8:]]
    for number in range(0, len(sealed), max(1, len(sealed) // 150)):
        changed = bytearray(sealed)
        changed[number] ^= 0x41
        pieces.append(bytes(changed))
    for piece in pieces:
        with pytest.raises((MovingFileDamaged, WrongPassphrase)):
            unseal(piece, PASSPHRASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [("M", 1 << 40), ("I", 1 << 40), ("P", 1 << 20), ("$UUID", bytes(16))],
)
def test_case_121_a_file_that_demands_too_much_is_not_tried(
    sealed: bytes, name: str, value: int | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import low_level

    def derive(**_costs: Any) -> bytes:
        raise AssertionError("it was tried")

    monkeypatch.setattr(low_level, "hash_secret_raw", derive)
    label = name.encode()
    at = sealed.index(len(label).to_bytes(4, "little") + label) + 4 + len(label)
    size = int.from_bytes(sealed[at : at + 4], "little")
    new = value if isinstance(value, bytes) else value.to_bytes(8, "little")[:size]
    if isinstance(value, int) and size < 8:
        new = b"\xff" * size
    changed = sealed[: at + 4] + new + sealed[at + 4 + size :]
    with pytest.raises(MovingFileDamaged):
        unseal(changed, PASSPHRASE)
    check_cost(sealed)


def test_another_keepass_file(quick: None) -> None:
    library = pytest.importorskip("pykeepass", reason="apt install python3-pykeepass")
    other = io.BytesIO()
    database = library.create_database(other, password=PASSPHRASE)
    database.add_entry(database.root_group, "bank", "me", "secret")
    other = io.BytesIO()
    database.save(other)
    with pytest.raises(MovingFileDamaged):
        unseal(other.getvalue(), PASSPHRASE)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 2}, MovingFileTooNew),
        ({"device_id": 0}, MovingFileDamaged),
        ({"device_id": "5"}, MovingFileDamaged),
        ({"device_id": True}, MovingFileDamaged),
        ({"generation": -1}, MovingFileDamaged),
        ({"own_jid": None}, MovingFileDamaged),
        ({"encrypted_chats": None}, MovingFileDamaged),
    ],
)
def test_values_that_make_no_sense(
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    error: type[Exception],
) -> None:
    dumps = json.dumps

    def changed(values: dict[str, Any]) -> str:
        return dumps({**values, **change})

    sealer = Sealer(PASSPHRASE)
    monkeypatch.setattr(json, "dumps", changed)
    # It is seen before the old copy ends
    with pytest.raises(error):
        sealer.seal(IDENTITY)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "pykeepass", None)
    assert not is_possible()
    with pytest.raises(MovingProgramMissing, match="python3-pykeepass"):
        Sealer(PASSPHRASE)
