# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The stand-in for the OMEMO module that is built into Gajim 2.

Gajim 2.1 asks for a `backend` with the names of the library it is built on;
since 2.6 it asks for public keys in a form of its own.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Protocol

from gajim.common.const import Trust as GajimTrust
from nbxmpp.protocol import JID

from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Trust
from . import constants as gajim_constants

if TYPE_CHECKING:
    from .nbxmpp_protocols import Jid
    from .protocols import BuiltinOmemo
    from .protocols import Contact
    from .protocols import OutgoingMessage
    from .protocols import UploadTransfer

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


class Sender(Protocol):
    """Takes messages that are to be encrypted."""

    def encrypt_message(self, message: OutgoingMessage) -> None: ...


class FileEncrypter(Protocol):
    """Takes files that are to be encrypted."""

    def encrypt(
        self, transfer: UploadTransfer, callback: Callable[[UploadTransfer], object]
    ) -> None: ...


class Uris(Protocol):
    """Knows the addresses with verified fingerprints."""

    def trust_uri(self, jid: str) -> str: ...


class SendChecker(Protocol):
    """Looks whether a message can be sent."""

    def check(self, contact: Contact) -> bool: ...


class DeviceChanges(Protocol):
    """Changes what is known of devices."""

    def set_trust(self, device: Device, trust: Trust) -> None: ...
    def forget(self, device: Device) -> None: ...
    def clear_own_lists(self) -> None: ...


class FacadeService(Protocol):
    """OMEMO on one account, as far as Gajim's windows ask for it."""

    own_jid: str

    @property
    def device_id(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def sender(self) -> Sender: ...
    @property
    def uploads(self) -> FileEncrypter: ...
    @property
    def verification(self) -> Uris: ...
    @property
    def preconditions(self) -> SendChecker: ...
    @property
    def device_management(self) -> DeviceChanges: ...
    def devices(self, jid: str) -> tuple[DeviceInfo, ...]: ...


class NamedTrust(Protocol):
    """A trust level of omemo-dr's, with Gajim's names."""

    @property
    def name(self) -> str: ...


class BuiltinFacade:
    """Stands in the place of the built-in module."""

    allow_groupchat = True

    def __init__(self, service: FacadeService, builtin: BuiltinOmemo) -> None:
        # Gajim asks every module for its handlers; ours are the plugin module's
        self.handlers: list[object] = []
        self._service = service
        self._builtin = builtin
        self.backend = TrustBackend(service)

    def cleanup(self) -> None:
        """The account is being disabled."""
        self._builtin.cleanup()

    # Messages and files

    def check_send_preconditions(self, contact: Contact) -> bool:
        """Asked before the input is emptied."""
        return self._service.preconditions.check(contact)

    def encrypt_message(self, message: OutgoingMessage) -> bool:
        """Gajim sends the message when this returns, which is where the gate
        holds it until it has been encrypted."""
        self._service.sender.encrypt_message(message)
        return True

    def encrypt_file(
        self, transfer: UploadTransfer, callback: Callable[[UploadTransfer], object]
    ) -> None:
        """Asked by Gajim 2.1 for an upload."""
        self._service.uploads.encrypt(transfer, callback)

    # Devices and trust

    def compose_trust_uri(self, jid: Jid) -> str:
        return self._service.verification.trust_uri(gajim_constants.bare(jid))

    def clear_devicelist(self) -> None:
        self._service.device_management.clear_own_lists()

    def clear_keylist(self) -> None:
        self._service.device_management.clear_own_lists()

    def get_our_public_key(self) -> KeyData | None:
        own_jid = self._service.own_jid
        for info in self._service.devices(own_jid):
            if info.device.device_id == self._service.device_id:
                return _public_key_data(info, Trust.VERIFIED)
        return None

    def get_public_keys(self, jid: Jid, *, is_groupchat: bool) -> list[KeyData]:
        if is_groupchat:
            return []
        return [
            _public_key_data(info, info.trust)
            for info in _known(self._service, gajim_constants.bare(jid))
        ]

    def set_public_key_trust(self, public_key_data: KeyData, trust: GajimTrust) -> None:
        self._service.device_management.set_trust(
            public_key_data.device, gajim_constants.trust_from_gajim(trust)
        )

    def remove_public_key(self, public_key_data: KeyData) -> None:
        self._service.device_management.forget(public_key_data.device)


def _known(service: FacadeService, jid: str) -> list[DeviceInfo]:
    """The devices of an account that have a key, without this very device."""
    return [
        info
        for info in service.devices(jid)
        if info.fingerprint is not None
        and (jid != service.own_jid or info.device.device_id != service.device_id)
    ]


# Gajim 2.6


@dataclass
class KeyData(_PublicKeyData):  # type: ignore[misc]
    """A public key as Gajim 2.6 shows it."""

    active: bool
    address: Jid
    label: str | None
    last_seen: datetime.datetime | None
    fingerprint: str
    trust: GajimTrust
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
        trust=gajim_constants.gajim_trust(trust),
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
    trust: NamedTrust


class TrustBackend:
    """The functions of its library that the trust manager of Gajim 2.1 calls."""

    def __init__(self, service: FacadeService) -> None:
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
        trust: NamedTrust | list[NamedTrust] | None = None,
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

    def set_trust(self, address: str, public_key: PublicKey, trust: NamedTrust) -> None:
        del address
        self._service.device_management.set_trust(
            public_key.device, gajim_constants.trust_from_name(trust.name)
        )

    def delete_session(
        self, address: str, device_id: int, delete_identity: bool = False
    ) -> None:
        del delete_identity
        self._service.device_management.forget(Device(address, device_id))


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
        trust=OMEMOTrust[gajim_constants.gajim_trust(info.trust).name],
    )
