# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A limit on the work that forged messages cause.

An attacker can copy the header of a ratchet message and raise the counter in it. The
ratchet has to step up to this counter before it can tell that the message is forged: a
thousand steps take some milliseconds, for each session and each key of a stanza. The
header says how many steps are needed, so the engine counts them before it makes them.
docs/bounds.md has the times.
"""

from __future__ import annotations

from typing import TypeVar

from omemo.session import Session

from ..backend.codec import RatchetMessage
from ..errors import DecryptionFailed
from ..errors import TooManySkipped
from .rate_limit import RateLimit

# The number of keys for this device that the engine tries in one stanza. There is more
# than one if device ids collide in a room, where OMEMO 0.3 does not say whose key it is
KEYS_MAX = 4

# The number of steps that one stanza may cost without being decrypted, and all stanzas
# of one sender. A ratchet makes at most a thousand on each of two chains
STEPS_OF_STANZA = 2100
_STEPS_OF_SENDER = 20_000
_STEPS_PER_SECOND = 1000.0

# The library refuses to skip more message keys than this
_SKIPPED_MAX = 1000

# A Diffie-Hellman step, two multiplications on the curve, costs as much as this many
# steps of a chain
_COST_OF_RATCHET_STEP = 40

# How many failed keys are kept for one device, and for how many devices and senders
_FAILED_MAX = 500
_SENDERS_MAX = 1000

_K = TypeVar("_K")
_V = TypeVar("_V")

_DH = "_DoubleRatchet__diffie_hellman_ratchet"
_SKIPPED = "_DoubleRatchet__skipped_message_keys"
_OTHER = "_DiffieHellmanRatchet__other_ratchet_pub"


class StanzaWork:
    """The steps that one stanza may still cost."""

    def __init__(self, senders: DecryptionWork, jid: str, now: float) -> None:
        self._left = STEPS_OF_STANZA
        self._senders = senders
        self._jid = jid
        self._now = now

    def check(self, steps: int) -> None:
        """
        Raises:
            TooManySkipped: it would be more than may be spent.
        """
        if steps > self._left or not self._senders.may_spend(
            self._jid, steps, self._now
        ):
            raise TooManySkipped("too much work")

    def spend(self, steps: int) -> None:
        """The session made these steps in vain."""
        self._left -= steps
        self._senders.spend(self._jid, steps, self._now)


class DecryptionWork:
    """The budgets of all senders, and the keys that could not be opened."""

    def __init__(self) -> None:
        # A sender without an entry has not failed yet and has the whole budget
        self._budgets: dict[str, RateLimit] = {}
        self._failed: dict[object, dict[bytes, type[DecryptionFailed]]] = {}

    def stanza_of(self, jid: str, now: float) -> StanzaWork:
        """The budget of a stanza that a sender has sent."""
        return StanzaWork(self, jid, now)

    def may_spend(self, jid: str, steps: int, now: float) -> bool:
        """Whether the budget of a sender has so many steps left."""
        budget = self._budgets.get(jid)
        if budget is None:
            return steps <= _STEPS_OF_SENDER
        return budget.has(steps, now)

    def spend(self, jid: str, steps: int, now: float) -> None:
        """Take steps from the budget of a sender."""
        budget = self._budgets.pop(jid, None)
        if budget is None:
            budget = RateLimit(_STEPS_OF_SENDER, _STEPS_PER_SECOND, now)
        budget.spend(steps)
        self._budgets[jid] = budget
        _shorten(self._budgets, _SENDERS_MAX)

    def note_failed(
        self, device: object, digest: bytes, error: type[DecryptionFailed]
    ) -> None:
        """Remember that no session with a device opens this key, and why, so that it
        is not tried again."""
        failed = self._failed.setdefault(device, {})
        failed[digest] = error
        _shorten(failed, _FAILED_MAX)
        _shorten(self._failed, _SENDERS_MAX)

    def failure_of(
        self, device: object, digest: bytes
    ) -> type[DecryptionFailed] | None:
        """Why a key could not be opened; None if it was not tried."""
        return self._failed.get(device, {}).get(digest)

    def forget(self, device: object) -> None:
        """A session with a device has changed, so failed keys may open now."""
        self._failed.pop(device, None)


def _shorten(one: dict[_K, _V], most: int) -> None:
    while len(one) > most:
        del one[next(iter(one))]


def steps_needed(session: Session, encrypted_key: RatchetMessage) -> int:
    """The number of steps a session's ratchet makes before it can tell whether a
    message is authentic. 0 if its key is at hand."""
    header = encrypted_key.encrypted_message.header
    ratchet = vars(session.double_ratchet)  # type: ignore[attr-defined]
    here = session.receiving_chain_length or 0
    if (header.ratchet_pub, header.sending_chain_length) in ratchet[_SKIPPED]:
        return 0
    if vars(ratchet[_DH])[_OTHER] == header.ratchet_pub:
        return bounded(header.sending_chain_length - here)
    return (
        _COST_OF_RATCHET_STEP
        + bounded(header.previous_sending_chain_length - here)
        + bounded(header.sending_chain_length)
    )


def bounded(steps: int) -> int:
    """The number of these steps that a ratchet makes: none if they exceed its limit."""
    return steps if 0 < steps <= _SKIPPED_MAX else 0


def knows_chain(session: Session, encrypted_key: RatchetMessage) -> bool:
    """Whether a message belongs to the receiving chain of a session, or to a chain with
    skipped keys in it. Then it most likely belongs to this session."""
    header = encrypted_key.encrypted_message.header
    ratchet = vars(session.double_ratchet)  # type: ignore[attr-defined]
    return bool(
        vars(ratchet[_DH])[_OTHER] == header.ratchet_pub
        or (header.ratchet_pub, header.sending_chain_length) in ratchet[_SKIPPED]
    )
