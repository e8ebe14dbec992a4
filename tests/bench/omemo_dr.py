# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""omemo-dr with Gajim 2's own store, as a peer for the bench."""

from __future__ import annotations

import importlib
import importlib.util
import logging
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

NAME = "omemo-dr"
NAMESPACE = Protocol.LEGACY.namespace
_DJB = b"\x05"

# What Gajim 2.1.1 gives it
CONFIG = {
    "default_prekey_amount": 100,
    "min_prekey_amount": 80,
    "spk_archive_seconds": 15 * 86_400,
    "spk_cycle_seconds": 30 * 86_400,
    "unacknowledged_count": 2000,
}


def why_missing() -> str:
    """The packages that must be installed; '' if they are there."""
    if importlib.util.find_spec("omemo_dr") is None:
        return "needs Debian 13: apt install gajim"
    return ""


def load() -> None:
    """Load it, and Gajim's store."""
    logging.getLogger("omemo_dr").setLevel(logging.CRITICAL)
    # Which imports the store; the other way round they would go in a circle
    importlib.import_module("gajim.common.modules")
    storage = importlib.import_module("gajim.common.storage.omemo").OMEMOStorage
    # Otherwise it asks the settings of a running Gajim
    storage._is_blind_trust_enabled = lambda _self: True


class Peer:
    """A Gajim 2 with its built-in OMEMO."""

    def __init__(self, jid: str, path: Path) -> None:
        manager = importlib.import_module("omemo_dr.session_manager")
        self._structs = importlib.import_module("omemo_dr.structs")
        storage = importlib.import_module("gajim.common.storage.omemo")
        log = logging.getLogger("bench.omemo_dr")
        log.setLevel(logging.CRITICAL)
        self.jid = jid
        self._storage = storage.OMEMOStorage("account", path, log)
        # Any: a class of omemo-dr, which mypy does not see
        self._manager: Any = manager.OMEMOSessionManager(
            jid, self._storage, self._structs.OMEMOConfig(**CONFIG)
        )
        # The real one also writes XML and sends it
        self._manager.register_signal("republish-bundle", lambda *_args: None)

    @property
    def device(self) -> Device:
        return Device(self.jid, self._manager.get_our_device())

    def make_bundle(self) -> None:
        self._manager.get_bundle(NAMESPACE)

    def publish(self, network: FakeNetwork) -> None:
        """Let our engines find it."""
        bundle = self._manager.get_bundle(NAMESPACE)
        network.bundles[self.device, Protocol.LEGACY] = Bundle(
            Protocol.LEGACY,
            bundle.ik[1:],
            bundle.spk["id"],
            bundle.spk["key"][1:],
            bundle.spk_signature,
            {one["id"]: one["key"][1:] for one in bundle.otpks},
        )
        network.lists[self.jid, Protocol.LEGACY] = DeviceList(
            Protocol.LEGACY, (ListedDevice(self.device.device_id),)
        )

    def meet(self, network: FakeNetwork, device: Device) -> None:
        """Build a session, as when its bundle has come."""
        known = self._manager.get_devices(device.jid)
        self._manager.update_devicelist(device.jid, [*known, device.device_id])
        bundle = network.bundles[device, Protocol.LEGACY]
        self._manager.build_session(
            device.jid,
            self._structs.OMEMOBundle(
                device_id=device.device_id,
                ik=_DJB + bundle.identity_key,
                namespace=NAMESPACE,
                otpks=[
                    {"id": number, "key": _DJB + key}
                    for number, key in bundle.prekeys.items()
                ],
                spk={
                    "id": bundle.signed_prekey_id,
                    "key": _DJB + bundle.signed_prekey,
                },
                spk_signature=bundle.signature,
            ),
        )

    def decrypt(self, message: object, jid: str) -> None:
        self._manager.decrypt_message(message, jid)

    def encrypt(self, jid: str, text: str) -> int:
        """Returns for how many devices."""
        return len(self._manager.encrypt(jid, text, groupchat=False).keys)

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
        sent = self._manager.encrypt_key_transport(device.jid, [device.device_id])
        data, _is_key_exchange = sent.keys[device.device_id]
        keys = (EncryptedKey(device.device_id, data),)
        return EncryptedMessage(Protocol.LEGACY, sent.sid, keys, sent.iv)

    def close(self) -> None:
        self._storage._con.close()


RIVAL = Rival(NAME, why_missing, load, Peer)
