# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian's gajim-omemo without a Gajim: its backend, with its real store."""

from __future__ import annotations

import importlib
import logging
import sys
import types
from pathlib import Path
from typing import Any

from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedKey
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.engine.values import is_key_exchange
from tests.support.engine.fake_network import FakeNetwork

from .rival import Rival

FOLDER = Path("/usr/share/gajim/plugins/omemo")
_DJB = b"\x05"


NAME = "gajim-omemo 2.9.0"


def why_missing() -> str:
    """The packages that must be installed; '' if they are there."""
    return "" if FOLDER.is_dir() else "needs Debian 12: apt install gajim-omemo"


def load() -> None:
    """Load the account's state, without the windows above it."""
    # It writes a line for every message
    logging.getLogger("axolotl").disabled = True
    for name in ("sessionbuilder", "sessioncipher"):
        logging.getLogger(f"axolotl.{name}").disabled = True
    package = types.ModuleType("omemo")
    package.__path__ = [str(FOLDER)]
    sys.modules["omemo"] = package
    importlib.import_module("omemo.backend.state")
    store = sys.modules["omemo.backend.liteaxolotlstore"].LiteAxolotlStore
    # Otherwise it asks the settings of a running Gajim
    store._is_blind_trust_enabled = staticmethod(lambda: True)


class _Connection:
    def __init__(self) -> None:
        self._log = logging.getLogger("bench.gajim_omemo")
        self._log.setLevel(logging.CRITICAL)
        self.published = 0

    def set_bundle(self) -> None:
        # The real one also writes XML and sends it
        self.published += 1
        self.state.bundle  # noqa: B018

    # Any: a class of gajim-omemo, which mypy does not see
    state: Any


class Peer:
    """A client with gajim-omemo."""

    def __init__(self, jid: str, path: Path) -> None:
        # Any: see `_Connection.state`
        module: Any = sys.modules["omemo.backend.state"]

        class State(module.OmemoState):  # type: ignore[misc]
            def get_devices_for_encryption(self, jid: str) -> set[tuple[str, int]]:
                # As the original does for a chat, which asks Gajim what it is
                return set(
                    self._get_devices_for_encryption(jid)
                    + self._get_own_devices_for_encryption()
                )

        connection = _Connection()
        self.jid = jid
        self.state = State(jid, path, "account", connection)
        connection.state = self.state
        self._structs = importlib.import_module("nbxmpp.structs")

    @property
    def device(self) -> Device:
        return Device(self.jid, self.state.own_device)

    def publish(self, network: FakeNetwork) -> None:
        """Let our engines find it."""
        bundle = self.state.bundle
        network.bundles[self.device, Protocol.LEGACY] = Bundle(
            Protocol.LEGACY,
            bundle.ik[1:],
            bundle.spk["id"],
            bundle.spk["key"][1:],
            bundle.spk_signature,
            {one["id"]: one["key"][1:] for one in bundle.otpks},
        )
        network.lists[self.jid, Protocol.LEGACY] = DeviceList(
            Protocol.LEGACY, (ListedDevice(self.state.own_device),)
        )

    def bundle_of(self, network: FakeNetwork, device: Device) -> object:
        bundle = network.bundles[device, Protocol.LEGACY]
        return self._structs.OMEMOBundle(
            spk={"id": bundle.signed_prekey_id, "key": _DJB + bundle.signed_prekey},
            spk_signature=bundle.signature,
            ik=_DJB + bundle.identity_key,
            otpks=[
                {"id": number, "key": _DJB + key}
                for number, key in bundle.prekeys.items()
            ],
        )

    def meet(self, network: FakeNetwork, device: Device) -> None:
        """Build a session, as when its bundle has come."""
        known = self.state.get_devices(device.jid)
        self.state.update_devicelist(device.jid, [*known, device.device_id])
        bundle = self.bundle_of(network, device)
        self.state.build_session(device.jid, device.device_id, bundle)

    def make_bundle(self) -> None:
        self.state.bundle  # noqa: B018

    def decrypt(self, message: object, jid: str) -> None:
        self.state.decrypt_message(message, jid)

    def encrypt(self, jid: str, text: str) -> int:
        """Returns for how many devices."""
        return len(self.state.encrypt(jid, text).keys)

    def to_theirs(self, message: EncryptedMessage) -> object:
        return self._structs.OMEMOMessage(
            sid=message.sender_device_id,
            iv=message.iv,
            keys={
                key.device_id: (key.data, is_key_exchange(message.protocol, key.data))
                for key in message.keys
            },
            payload=message.payload,
        )

    def empty_message(self, device: Device) -> EncryptedMessage:
        """The answer to a first message."""
        sent = self.state.encrypt_key_transport(device.jid, [device.device_id])
        data, _is_key_exchange = sent.keys[device.device_id]
        keys = (EncryptedKey(device.device_id, data),)
        return EncryptedMessage(Protocol.LEGACY, sent.sid, keys, sent.iv)

    def close(self) -> None:
        self.state.storage._con.close()


RIVAL = Rival(NAME, why_missing, load, Peer)
