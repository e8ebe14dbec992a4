# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What Gajim 2 gets when it asks for its own OMEMO module: the same questions,
answered by this plugin.

Gajim 2.1 asks for a `backend` with the names of the library it is built on;
since 2.6 it asks for public keys in a form of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nbxmpp.protocol import JID

from ..engine.device_info import DeviceInfo
from ..engine.values import Device
from ..engine.values import Trust
from . import compat

try:
    from gajim.common.modules.util import PublicKeyData as _PublicKeyData
except ImportError:
    _PublicKeyData = object


def in_groups(fingerprint: str, *, wrap: bool = True) -> str:
    """A fingerprint as people compare it: eight digits together, in two lines
    or in one."""
    groups = [fingerprint[at : at + 8].upper() for at in range(0, 64, 8)]
    if not wrap:
        return " ".join(groups)
    return f"{' '.join(groups[:4])}\n{' '.join(groups[4:])}"


class Facade:
    """Stands in the place of the built-in module."""

    allow_groupchat = True

    def __init__(self, service: Any, builtin: Any) -> None:
        # Gajim asks every module for its handlers; ours are the plugin module's
        self.handlers: list[Any] = []
        self._service = service
        self._builtin = builtin
        self.backend = TrustBackend(service)

    def cleanup(self) -> None:
        """The account is being disabled."""
        self._builtin.cleanup()

    # Messages and files

    def check_send_preconditions(self, contact: Any) -> bool:
        """Asked before the input is emptied."""
        return bool(self._service.check_send_preconditions(contact))

    def encrypt_message(self, message: Any) -> bool:
        """Gajim sends the message when this returns, which is where the gate
        holds it until it has been encrypted."""
        self._service.encrypt_message(message)
        return True

    def encrypt_file(self, transfer: Any, callback: Callable[..., Any]) -> None:
        """Asked by Gajim 2.1 for an upload."""
        self._service.encrypt_file(transfer, callback)

    # Devices and trust

    def compose_trust_uri(self, jid: Any) -> str:
        uri: str = self._service.trust_uri(compat.bare(jid))
        return uri

    def clear_devicelist(self) -> None:
        self._service.clear_device_list()

    def clear_keylist(self) -> None:
        self._service.clear_device_list()

    def get_our_public_key(self) -> Any:
        own_jid = self._service.own_jid
        for info in self._service.devices(own_jid):
            if info.device.device_id == self._service.device_id:
                return _public_key_data(info, Trust.VERIFIED)
        return None

    def get_public_keys(self, jid: Any, *, is_groupchat: bool) -> list[Any]:
        if is_groupchat:
            return []
        return [
            _public_key_data(info, info.trust)
            for info in _known(self._service, compat.bare(jid))
        ]

    def set_public_key_trust(self, public_key_data: Any, trust: Any) -> None:
        self._service.set_trust(public_key_data.device, compat.trust_from_gajim(trust))

    def remove_public_key(self, public_key_data: Any) -> None:
        self._service.forget_device(public_key_data.device)


def _known(service: Any, jid: str) -> list[DeviceInfo]:
    """The devices of an account that have a key, without this very device."""
    return [
        info
        for info in service.devices(jid)
        if info.fingerprint is not None
        and (jid != service.own_jid or info.device.device_id != service.device_id)
    ]


# Gajim 2.6


@dataclass
class KeyData(_PublicKeyData):  # type: ignore[valid-type, misc]
    """A public key as Gajim 2.6 shows it."""

    active: bool
    address: JID
    label: str | None
    last_seen: datetime.datetime | None
    fingerprint: str
    trust: Any
    device: Device

    def pretty_fingerprint(self, wrap: bool = True) -> str:
        return in_groups(self.fingerprint, wrap=wrap)


def _public_key_data(info: DeviceInfo, trust: Trust) -> KeyData:
    assert info.fingerprint is not None
    last_seen = None
    if info.last_seen:
        last_seen = datetime.datetime.fromtimestamp(info.last_seen, datetime.UTC)
    return KeyData(
        active=info.active,
        address=JID.from_string(info.device.jid),
        label=info.label,
        last_seen=last_seen,
        fingerprint=info.fingerprint,
        trust=compat.gajim_trust(trust),
        device=info.device,
    )


# Gajim 2.1


@dataclass(frozen=True)
class PublicKey:
    """A key as Gajim 2.1 shows it."""

    device: Device
    fingerprint: str

    def get_fingerprint(self, formatted: bool = False) -> str:
        return in_groups(self.fingerprint) if formatted else self.fingerprint


@dataclass(frozen=True)
class IdentityInfo:
    """A device as Gajim 2.1 shows it. `trust` is omemo-dr's."""

    active: bool
    address: str
    device_id: int
    label: str
    last_seen: float | None
    public_key: PublicKey
    trust: Any


class TrustBackend:
    """What the trust manager of Gajim 2.1 asks of its library."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def get_our_fingerprint(self, formatted: bool = False) -> str:
        return self.get_our_identity()[1].get_fingerprint(formatted)

    def get_our_identity(self) -> tuple[int, PublicKey]:
        service = self._service
        device = Device(service.own_jid, service.device_id)
        return service.device_id, PublicKey(device, service.fingerprint)

    def get_identity_infos(
        self,
        jids: str | Iterable[str],
        only_active: bool = False,
        trust: Any = None,
    ) -> list[IdentityInfo]:
        wanted = None
        if trust is not None:
            levels = trust if isinstance(trust, list) else [trust]
            wanted = {level.name for level in levels}
        found = []
        for jid in [jids] if isinstance(jids, str) else jids:
            for info in _known(self._service, jid):
                identity = _identity_info(info)
                if only_active and not identity.active:
                    continue
                if wanted is None or identity.trust.name in wanted:
                    found.append(identity)
        return found

    def set_trust(self, address: str, public_key: PublicKey, trust: Any) -> None:
        del address
        self._service.set_trust(public_key.device, compat.trust_from_name(trust.name))

    def delete_session(
        self, address: str, device_id: int, delete_identity: bool = False
    ) -> None:
        del delete_identity
        self._service.forget_device(Device(address, device_id))


def _identity_info(info: DeviceInfo) -> IdentityInfo:
    from omemo_dr.const import OMEMOTrust

    assert info.fingerprint is not None
    return IdentityInfo(
        active=info.active,
        address=info.device.jid,
        device_id=info.device.device_id,
        label=info.label or "",
        last_seen=float(info.last_seen) if info.last_seen else None,
        public_key=PublicKey(info.device, info.fingerprint),
        trust=OMEMOTrust[compat.gajim_trust(info.trust).name],
    )
