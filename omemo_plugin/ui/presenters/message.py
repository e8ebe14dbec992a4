# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "Who can read this message": who could read a message that was sent,
and which device sent one that was received, as it was trusted then.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Sequence
from dataclasses import dataclass

from ...bridge.values import Recipient
from ...device_names import title
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext
from ...verify.fingerprint import InvalidFingerprint
from ...verify.fingerprint import groups
from ...verify.fingerprint import parse_fingerprint
from ...verify.fingerprint import spoken
from . import badges
from .badges import Badge
from .badges import Icon
from .badges import Tone
from .devices import changeable


@dataclass(frozen=True)
class Message:
    """
    The details of a message, from its row in Gajim.

    Attributes:
        encrypted: whether it says so.
        fingerprint: of the device that sent it; '' if it is not known.
        trust: of that device then; None if it is not known.
    """

    message_id: str
    outgoing: bool
    encrypted: bool
    fingerprint: str = ""
    trust: Trust | None = None


@dataclass(frozen=True)
class Entry:
    """
    A device.

    Attributes:
        fingerprint: eight groups, or none.
    """

    title: str
    badge: Badge
    fingerprint: tuple[str, ...] = ()
    spoken: str = ""


@dataclass(frozen=True)
class Part:
    """The devices of one account."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class MessagePage:
    """The content of the window."""

    summary: str
    icon: Icon
    tone: Tone
    parts: tuple[Part, ...] = ()


# Gajim's names for how far a device is trusted
_TRUST = {
    "UNTRUSTED": Trust.DISTRUSTED,
    "UNDECIDED": Trust.UNDECIDED,
    "BLIND": Trust.BLIND,
    "VERIFIED": Trust.VERIFIED,
}


def message_of(values: Sequence[str]) -> Message:
    """
    A row, as a menu hands it on.

    Args:
        values: id, whether it is outgoing and encrypted (or ''), fingerprint,
            Gajim's name of the trust.
    """
    number, outgoing, encrypted, fingerprint, trust = values
    return Message(
        number, bool(outgoing), bool(encrypted), fingerprint, _TRUST.get(trust)
    )


def window_title() -> str:
    return _("Who can read this message")


def page(
    message: Message,
    *,
    readers: Collection[Recipient] | None,
    infos: Collection[DeviceInfo],
    own_fingerprint: str,
) -> MessagePage:
    """
    Args:
        readers: as noted when it was sent from here, with those that were left out;
            None if nothing was.
        infos: the devices known now of whoever sent it.
        own_fingerprint: of this device.
    """
    if not message.encrypted:
        return MessagePage(
            _("This message was not encrypted. The servers could read it."),
            Icon.DISTRUSTED,
            Tone.ALARM,
        )
    if message.outgoing and readers is not None:
        return _sent(readers)
    if message.outgoing and _same(message.fingerprint, own_fingerprint):
        return MessagePage(
            _("It was encrypted. It is not known any more for which devices."),
            Icon.UNDECIDED,
            Tone.PLAIN,
        )
    return _received(message, infos)


def _sent(noted: Collection[Recipient]) -> MessagePage:
    readers = [one for one in noted if not one.left_out]
    verified = all(one.trust is Trust.VERIFIED for one in readers)
    count = len(readers)
    if verified:
        text = ngettext(
            "When it was sent, {count} device could read it. It was verified.",
            "When it was sent, {count} devices could read it. All of them were "
            "verified.",
            count,
        )
    else:
        text = ngettext(
            "When it was sent, {count} device could read it. It was not verified.",
            "When it was sent, {count} devices could read it. Not all of them "
            "were verified.",
            count,
        )
    parts = []
    for jid in dict.fromkeys(one.device.jid for one in noted):
        entries = tuple(
            Entry(_name(one), _badge(one)) for one in noted if one.device.jid == jid
        )
        parts.append(Part(jid, entries))
    text = text.format(count=count)
    silent = len(noted) - count
    if silent:
        text += " " + ngettext(
            "{count} device got nothing: it had not been heard for long.",
            "{count} devices got nothing: they had not been heard for long.",
            silent,
        ).format(count=silent)
    return MessagePage(
        text,
        Icon.VERIFIED if verified else Icon.TRUSTED,
        Tone.GOOD if verified else Tone.PLAIN,
        tuple(parts),
    )


def _badge(one: Recipient) -> Badge:
    if one.left_out:
        return badges.silent(one.trust)
    return badges.of_trust(one.trust)


def _name(reader: Recipient) -> str:
    if reader.label:
        return reader.label
    return _("A device of {jid}").format(jid=reader.device.jid)


def _received(message: Message, infos: Collection[DeviceInfo]) -> MessagePage:
    trust = message.trust or Trust.UNDECIDED
    digits = _digits(message.fingerprint)
    if not digits:
        return MessagePage(
            _("It was not opened, so it is not known who wrote it."),
            Icon.DISTRUSTED,
            Tone.ALARM,
        )
    then = badges.of_trust(trust)
    known = next(
        (one for one in infos if one.fingerprint and _same(one.fingerprint, digits)),
        None,
    )
    texts = {
        Trust.VERIFIED: _("It came from a device that was verified then."),
        Trust.BLIND: _("It came from a device that was not verified then."),
        Trust.UNDECIDED: _(
            "It came from a device you had not decided about then. Somebody else "
            "may have written it."
        ),
        Trust.DISTRUSTED: _(
            "It came from a device you had refused then. Somebody else may have "
            "written it."
        ),
    }
    parts = []
    text = texts[trust]
    if known is not None and changeable(known):
        text = f"{text} {changeable(known)}"
    if known is None:
        name, badge = _("A device that is not known any more"), then
        heading = _("Sent by")
    else:
        name, badge = title(known), badges.of_device(known)
        heading = _("Sent by this device of {who}, as it is now").format(
            who=known.device.jid
        )
    said = _("Fingerprint: {digits}").format(digits=spoken(digits))
    parts.append(Part(heading, (Entry(name, badge, groups(digits), said),)))
    return MessagePage(text, then.icon, then.tone, tuple(parts))


def _digits(text: str) -> str:
    """The digits of a fingerprint; '' for what Gajim has in place of one."""
    try:
        digits: str = parse_fingerprint(text)
    except InvalidFingerprint:
        return ""
    return digits


def _same(one: str, other: str) -> bool:
    return bool(_digits(one)) and _digits(one) == _digits(other)
