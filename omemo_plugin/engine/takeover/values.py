# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The values of another OMEMO program on this computer, read from its file and not yet
converted.

Private keys are Curve25519 scalars, public keys Curve25519 points without the type
byte; all have 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

from ..values import Device
from ..values import Trust


@dataclass(frozen=True)
class EarlierChain:
    """One chain of a ratchet: its ratchet key, and where the chain stands."""

    ratchet_key: bytes
    chain_key: bytes = field(repr=False)
    index: int
    ratchet_private: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class PendingExchange:
    """The key exchange that goes with each message until the other side answers."""

    prekey_id: int
    signed_prekey_id: int
    base_key: bytes


@dataclass(frozen=True)
class LateKey:
    """The key of a message that has not arrived: its chain and its number in it."""

    ratchet_key: bytes
    index: int
    message_key: bytes = field(repr=False)


@dataclass(frozen=True)
class EarlierSession:
    """
    The state of one session.

    Attributes:
        receiving: the newest chain of the other side; while the session is pending,
            it has the other side's signed prekey and has not been used.
        base_key: the ephemeral key of the key exchange, whichever side made it.
        skipped: the number of keys of messages that have not arrived. They are kept
            in a form that python-omemo cannot use.
        late: such keys of a session of python-omemo, which the other form is made of.
    """

    own_identity: bytes
    identity: bytes
    root_key: bytes = field(repr=False)
    sending: EarlierChain
    receiving: EarlierChain
    previous_counter: int
    pending: PendingExchange | None
    base_key: bytes
    skipped: int = 0
    late: tuple[LateKey, ...] = ()


@dataclass(frozen=True)
class EarlierDevice:
    """
    Another device, with its sessions, newest first.

    Attributes:
        listed: whether its owner's device list had it.
        lost: the number of sessions that cannot be read.
    """

    device: Device
    listed: bool
    sessions: tuple[EarlierSession, ...]
    lost: int = 0


@dataclass(frozen=True)
class EarlierKey:
    """The user's decision on an identity key; when it was last seen, in seconds since
    1970, 0 where that is not known."""

    jid: str
    identity: bytes
    trust: Trust
    last_seen: int = 0


@dataclass(frozen=True)
class EarlierPrekey:
    number: int
    private: bytes = field(repr=False)


@dataclass(frozen=True)
class EarlierSignedPrekey:
    """A signed prekey; it was made so many seconds after 1970."""

    number: int
    private: bytes = field(repr=False)
    signature: bytes
    made: int


@dataclass(frozen=True)
class OwnKey:
    """
    A device of this account.

    Attributes:
        device_id: its id.
        fingerprint: 64 hex digits.
        is_unused: nobody has met it. Gajim 2 makes one for each account and lists it
            as soon as there is a connection.
    """

    device_id: int
    fingerprint: str
    is_unused: bool = False


@dataclass(frozen=True)
class EarlierIdentity:
    """
    Everything that can be taken over.

    Attributes:
        signed_prekeys: newest first, at least one.
    """

    device_id: int
    private: bytes = field(repr=False)
    public: bytes
    prekeys: tuple[EarlierPrekey, ...]
    signed_prekeys: tuple[EarlierSignedPrekey, ...]
    devices: tuple[EarlierDevice, ...]
    keys: tuple[EarlierKey, ...]

    @property
    def fingerprint(self) -> str:
        """64 hex digits, as clients show it."""
        return self.public.hex()

    @property
    def was_used(self) -> bool:
        """Whether a contact knows the keys. Gajim 2 makes keys for each account, also
        where nobody has met them."""
        sessions = [one for device in self.devices for one in device.sessions]
        return any(one.pending is None or one.sending.index for one in sessions) or any(
            key.trust in (Trust.VERIFIED, Trust.DISTRUSTED) for key in self.keys
        )

    @property
    def asked_about_all(self) -> bool:
        """Whether the user had to decide on new keys also of accounts of which none
        was decided on. The setting is not in the database; its traces are."""
        decided = {
            key.jid
            for key in self.keys
            if key.trust in (Trust.VERIFIED, Trust.DISTRUSTED)
        }
        return any(
            key.trust is Trust.UNDECIDED and key.jid not in decided for key in self.keys
        )


@dataclass(frozen=True)
class Taken:
    """
    The result of a takeover.

    Attributes:
        sessions: the number of devices with a session that goes on.
        renewed: the number of devices whose session begins again.
        skipped: the number of messages that were under way and cannot be read, should
            they still arrive.
    """

    sessions: int
    renewed: int
    skipped: int
