# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of XEP-0448, encrypted and described as QXmpp 1.10 does both."""

from __future__ import annotations

import hashlib
from base64 import b64encode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

CBC_256 = "urn:xmpp:ciphers:aes-256-cbc-pkcs7:0"
GCM_256 = "urn:xmpp:ciphers:aes-256-gcm-nopadding:0"
GCM_128 = "urn:xmpp:ciphers:aes-128-gcm-nopadding:0"

# QXmpp's default; it draws 32 bytes for the IV, and OpenSSL uses the first 16
KEY = bytes(range(32))
CBC_IV = bytes(range(100, 132))
GCM_IV = bytes(range(12))


def encrypt(plain: bytes, cipher: str = CBC_256) -> bytes:
    """What is on the server; with the tag at its end, as XEP-0448 recommends."""
    if cipher == CBC_256:
        padder = PKCS7(128).padder()
        context = Cipher(AES(KEY), CBC(CBC_IV[:16])).encryptor()
        data = padder.update(plain) + padder.finalize()
        return context.update(data) + context.finalize()
    return AESGCM(key_of(cipher)).encrypt(GCM_IV, plain, None)


def key_of(cipher: str) -> bytes:
    """As long as the cipher needs it."""
    return KEY[:16] if cipher == GCM_128 else KEY


def base64(data: bytes) -> str:
    """As it stands in XML."""
    return b64encode(data).decode()


def source(*urls: str, cipher: str = CBC_256, hashes: str = "") -> str:
    """An encrypted source, in QXmpp's bytes."""
    iv = CBC_IV if cipher == CBC_256 else GCM_IV
    targets = "".join(
        f'<url-data xmlns="http://jabber.org/protocol/url-data" target="{url}"/>'
        for url in urls
    )
    return (
        f'<encrypted xmlns="urn:xmpp:esfs:0" cipher="{cipher}">'
        f"<key>{base64(key_of(cipher))}</key><iv>{base64(iv)}</iv>{hashes}"
        f'<sources xmlns="urn:xmpp:sfs:0">{targets}</sources></encrypted>'
    )


def hash_of(data: bytes, algorithm: str = "sha-256") -> str:
    """A hash, in QXmpp's bytes."""
    digest = hashlib.new(algorithm.replace("sha-", "sha").replace("sha3-", "sha3_"))
    digest.update(data)
    return (
        f'<hash xmlns="urn:xmpp:hashes:2" algo="{algorithm}">'
        f"{base64(digest.digest())}</hash>"
    )


def file_sharing(
    plain: bytes,
    *sources: str,
    name: str = "plan.txt",
    kind: str = "text/plain",
    hashes: str | None = None,
) -> str:
    """The element in the envelope, in QXmpp's bytes."""
    if hashes is None:
        hashes = hash_of(plain) + hash_of(plain, "sha3-256")
    return (
        '<file-sharing xmlns="urn:xmpp:sfs:0" disposition="inline">'
        '<file xmlns="urn:xmpp:file:metadata:0">'
        f"<date>2026-11-20T10:00:00Z</date>{hashes}"
        f"<media-type>{kind}</media-type><name>{name}</name>"
        f"<size>{len(plain)}</size>"
        '<thumbnail xmlns="urn:xmpp:thumbs:1" uri="cid:sha1+'
        'ffd7c8d28e9c5e82afea41f97108c6b4@bob.xmpp.org" media-type="image/png" '
        'width="128" height="96"/></file>'
        f"<sources>{''.join(sources)}</sources></file-sharing>"
    )
