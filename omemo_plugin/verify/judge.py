# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a scanned code means, compared with what is known: whose it is, which
devices it verifies, and what speaks against it. Nothing is changed here; the
engine carries a judgement out.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from enum import Enum

from ..engine.decisions import Decisions
from ..engine.device_info import DeviceInfo
from ..engine.values import Device
from ..engine.values import Trust
from .jid import ascii_form
from .jid import same_account
from .uri import FingerprintUri
from .uri import InvalidUri
from .uri import NothingToVerify
from .uri import TrustMessageUri
from .uri import parse_uri


class Source(Enum):
    """Where the text of a code came from."""

    CAMERA = "camera"
    SCREEN = "screen"
    FILE = "file"
    CLIPBOARD = "clipboard"
    DROPPED = "dropped"
    TYPED = "typed"
    LINK = "link"
    DESKTOP = "desktop"

    @property
    def is_direct(self) -> bool:
        """
        Whether the user fetched it. A link in a chat, or one that another
        program handed over, may have been written by anybody: the user is to be
        asked whether its source is trusted (XEP-0434, "trust-message").
        """
        return self not in (Source.LINK, Source.DESKTOP)


class Verdict(Enum):
    """
    What a code comes to.

    MATCH: devices that are known have the keys it names.
    IN_ADVANCE: it names only devices that are not known yet.
    DISTRUST: it only says which keys are not to be trusted.
    MISMATCH: a device that is known has another key than it names.
    OTHER_CONTACT: it is of another account than the expected one.
    OWN_CODE: it is of the own account, where a contact's was expected.
    ONLY_THIS_DEVICE: it names nothing but this very device.
    NO_KEYS: it is the address of an account, without keys.
    UNREADABLE: it is no such code, or a damaged one.
    """

    MATCH = "match"
    IN_ADVANCE = "in advance"
    DISTRUST = "distrust"
    MISMATCH = "mismatch"
    OTHER_CONTACT = "other contact"
    OWN_CODE = "own code"
    ONLY_THIS_DEVICE = "only this device"
    NO_KEYS = "no keys"
    UNREADABLE = "unreadable"


class Kind(Enum):
    """
    What a code says of one key.

    VERIFIES: of a known device; it becomes verified. If another key was
        presented for it, that one was not its own.
    ALREADY_VERIFIED: of a device that is verified.
    IN_ADVANCE: of none that is known; remembered for when it appears.
    MISMATCH: of a device that is known with another key. That one becomes
        distrusted.
    DISTRUSTS: not to be trusted.
    THIS_DEVICE: of this device, and right.
    THIS_DEVICE_DIFFERS: of this device, but not its key.
    """

    VERIFIES = "verifies"
    ALREADY_VERIFIED = "already verified"
    IN_ADVANCE = "in advance"
    MISMATCH = "mismatch"
    DISTRUSTS = "distrusts"
    THIS_DEVICE = "this device"
    THIS_DEVICE_DIFFERS = "this device differs"


@dataclass(frozen=True)
class Finding:
    """
    Attributes:
        fingerprint: what the code names, 64 hex digits.
        device: None for a key that is named without a device and not known.
        info: what was known of the device; of a mismatch, its fingerprint is
            the stored one.
    """

    kind: Kind
    fingerprint: str
    device: Device | None = None
    info: DeviceInfo | None = None


@dataclass(frozen=True)
class Judgement:
    """
    Attributes:
        jid: whose code it is, as the roster writes it where it was expected; ''
            if that is not known.
        expected: whose code was expected.
        text: what was judged.
        unmentioned: devices in use that the code does not name: it says
            nothing of them.
        applied: it has been carried out.
    """

    verdict: Verdict
    source: Source
    text: str = field(repr=False)
    jid: str = ""
    expected: str | None = None
    findings: tuple[Finding, ...] = ()
    unmentioned: tuple[DeviceInfo, ...] = ()
    decisions: Decisions = field(default_factory=Decisions, repr=False)
    applied: bool = False

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.kind is kind)

    def says_the_same(self, other: Judgement) -> bool:
        """Whether two judgements come to the same for the user."""
        return (
            self.verdict is other.verdict
            and self.jid == other.jid
            and self.decisions == other.decisions
            and [(one.kind, one.fingerprint, one.device) for one in self.findings]
            == [(one.kind, one.fingerprint, one.device) for one in other.findings]
        )

    @property
    def can_apply(self) -> bool:
        """
        Whether there is anything to carry out.

        SECURITY: who names a wrong key for this very device, the one of which
        we know for certain, is believed nothing else.
        """
        kinds = {one.kind for one in self.findings}
        return bool(kinds & _TO_DO) and Kind.THIS_DEVICE_DIFFERS not in kinds

    @property
    def needs_confirmation(self) -> bool:
        """Whether the user has to say first that the source is trusted."""
        return self.can_apply and not self.source.is_direct


_TO_DO = frozenset({Kind.VERIFIES, Kind.IN_ADVANCE, Kind.MISMATCH, Kind.DISTRUSTS})
_GOOD = frozenset({Kind.VERIFIES, Kind.ALREADY_VERIFIED})


def judge(
    text: str,
    *,
    source: Source,
    expected: str | None,
    own_jid: str,
    own_device_id: int,
    devices: Callable[[str], Sequence[DeviceInfo]],
) -> Judgement:
    """
    Judge what was scanned, read or pasted.

    Args:
        text: anything.
        expected: the bare JID of the contact that is to be verified; the own
            one for another own device; None for nobody in particular.
        devices: gives what is known of an account's devices.
    """

    def nothing(verdict: Verdict, jid: str = "") -> Judgement:
        return Judgement(verdict, source, text, jid, expected)

    try:
        uri = parse_uri(text)
    except NothingToVerify as error:
        return nothing(Verdict.NO_KEYS, error.jid)
    except InvalidUri:
        return nothing(Verdict.UNREADABLE)
    jid = uri.jid
    if same_account(jid, own_jid):
        jid = own_jid
    if expected is not None and not same_account(uri.jid, expected):
        own = jid == own_jid
        return nothing(Verdict.OWN_CODE if own else Verdict.OTHER_CONTACT, jid)
    if expected is not None:
        jid = expected
    elif not devices(jid) and devices(ascii_form(jid)):
        jid = ascii_form(jid)
    known = devices(jid)
    this = Device(own_jid, own_device_id)
    if isinstance(uri, FingerprintUri):
        findings = _judge_devices(uri, jid, known, this)
        decisions = Decisions(devices=uri.fingerprints)
    else:
        findings = _judge_keys(uri, known, this)
        decisions = Decisions(trusted=uri.trusted, distrusted=uri.distrusted)
    named = {one.device for one in findings}
    unmentioned = tuple(
        info
        for info in known
        if info.active
        and info.fingerprint is not None
        and info.device not in named
        and info.device != this
    )
    return Judgement(
        _verdict(findings),
        source,
        text,
        jid,
        expected,
        findings,
        unmentioned,
        decisions,
    )


def _judge_devices(
    uri: FingerprintUri, jid: str, known: Sequence[DeviceInfo], this: Device
) -> tuple[Finding, ...]:
    by_device = {info.device: info for info in known}
    by_key = {info.fingerprint: info for info in known if info.fingerprint}
    findings: list[Finding] = []
    for number, fingerprint in uri.fingerprints.items():
        device = Device(jid, number)
        info = by_device.get(device)
        if info is None or info.fingerprint is None:
            # The key is what counts, should the device have got another id
            other = by_key.get(fingerprint)
            if other is None:
                kind = Kind.IN_ADVANCE
                findings.append(Finding(kind, fingerprint, device, info))
            else:
                findings.append(_match(other, fingerprint, this))
        elif info.fingerprint == fingerprint:
            findings.append(_match(info, fingerprint, this))
        elif device == this:
            kind = Kind.THIS_DEVICE_DIFFERS
            findings.append(Finding(kind, fingerprint, device, info))
        else:
            findings.append(Finding(Kind.MISMATCH, fingerprint, device, info))
    return tuple(findings)


def _match(info: DeviceInfo, fingerprint: str, this: Device) -> Finding:
    if info.device == this:
        kind = Kind.THIS_DEVICE
    elif info.trust is Trust.VERIFIED and not info.key_changed:
        kind = Kind.ALREADY_VERIFIED
    else:
        kind = Kind.VERIFIES
    return Finding(kind, fingerprint, info.device, info)


def _judge_keys(
    uri: TrustMessageUri, known: Sequence[DeviceInfo], this: Device
) -> tuple[Finding, ...]:
    by_key: dict[str, DeviceInfo] = {}
    for info in known:
        if info.identity_key is not None and info.fingerprint is not None:
            by_key[info.fingerprint] = info
            by_key[info.identity_key.hex()] = info
    findings: list[Finding] = []
    for key in sorted(uri.trusted):
        found = by_key.get(key)
        if found is None:
            findings.append(Finding(Kind.IN_ADVANCE, key))
        else:
            findings.append(_match(found, key, this))
    for key in sorted(uri.distrusted):
        found = by_key.get(key)
        if found is None:
            findings.append(Finding(Kind.DISTRUSTS, key))
        elif found.device == this:
            findings.append(Finding(Kind.THIS_DEVICE_DIFFERS, key, this, found))
        else:
            findings.append(Finding(Kind.DISTRUSTS, key, found.device, found))
    return tuple(findings)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    kinds = {one.kind for one in findings}
    if kinds & {Kind.MISMATCH, Kind.THIS_DEVICE_DIFFERS}:
        return Verdict.MISMATCH
    if kinds & _GOOD:
        return Verdict.MATCH
    if Kind.IN_ADVANCE in kinds:
        return Verdict.IN_ADVANCE
    if Kind.DISTRUSTS in kinds:
        return Verdict.DISTRUST
    return Verdict.ONLY_THIS_DEVICE
