# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
The OMEMO programs of Debian's Gajims, each with its real store, as a peer.

They run in a process of their own: gajim-omemo has the name of a library that the
plugin needs, and omemo-dr is in another Debian. The two sides exchange lines of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64decode
from base64 import b64encode
from pathlib import Path
from typing import Any

from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import Protocol

from ..servers.hosts import IN_ROOT
from ..servers.hosts import REPOSITORY
from ..servers.hosts import debian_root
from ..servers.hosts import machine_suite

LEGACY = Protocol.LEGACY

# Debian's suites, and the bench's peer for the program in them
PROGRAMS = {
    "bookworm": "gajim_omemo",
    "trixie": "omemo_dr",
    "forky": "omemo_dr",
}


class ProgramError(Exception):
    """The program refused, with the name of its own error."""


def _text(data: bytes) -> str:
    return b64encode(data).decode()


class EarlierProgram:
    """One account in one program."""

    def __init__(self, suite: str, jid: str, database: Path) -> None:
        self.jid = jid
        self.database = database
        command = [
            "python3",
            "-m",
            __name__,
            PROGRAMS[suite],
            jid,
            str(database),
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(database.parent),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # gajim-omemo is never on the machine itself: Gajim would switch it on
        if suite == machine_suite() and PROGRAMS[suite] != "gajim_omemo":
            command[0] = "/usr/bin/python3"
        else:
            sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
            assigned = [f"{name}={value}" for name, value in environment.items()]
            command = [
                *sudo, str(IN_ROOT), f"--bind={REPOSITORY}",
                f"--bind={database.parent}", str(debian_root(suite)), "--",
                "env", "-i", *assigned, *command,
            ]  # fmt: skip
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=environment,
        )
        self.device = Device(jid, self._ask("device"))

    def _ask(self, what: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program of {self.jid} has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise ProgramError(answer["error"])
        return answer["result"]

    def bundle(self) -> Bundle:
        """The bundle that it publishes."""
        found = self._ask("bundle")
        return Bundle(
            LEGACY,
            b64decode(found["ik"]),
            found["spk_id"],
            b64decode(found["spk"]),
            b64decode(found["signature"]),
            {int(number): b64decode(key) for number, key in found["prekeys"].items()},
        )

    def meet(self, device: Device, bundle: Bundle) -> None:
        """Fetch a bundle, and build a session."""
        self._ask(
            "meet",
            jid=device.jid,
            device=device.device_id,
            bundle={
                "ik": _text(bundle.identity_key),
                "spk_id": bundle.signed_prekey_id,
                "spk": _text(bundle.signed_prekey),
                "signature": _text(bundle.signature),
                "prekeys": {n: _text(key) for n, key in bundle.prekeys.items()},
            },
        )

    def list_device(self, device: Device) -> None:
        """The server tells a device list with one device."""
        self._ask("list_device", jid=device.jid, device=device.device_id)

    def encrypt(self, jid: str, text: str) -> EncryptedMessage:
        return _message(self._ask("encrypt", jid=jid, text=text))

    def decrypt(self, jid: str, message: EncryptedMessage) -> str:
        """
        Raises:
            ProgramError: it could not, or there is no text in it.
        """
        text: str = self._ask("decrypt", jid=jid, message=_as_json(message))
        return text

    def set_trust(self, jid: str, trust: int) -> None:
        """Decide on all keys of an account, with the program's own number."""
        self._ask("set_trust", jid=jid, trust=trust)

    def fingerprint(self) -> str:
        return self.bundle().identity_key.hex()

    def close(self) -> None:
        """End it as a Gajim that ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def _as_json(message: EncryptedMessage) -> dict[str, Any]:
    return {
        "sid": message.sender_device_id,
        "keys": {key.device_id: _text(key.data) for key in message.keys},
        "iv": _text(message.iv or b""),
        "payload": None if message.payload is None else _text(message.payload),
    }


def _message(found: dict[str, Any]) -> EncryptedMessage:
    return EncryptedMessage(
        LEGACY,
        found["sid"],
        tuple(EncryptedKey(int(n), b64decode(key)) for n, key in found["keys"].items()),
        b64decode(found["iv"]),
        None if found["payload"] is None else b64decode(found["payload"]),
    )


# Inside the other process


class _Served:
    def __init__(self, module: Any, jid: str, database: Path) -> None:
        # gajim-omemo's own modules have the same names
        for name in [one for one in sys.modules if one.partition(".")[0] == "omemo"]:
            del sys.modules[name]
        module.load()
        self._peer = module.Peer(jid, database)
        self._is_dr = module.__name__.endswith("omemo_dr")
        self._network = _Network()

    def device(self) -> int:
        number: int = self._peer.device.device_id
        return number

    def bundle(self) -> dict[str, Any]:
        self._peer.publish(self._network)
        bundle = self._network.bundles[self._peer.device, LEGACY]
        return {
            "ik": _text(bundle.identity_key),
            "spk_id": bundle.signed_prekey_id,
            "spk": _text(bundle.signed_prekey),
            "signature": _text(bundle.signature),
            "prekeys": {n: _text(key) for n, key in bundle.prekeys.items()},
        }

    def meet(self, jid: str, device: int, bundle: dict[str, Any]) -> None:
        there = Device(jid, device)
        self._network.bundles[there, LEGACY] = Bundle(
            LEGACY,
            b64decode(bundle["ik"]),
            bundle["spk_id"],
            b64decode(bundle["spk"]),
            b64decode(bundle["signature"]),
            {int(n): b64decode(key) for n, key in bundle["prekeys"].items()},
        )
        self._peer.meet(self._network, there)

    def list_device(self, jid: str, device: int) -> None:
        manager = self._peer._manager if self._is_dr else self._peer.state
        manager.update_devicelist(jid, [device])

    def encrypt(self, jid: str, text: str) -> dict[str, Any]:
        if self._is_dr:
            sent = self._peer._manager.encrypt(jid, text, groupchat=False)
        else:
            sent = self._peer.state.encrypt(jid, text)
        return {
            "sid": sent.sid,
            "keys": {number: _text(key[0]) for number, key in sent.keys.items()},
            "iv": _text(sent.iv),
            "payload": _text(sent.payload),
        }

    def decrypt(self, jid: str, message: dict[str, Any]) -> str:
        theirs = self._peer.to_theirs(_message(message))
        manager = self._peer._manager if self._is_dr else self._peer.state
        text: str = manager.decrypt_message(theirs, jid)[0]
        return text

    def set_trust(self, jid: str, trust: int) -> None:
        storage = self._peer._storage if self._is_dr else self._peer.state.storage
        query = "UPDATE identities SET trust = ? WHERE recipient_id = ?"
        storage._con.execute(query, (trust, jid))
        storage._con.commit()


class _Network:
    def __init__(self) -> None:
        self.bundles: dict[tuple[Device, Protocol], Bundle] = {}
        self.lists: dict[tuple[str, Protocol], object] = {}


def _serve() -> None:
    import importlib

    kind, jid, database = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    # A text that a library prints is no answer
    os.dup2(2, 1)
    served = _Served(
        importlib.import_module(f"tests.bench.{kind}"), jid, Path(database)
    )
    for line in sys.stdin:
        arguments = json.loads(line)
        try:
            result = getattr(served, arguments.pop("do"))(**arguments)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        else:
            answer = {"result": result}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
