# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The devices of every account: their lists, identity keys and trust. They are stored in
python-omemo's layout, and attributes it does not know under `/gajim/devices/`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from dataclasses import field

from ..backend.codec import fingerprint
from ..backend.codec import same_identity
from ..errors import StoreDamaged
from ..values import Device
from ..values import DeviceList
from ..values import ListedDevice
from ..values import Protocol
from ..values import Trust
from .store import JSON
from .store import Store

_OWNERS = "/gajim/identity_owners/"
_ONCE_VERIFIED = "/gajim/once_verified/"
_OWNERS_KNOWN = "/gajim/identity_owners_known"


@dataclass
class DeviceRecord:
    """
    One device as the engine knows it.

    Attributes:
        listed: for each protocol ever seen in a device list, whether the
            device is in the current one.
        identity_key: Ed25519, 32 bytes; None until a bundle or a key exchange
            was seen.
        sign_known: whether the sign of the identity key is certain; legacy key
            exchanges do not have it.
        speaks_omemo_2: an OMEMO 2 message of the device has been decrypted, so
            it can read the protocol it advertises.
        refused_key: another identity key was presented and refused.
        presented_key: that key: what the server has, or else what a message came
            with first; None where it is not known, or belongs to another device.
        returned: it had been taken off the lists, is back, and gets nothing until
            the user has decided.
        asked, silent: since when a device that is not heard has been asked for an
            answer, and since when it is left out; 0 for not at all. See `Silence`.
        kept: when the user last wanted to write for it all the same; 0 for never.
        told: its owner has been told that it is left out.
        late: how many messages of it were on their way when its sessions were taken
            over from another program, and cannot be opened for that reason.
    """

    device: Device
    listed: dict[Protocol, bool] = field(default_factory=dict)
    label: str | None = None
    label_signature: bytes | None = None
    identity_key: bytes | None = None
    sign_known: bool = False
    speaks_omemo_2: bool = False
    refused_key: bool = False
    first_seen: int = 0
    last_seen: int = 0
    returned: bool = False
    asked: int = 0
    silent: int = 0
    kept: int = 0
    told: bool = False
    presented_key: bytes | None = None
    late: int = 0

    @property
    def active(self) -> bool:
        return any(self.listed.values())


class Devices:
    """All device records of one account's store, cached and written through."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[str, dict[int, DeviceRecord]] = {}
        self._trust: dict[tuple[str, bytes], Trust] = {}
        # Now and not on demand, because a refused message must change nothing
        self._find_owners()

    def forget_cache(self) -> None:
        """After the store was rolled back."""
        self._records.clear()
        self._trust.clear()
        self._find_owners()

    # Records

    def of(self, jid: str) -> dict[int, DeviceRecord]:
        """The records of a bare JID by device id; not to be changed."""
        try:
            return self._records[jid]
        except KeyError:
            try:
                records = self._load(jid)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise StoreDamaged("a device makes no sense") from error
            self._records[jid] = records
            return records

    def get(self, device: Device) -> DeviceRecord | None:
        return self.of(device.jid).get(device.device_id)

    def add(self, device: Device, now: int) -> DeviceRecord:
        """The record of a device, a new one where there is none."""
        records = self.of(device.jid)
        record = records.get(device.device_id)
        if record is None:
            record = DeviceRecord(device, first_seen=now)
            records[device.device_id] = record
            self.save(record)
        return record

    def remove(self, device: Device) -> None:
        records = self.of(device.jid)
        record = records.pop(device.device_id, None)
        if record is None:
            return
        prefix = f"/devices/{device.jid}/{device.device_id}"
        for name in ("namespaces", "active", "label", "identity_key"):
            self._store.delete(f"{prefix}/{name}")
        self._store.delete(f"/gajim{prefix}")
        self._save_index(device.jid)
        key = record.identity_key
        if key is not None and self.owner_of(key) == device.jid:
            self._store.delete(_owner_key(key))

    def owner_of(self, identity_key: bytes) -> str | None:
        """The account that a known identity key belongs to."""
        owner: str | None = self._store.get(_owner_key(identity_key))
        return owner

    def _find_owners(self) -> None:
        """Note the owners of all keys, in a store of an earlier version."""
        if self._store.get(_OWNERS_KNOWN, False):
            return
        base = "/devices/"
        for key in self._store.keys(base):
            jid, _, name = key[len(base) :].rpartition("/")
            if name == "identity_key":
                owner = jid.rpartition("/")[0]
                self._store.put(_owner_key(_decode(self._store.get(key))), owner)
        self._store.put(_OWNERS_KNOWN, True)

    def save(self, record: DeviceRecord) -> None:
        jid = record.device.jid
        prefix = f"/devices/{jid}/{record.device.device_id}"
        put = self._store.put
        put(f"{prefix}/namespaces", sorted(p.namespace for p in record.listed))
        put(f"{prefix}/active", {p.namespace: on for p, on in record.listed.items()})
        put(f"{prefix}/label", record.label)
        if record.identity_key is not None:
            put(f"{prefix}/identity_key", _encode(record.identity_key))
        put(
            f"/gajim{prefix}",
            {
                "first_seen": record.first_seen,
                "last_seen": record.last_seen,
                "sign_known": record.sign_known,
                "speaks_omemo_2": record.speaks_omemo_2,
                "refused_key": record.refused_key,
                "returned": record.returned,
                "asked": record.asked,
                "silent": record.silent,
                "kept": record.kept,
                "told": record.told,
                "late": record.late,
                "presented_key": None
                if record.presented_key is None
                else _encode(record.presented_key),
                "label_signature": None
                if record.label_signature is None
                else _encode(record.label_signature),
            },
        )
        self._save_index(jid)

    def _save_index(self, jid: str) -> None:
        ids = sorted(self._records[jid])
        if self._store.get(f"/devices/{jid}/list") != ids:
            self._store.put(f"/devices/{jid}/list", ids)

    def _load(self, jid: str) -> dict[int, DeviceRecord]:
        records = {}
        for device_id in self._store.get(f"/devices/{jid}/list", []):
            prefix = f"/devices/{jid}/{device_id}"
            extra: dict[str, JSON] = self._store.get(f"/gajim{prefix}", {})
            listed = self._store.get(f"{prefix}/active", {})
            identity_key = self._store.get(f"{prefix}/identity_key")
            signature = extra.get("label_signature")
            presented = extra.get("presented_key")
            records[device_id] = DeviceRecord(
                Device(jid, device_id),
                {p: listed[p.namespace] for p in Protocol if p.namespace in listed},
                self._store.get(f"{prefix}/label"),
                None if signature is None else _decode(signature),
                None if identity_key is None else _decode(identity_key),
                extra.get("sign_known", False),
                extra.get("speaks_omemo_2", False),
                extra.get("refused_key", False),
                extra.get("first_seen", 0),
                extra.get("last_seen", 0),
                extra.get("returned", False),
                # A store of an earlier version has none of these
                extra.get("asked", 0),
                extra.get("silent", 0),
                extra.get("kept", 0),
                extra.get("told", False),
                None if presented is None else _decode(presented),
                extra.get("late", 0),
            )
        return records

    def clear_refusal(self, record: DeviceRecord) -> None:
        """The known key of a device turned out to be the right one."""
        if record.refused_key:
            record.refused_key = False
            record.presented_key = None
            self.save(record)

    def note_presented(
        self, record: DeviceRecord, identity_key: bytes, *, from_server: bool
    ) -> bool:
        """
        A device presents another identity key than before. Anybody can send messages
        with any number of keys: of those the first one counts, and until the server
        has one.

        Returns:
            Whether anything has changed. It is not saved.
        """
        if record.presented_key == identity_key or (
            record.presented_key is not None and not from_server
        ):
            return False
        if self.owner_of(identity_key) is not None:
            # The key of another device
            return False
        record.presented_key = identity_key
        return True

    def take_presented(self, record: DeviceRecord) -> None:
        """The other key that a device presented becomes its own. Nobody has decided
        about that one yet."""
        old, new = record.identity_key, record.presented_key
        assert new is not None
        if old is not None and self.owner_of(old) == record.device.jid:
            self._store.delete(_owner_key(old))
        record.identity_key = None
        record.refused_key = False
        record.presented_key = None
        # A message does not tell the sign; a bundle will
        self.learn_identity(record, new, sign_known=False)

    # Device lists

    def apply_list(
        self, jid: str, device_list: DeviceList, now: int
    ) -> tuple[DeviceRecord, ...]:
        """Take over a device list and return the records it made."""
        protocol = device_list.protocol
        records = self.of(jid)
        listed = {entry.device_id: entry for entry in device_list.devices}
        new = [
            self.add(Device(jid, entry.device_id), now)
            for entry in device_list.devices
            if entry.device_id not in records
        ]
        for device_id, record in records.items():
            if self._update(record, protocol, listed.get(device_id)):
                self.save(record)
        # An account that keeps changing its list must not fill the store
        for record in list(records.values()):
            if not record.active and record.identity_key is None:
                self.remove(record.device)
        return tuple(new)

    def unlist(self, device: Device) -> None:
        """Note that a device is in no list; the server has not said so yet."""
        record = self.of(device.jid).get(device.device_id)
        if record is not None and record.active:
            record.listed = dict.fromkeys(record.listed, False)
            self.save(record)

    @staticmethod
    def _update(
        record: DeviceRecord, protocol: Protocol, entry: ListedDevice | None
    ) -> bool:
        before = (dict(record.listed), record.label, record.label_signature)
        if entry is not None:
            record.listed[protocol] = True
            if protocol is Protocol.OMEMO_2:
                record.label = entry.label
                record.label_signature = entry.label_signature
        elif protocol in record.listed:
            record.listed[protocol] = False
        return before != (record.listed, record.label, record.label_signature)

    # Trust

    def trust(self, record: DeviceRecord) -> Trust:
        if record.identity_key is None:
            return Trust.UNDECIDED
        return self.trust_of_key(record.device.jid, record.identity_key)

    def trust_of_key(self, jid: str, identity_key: bytes) -> Trust:
        try:
            return self._trust[jid, identity_key]
        except KeyError:
            stored = self._store.get(_trust_key(jid, identity_key))
            trust = Trust.UNDECIDED if stored is None else Trust(stored)
            self._trust[jid, identity_key] = trust
            return trust

    def is_decided(self, jid: str, identity_key: bytes) -> bool:
        return self._store.get(_trust_key(jid, identity_key)) is not None

    def set_trust(self, jid: str, identity_key: bytes, trust: Trust) -> None:
        before = self.trust_of_key(jid, identity_key)
        if before is Trust.VERIFIED and trust is Trust.DISTRUSTED:
            # SECURITY: new keys must not be trusted blindly again, see
            # `any_verified`
            self._store.put(_once_verified_key(jid, identity_key), True)
        elif trust is not Trust.DISTRUSTED:
            self._store.delete(_once_verified_key(jid, identity_key))
        self._trust[jid, identity_key] = trust
        self._store.put(_trust_key(jid, identity_key), trust.value)

    def forget_trust(self, jid: str, identity_key: bytes) -> None:
        """A key that nobody has decided on is a new one when it comes back."""
        self._store.delete(_trust_key(jid, identity_key))
        self._trust.pop((jid, identity_key), None)

    def accounts_with(self, trust: Trust) -> list[str]:
        """The bare JIDs that have a key with this trust."""
        prefix = "/trust/"
        return sorted(
            {
                key[len(prefix) :].rpartition("/")[0]
                for key in self._store.keys(prefix)
                if self._store.get(key) == trust.value
            }
        )

    def any_verified(self, jid: str, *, but: bytes | None = None) -> bool:
        """
        Whether any key of the account was ever verified, also of a device that
        is gone, or that is distrusted now: a user who verified once wants to be
        asked.

        Args:
            but: an identity key that does not count.
        """
        if self._store.keys(f"{_ONCE_VERIFIED}{jid}/"):
            return True
        left_out = None if but is None else _trust_key(jid, but)
        return any(
            key != left_out and self._store.get(key) == Trust.VERIFIED.value
            for key in self._store.keys(f"/trust/{jid}/")
        )

    def learn_identity(
        self, record: DeviceRecord, identity_key: bytes, *, sign_known: bool
    ) -> bool:
        """
        Note the identity key of a device, or the sign of one that is known.

        Returns:
            False if the device is known with another key. Nothing changed.
        """
        known = record.identity_key
        if known is None:
            record.identity_key = identity_key
            record.sign_known = sign_known
            self.save(record)
            self._store.put(_owner_key(identity_key), record.device.jid)
            return True
        if not same_identity(known, identity_key):
            return False
        if sign_known and not record.sign_known:
            jid = record.device.jid
            if known != identity_key and self.is_decided(jid, known):
                self.set_trust(jid, identity_key, self.trust_of_key(jid, known))
                self._store.delete(_trust_key(jid, known))
                self._trust.pop((jid, known))
            record.identity_key = identity_key
            record.sign_known = True
            self.save(record)
        return True


def _trust_key(jid: str, identity_key: bytes) -> str:
    return f"/trust/{jid}/{_encode(identity_key)}"


def _once_verified_key(jid: str, identity_key: bytes) -> str:
    return f"{_ONCE_VERIFIED}{jid}/{fingerprint(identity_key)}"


def _owner_key(identity_key: bytes) -> str:
    # Without the sign, which is not always known
    unsigned = identity_key[:31] + bytes([identity_key[31] & 0x7F])
    return f"{_OWNERS}{_encode(unsigned)}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text)
