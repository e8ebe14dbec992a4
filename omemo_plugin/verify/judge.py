# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Judging a verification code: its account, the devices it verifies, and everything that
contradicts it. This module changes nothing; the engine applies a judgement.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from enum import Enum

from ..engine.keys.device_info import DeviceInfo
from ..engine.values import CodeClaims
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
    """The source of a code's text."""

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
        Whether the user saw the code with their own eyes. An attacker may have
        written a link, a picture, a text, or what is on the screen: the user has
        to say how it came (XEP-0434, "trust-message").
        """
        return self is Source.CAMERA


class Verdict(Enum):
    """
    The result of judging a code.

    MATCH: known devices have the keys it names.
    IN_ADVANCE: it names only devices that are not known yet.
    DISTRUST: it only names keys not to be trusted.
    MISMATCH: a known device has another key than it names.
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


class FindingKind(Enum):
    """
    The statement of a code about one key.

    VERIFIES: it is the key of a known device, which becomes verified. Another key
        that was presented for the device was not its own.
    ALREADY_VERIFIED: it is the key of a verified device.
    IN_ADVANCE: no known device has it; the engine keeps it until one appears.
    MISMATCH: the device is known with another key, which becomes distrusted.
    DISTRUSTS: the key is not to be trusted.
    THIS_DEVICE: it is the key of this device.
    THIS_DEVICE_DIFFERS: it names this device with a key that is not its own.
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
        fingerprint: the key that the code names, 64 hex digits.
        device: None for an unknown key that is named without a device.
        info: the device before the code; of a mismatch, its fingerprint is the
            stored one.
    """

    kind: FindingKind
    fingerprint: str
    device: Device | None = None
    info: DeviceInfo | None = None


@dataclass(frozen=True)
class Judgement:
    """
    Attributes:
        jid: the account of the code; as the roster writes it where a code of the
            contact was expected; '' if the account is not known.
        expected: the account whose code was expected.
        text: the text of the code.
        unmentioned: devices in use that the code does not name.
        applied: the engine has applied the code.
    """

    verdict: Verdict
    source: Source
    text: str = field(repr=False)
    jid: str = ""
    expected: str | None = None
    findings: tuple[Finding, ...] = ()
    unmentioned: tuple[DeviceInfo, ...] = ()
    claims: CodeClaims = field(default_factory=CodeClaims, repr=False)
    applied: bool = False

    def of(self, kind: FindingKind) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.kind is kind)

    def says_the_same(self, other: Judgement) -> bool:
        """Whether two judgements are the same for the user."""
        return (
            self.verdict is other.verdict
            and self.jid == other.jid
            and self.claims == other.claims
            and [(one.kind, one.fingerprint, one.device) for one in self.findings]
            == [(one.kind, one.fingerprint, one.device) for one in other.findings]
        )

    @property
    def can_apply(self) -> bool:
        """
        Whether there is anything to apply.

        SECURITY: a code that names a wrong key for this very device, the one key
        that is certain, is not trusted in anything else.
        """
        kinds = {one.kind for one in self.findings}
        return bool(kinds & _TO_DO) and FindingKind.THIS_DEVICE_DIFFERS not in kinds

    @property
    def needs_confirmation(self) -> bool:
        """Whether the user has to say first that the source is trusted."""
        return self.can_apply and not self.source.is_direct


_TO_DO = frozenset(
    {
        FindingKind.VERIFIES,
        FindingKind.IN_ADVANCE,
        FindingKind.MISMATCH,
        FindingKind.DISTRUSTS,
    }
)
_GOOD = frozenset({FindingKind.VERIFIES, FindingKind.ALREADY_VERIFIED})


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
    Judge a text that was scanned, read or pasted.

    Args:
        text: anything.
        expected: the bare JID of the contact that is to be verified; the own
            one for another own device; None for any account.
        devices: gives the known devices of an account.
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
        claims = CodeClaims(devices=uri.fingerprints)
    else:
        findings = _judge_keys(uri, known, this)
        claims = CodeClaims(trusted=uri.trusted, distrusted=uri.distrusted)
    return Judgement(
        _verdict(findings),
        source,
        text,
        jid,
        expected,
        findings,
        _unmentioned(findings, known, this),
        claims,
    )


def _unmentioned(
    findings: Sequence[Finding], known: Sequence[DeviceInfo], this: Device
) -> tuple[DeviceInfo, ...]:
    """The other devices in use that a code does not name."""
    named = {one.device for one in findings}
    return tuple(
        info
        for info in known
        if info.active
        and info.fingerprint is not None
        and info.device not in named
        and info.device != this
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
            # The key counts: the device may have another id now
            other = by_key.get(fingerprint)
            if other is None:
                kind = FindingKind.IN_ADVANCE
                findings.append(Finding(kind, fingerprint, device, info))
            else:
                findings.append(_match(other, fingerprint, this))
        elif info.fingerprint == fingerprint:
            findings.append(_match(info, fingerprint, this))
        elif device == this:
            kind = FindingKind.THIS_DEVICE_DIFFERS
            findings.append(Finding(kind, fingerprint, device, info))
        else:
            findings.append(Finding(FindingKind.MISMATCH, fingerprint, device, info))
    return tuple(findings)


def _match(info: DeviceInfo, fingerprint: str, this: Device) -> Finding:
    if info.device == this:
        kind = FindingKind.THIS_DEVICE
    elif info.trust is Trust.VERIFIED and not info.key_changed:
        kind = FindingKind.ALREADY_VERIFIED
    else:
        kind = FindingKind.VERIFIES
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
            findings.append(Finding(FindingKind.IN_ADVANCE, key))
        else:
            findings.append(_match(found, key, this))
    for key in sorted(uri.distrusted):
        found = by_key.get(key)
        if found is None:
            findings.append(Finding(FindingKind.DISTRUSTS, key))
        elif found.device == this:
            findings.append(Finding(FindingKind.THIS_DEVICE_DIFFERS, key, this, found))
        else:
            findings.append(Finding(FindingKind.DISTRUSTS, key, found.device, found))
    return tuple(findings)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    kinds = {one.kind for one in findings}
    if kinds & {FindingKind.MISMATCH, FindingKind.THIS_DEVICE_DIFFERS}:
        return Verdict.MISMATCH
    if kinds & _GOOD:
        return Verdict.MATCH
    if FindingKind.IN_ADVANCE in kinds:
        return Verdict.IN_ADVANCE
    if FindingKind.DISTRUSTS in kinds:
        return Verdict.DISTRUST
    return Verdict.ONLY_THIS_DEVICE
