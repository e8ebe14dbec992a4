# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The sessions with other devices: objects in memory, which are written to the store.

When both sides start at once, or one answers on a session of its own making,
two sessions exist between two devices and the next message may come on either.
So the engine keeps a few replaced sessions, and tries them if the current one cannot
decrypt.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from typing import TypeVar

from omemo.backend import Backend
from omemo.session import Session

from ..backend import speedups
from ..errors import OmemoError
from ..errors import StoreDamaged
from ..values import Device
from ..values import Protocol
from .storage import KeyStorage
from .store import Store

T = TypeVar("T")

EARLIER_MAX = 5


@dataclass
class SessionSet:
    """The current session with a device, and earlier ones, newest first."""

    current: Session | None = None
    earlier: list[Session] = field(default_factory=list)

    def all(self) -> Iterator[Session]:
        if self.current is not None:
            yield self.current
        yield from self.earlier

    def make_current(self, session: Session, replaces: Session | None) -> None:
        """
        Put a session in front.

        Args:
            replaces: the state of the same session before its last step, None
                for a session that is new.
        """
        if replaces is not None and replaces is self.current:
            self.current = session
            return
        self.earlier = [one for one in self.earlier if one is not replaces]
        if self.current is not None:
            self.earlier.insert(0, self.current)
            del self.earlier[EARLIER_MAX:]
        self.current = session

    def keep_behind(self, session: Session, replaces: Session | None) -> None:
        """Keep a session for receiving only; see `make_current`."""
        if replaces is None:
            self.earlier.insert(0, session)
            del self.earlier[EARLIER_MAX:]
        else:
            self.earlier = [session if one is replaces else one for one in self.earlier]

    def retire_current(self) -> None:
        """Have no current session, so that the next message builds one."""
        if self.current is not None:
            self.earlier.insert(0, self.current)
            del self.earlier[EARLIER_MAX:]
            self.current = None


class Sessions:
    """All sessions of one protocol."""

    def __init__(self, store: Store, protocol: Protocol) -> None:
        self._store = store
        self._namespace = protocol.namespace
        self.backend: Backend = speedups.make_backend(protocol, KeyStorage(store))
        self._archives: list[Backend] = [
            speedups.make_backend(protocol, KeyStorage(store, f"/gajim/earlier/{slot}"))
            for slot in range(EARLIER_MAX)
        ]
        self._sets: dict[Device, SessionSet] = {}
        # For devices whose sessions are not loaded: whether the store has a current one
        self._stored: dict[Device, bool] = {}
        # Devices whose current session has stepped, while the others are unchanged
        self._changed: set[Device] = set()
        self._retired_key = f"/gajim/retired/{self._namespace}"
        self._retired = set(store.get(self._retired_key, []))
        self._oldest_key = f"/gajim/oldest_signed_prekey/{self._namespace}"
        self._oldest: int = store.get(self._oldest_key, 0)

    def forget_cache(self) -> None:
        """After the store was rolled back."""
        self._sets.clear()
        self._stored.clear()
        self._changed.clear()
        speedups.forget_cached_state(self.backend)
        self._retired = set(self._store.get(self._retired_key, []))
        self._oldest = self._store.get(self._oldest_key, 0)

    def of(self, device: Device) -> SessionSet:
        try:
            return self._sets[device]
        except KeyError:
            try:
                sessions = self._load(device)
            except OmemoError:
                raise
            except Exception as error:
                raise StoreDamaged("a session makes no sense") from error
            self._sets[device] = sessions
            return sessions

    def is_loaded(self, device: Device) -> bool:
        return device in self._sets

    def has_current(self, device: Device) -> bool:
        """
        Whether there is a session to send on.

        This does not load sessions: otherwise the first question about a room after a
        start would load a thousand.
        """
        sessions = self._sets.get(device)
        if sessions is not None:
            return sessions.current is not None
        found = self._stored.get(device)
        if found is None:
            found = self._store.has(f"{self._prefix(device)}/double_ratchet")
            self._stored[device] = found
        return found

    def _prefix(self, device: Device) -> str:
        return f"/{self._namespace}/{device.jid}/{device.device_id}"

    def _load(self, device: Device) -> SessionSet:
        load = self.backend.load_session(device.jid, device.device_id)
        sessions = SessionSet(speedups.run(load))
        count: int = self._store.get(self._count_key(device), 0)
        for archive in self._archives[:count]:
            load = archive.load_session(device.jid, device.device_id)
            session = speedups.run(load)
            if session is not None:
                sessions.earlier.append(session)
        return sessions

    def adopt(self, device: Device, sessions: SessionSet) -> None:
        """Take over sessions that another program built."""
        self._sets[device] = sessions
        self.rearranged(device)

    def stepped(self, device: Device) -> None:
        """The ratchet of the current session moved."""
        self._changed.add(device)

    def rearranged(self, device: Device) -> None:
        """
        Sessions were added, removed or reordered.

        They are put into the store's pending writes at once: after a long absence a
        hundred new devices may appear in one second, and the commit should not have to
        write them all.
        """
        self._write_set(device)
        self._changed.discard(device)

    @property
    def uncommitted(self) -> bool:
        return bool(self._changed)

    def write(self) -> None:
        """Put every step into the store's pending writes."""
        put = self._store.put
        for device in self._changed:
            session = self._sets[device].current
            assert session is not None
            prefix = self._prefix(device)
            self._store.put_encoded(
                f"{prefix}/double_ratchet", speedups.session_state(session)
            )
            put(f"{prefix}/confirmed", session.confirmed)
        self._changed.clear()

    def _write_set(self, device: Device) -> None:
        sessions = self._sets[device]
        if sessions.current is None:
            self._delete(device, "")
        else:
            speedups.run(self.backend.store_session(sessions.current))
        for slot, session in enumerate(sessions.earlier):
            speedups.run(self._archives[slot].store_session(session))
        stored: int = self._store.get(self._count_key(device), 0)
        for slot in range(len(sessions.earlier), stored):
            self._delete(device, f"/gajim/earlier/{slot}")
        if len(sessions.earlier) != stored:
            self._store.put(self._count_key(device), len(sessions.earlier))

    def forget(self, device: Device) -> None:
        """Delete all sessions with a device."""
        self._sets[device] = SessionSet()
        self.rearranged(device)

    # Sessions of a store that was rolled back

    def retire_all(self, signed_prekey_id: int) -> None:
        """
        Never send on any of the sessions again, nor on one that somebody starts
        with an older signed prekey. They are still tried for what is received.

        Args:
            signed_prekey_id: of the new bundle.
        """
        self._oldest = signed_prekey_id
        self._store.put(self._oldest_key, signed_prekey_id)
        self._retired.clear()
        for device in self._devices():
            sessions = self.of(device)
            sessions.retire_current()
            for session in sessions.earlier:
                self.retire(session)
            self.rearranged(device)

    def retire(self, session: Session) -> None:
        """Never send on a session again."""
        self._retired.add(_mark(session))
        self._store.put(self._retired_key, sorted(self._retired))

    def started_before(self, signed_prekey_id: int) -> bool:
        """Whether somebody starts a session with a signed prekey from before all
        sessions were retired: it may have gone on elsewhere."""
        return signed_prekey_id < self._oldest

    def is_retired(self, session: Session) -> bool:
        return bool(self._retired) and _mark(session) in self._retired

    def _devices(self) -> list[Device]:
        """All devices that have a session."""
        found = set()
        for base in (f"/{self._namespace}/", f"/gajim/earlier/{self._namespace}/"):
            for key in self._store.keys(base):
                jid, _, rest = key[len(base) :].partition("/")
                number = rest.partition("/")[0]
                if number.isdecimal():
                    found.add(Device(jid, int(number)))
        return sorted(found)

    def _delete(self, device: Device, prefix: str) -> None:
        base = f"{prefix}/{self._namespace}/{device.jid}/{device.device_id}/"
        for key in self._store.keys(base):
            self._store.delete(key)
        index = f"{prefix}/{self._namespace}/{device.jid}/device_ids"
        ids = self._store.get(index, [])
        if device.device_id in ids:
            self._store.put(index, [one for one in ids if one != device.device_id])

    def _count_key(self, device: Device) -> str:
        return f"/gajim/earlier/{self._namespace}/{device.jid}/{device.device_id}"


def _mark(session: Session) -> str:
    """The ephemeral key of the key exchange: it identifies a session."""
    exchange = session.key_exchange
    key: bytes = exchange.header.ephemeral_key  # type: ignore[attr-defined]
    return base64.b64encode(key).decode("ascii")


def fork(session: Session) -> Session:
    """
    A copy of a session whose ratchet can step without moving the original's.

    The library replaces the inner state of a ratchet when it steps on receipt,
    except for its mapping of skipped keys, which it changes in place: so a flat
    copy with that mapping copied is enough.
    """
    ratchet = session.double_ratchet  # type: ignore[attr-defined]
    twin_ratchet = _flat_copy(ratchet)
    inside = vars(twin_ratchet)
    for name, value in inside.items():
        if isinstance(value, dict):
            inside[name] = value.copy()
    twin = _flat_copy(session)
    inside = vars(twin)
    for name, value in inside.items():
        if value is ratchet:
            inside[name] = twin_ratchet
    return twin


def _flat_copy(one: T) -> T:
    # What `copy.copy` does for an ordinary object, at a tenth of the cost
    twin = object.__new__(type(one))
    vars(twin).update(vars(one))
    return twin
