# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenPGP of Gajim 2.6, with real keys, in a chat with OMEMO."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.e2e.conversation import check_encrypted
from tests.e2e.conversation import check_scene
from tests.e2e.conversation import secret
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.peers.omemo_peer import OmemoPeer
from tests.support.waiting import wait_for

OPENPGP = "urn:xmpp:openpgp:0"
LIST = f"{OPENPGP}:public-keys"
DATE = "2026-01-01T00:00:00Z"


class GnuPG:
    """The keys of somebody who uses GnuPG."""

    def __init__(self, folder: Path, jid: str) -> None:
        """Make a key for an address (XEP-0373, "XMPP URI as user id")."""
        folder.mkdir(mode=0o700)
        self._folder = folder
        self._name = f"xmpp:{jid}"
        self._run(
            "--passphrase", "", "--quick-generate-key", self._name,
            "ed25519", "sign", "never",
        )  # fmt: skip

    def _run(self, *arguments: str, data: bytes = b"") -> bytes:
        # Gajim's library reads no compressed messages
        common = ["--batch", "--quiet", "--trust-model=always", "--compress-algo=none"]
        done = subprocess.run(
            ["gpg", *common, *arguments],
            env={**os.environ, "GNUPGHOME": str(self._folder)},
            input=data,
            capture_output=True,
            check=True,
        )
        return done.stdout

    @property
    def public_key(self) -> bytes:
        return self._run("--export", self._name)

    @property
    def fingerprint(self) -> str:
        """40 hex digits, in capitals."""
        listed = self._run("--list-keys", "--with-colons", self._name).decode()
        # After the record of the key comes that of its fingerprint
        lines = [one.split(":") for one in listed.splitlines()]
        (at,) = [number for number, one in enumerate(lines) if one[0] == "pub"]
        return lines[at + 1][9]

    def signcrypt(self, data: bytes, recipient: str, key: bytes) -> bytes:
        """Sign, and encrypt for somebody's public key."""
        self._run("--import", data=key)
        return self._run(
            "--local-user", self._name, "--recipient", f"xmpp:{recipient}",
            "--sign", "--encrypt", data=data,
        )  # fmt: skip

    def close(self) -> None:
        """End the agent that gpg has started."""
        subprocess.run(
            ["gpgconf", "--homedir", str(self._folder), "--kill", "all"], check=True
        )


def publish_key(eve: OmemoPeer, keys: GnuPG) -> None:
    """As XEP-0373 has it, "Announcing and discovering public keys"."""
    number = keys.fingerprint
    data = base64.b64encode(keys.public_key).decode()
    eve.publish(
        f"{LIST}:{number}", DATE,
        f"<pubkey xmlns='{OPENPGP}'><data>{data}</data></pubkey>",
    )  # fmt: skip
    eve.publish(
        LIST, "current",
        f"<public-keys-list xmlns='{OPENPGP}'><pubkey-metadata"
        f" v4-fingerprint='{number}' date='{DATE}'/></public-keys-list>",
    )  # fmt: skip


def key_of(jid: str, fingerprint: str, eve: OmemoPeer) -> bytes:
    """The public key that Gajim has published."""
    found = wait_for(
        "the key is published", lambda: eve.fetch(jid, f"{LIST}:{fingerprint}")
    )
    text = found.findtext(f"{{{OPENPGP}}}data")
    assert text
    return base64.b64decode(text)


def test_case_80_a_real_openpgp_key(new_scene: Callable[..., Scene]) -> None:
    """Gajim trusts a key that the server has just offered. What comes with it, signed
    and encrypted, does not look as if it were verified, nor as if it were OMEMO."""
    scene = new_scene("alice", "eve")
    alice = scene.gajim("forky", "alice", OURS)
    alice.start()
    eve = OmemoPeer(scene.server, scene.server.accounts["eve"], scene.folder / "eve")
    keys = GnuPG(scene.folder / "gnupg", eve.jid)
    try:
        alice.open_chat(eve.jid, "OMEMO")
        text = secret("in OMEMO")
        eve.say(alice.account.jid, text)
        check_encrypted(alice, alice.wait_for_message(text))
        account = alice.account_name
        number = alice.call("make_openpgp_key", account=account)
        publish_key(eve, keys)
        wait_for(
            "Gajim has the key",
            lambda: (
                alice.call("openpgp_trust", account=account, jid=eve.jid) == "BLIND"
            ),
        )
        text = secret("in OpenPGP")
        sealed = keys.signcrypt(
            f"<signcrypt xmlns='{OPENPGP}'><to jid='{alice.account.jid}'/>"
            f"<time stamp='{DATE}'/><rpad>x</rpad><payload>"
            f"<body xmlns='jabber:client'>{text}</body>"
            f"</payload></signcrypt>".encode(),
            alice.account.jid,
            key_of(alice.account.jid, number, eve),
        )
        data = base64.b64encode(sealed).decode()
        eve.client.send(
            f"<message to='{alice.account.jid}' type='chat' id='pgp'>"
            f"<openpgp xmlns='{OPENPGP}'>{data}</openpgp></message>"
        )
        row = alice.wait_for_message(text)
        alice.screenshot("openpgp")
        assert row.encryption is not None
        assert row.encryption["name"] == "OpenPGP"
        assert row.key == keys.fingerprint
        assert row.trust == "BLIND"
        assert "Not OMEMO" in row.shield, row
        # The chat itself goes on in OMEMO
        text = secret("in OMEMO again")
        alice.send(text)
        eve.wait_for_text(text)
        check_scene(scene)
    finally:
        keys.close()
        eve.close()
