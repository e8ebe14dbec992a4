# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "Verify": what is said of a code that was scanned, opened or pasted.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from ...bridge.i18n import _
from ...bridge.i18n import ngettext
from ...engine.device_info import DeviceInfo
from ...engine.values import Device
from ...engine.values import Trust
from ...verify.fingerprint import groups
from ...verify.judge import Finding
from ...verify.judge import Judgement
from ...verify.judge import Kind
from ...verify.judge import Source
from ...verify.judge import Verdict
from .badges import Icon
from .badges import Tone


class VerifyService(Protocol):
    """What the window asks of the bridge. Nothing raises."""

    own_jid: str

    @property
    def problem(self) -> str: ...

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        """What a code means, without doing anything."""

    def apply(self, judgement: Judgement, *, confirmed: bool = False) -> Judgement:
        """Carry it out, if it is still the same."""


class Act(Enum):
    """What a button in the window does."""

    CONFIRM = "confirm"
    GO_THERE = "go there"
    AGAIN = "again"
    DETAILS = "details"


@dataclass(frozen=True)
class Button:
    act: Act
    label: str


@dataclass(frozen=True)
class Line:
    """
    A device in a code.

    Attributes:
        fingerprint: eight groups.
    """

    text: str
    fingerprint: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """
    What the window says of a code.

    Attributes:
        ends: the code has been dealt with; otherwise looking goes on.
    """

    title: str
    text: str
    icon: Icon
    tone: Tone
    ends: bool
    lines: tuple[Line, ...] = ()
    buttons: tuple[Button, ...] = ()

    @property
    def spoken(self) -> str:
        return f"{self.title}. {self.text}"


class Verify:
    """Behind the window."""

    def __init__(
        self,
        service: VerifyService,
        jid: str | None,
        name_of: Callable[[str], str] = lambda jid: jid,
    ) -> None:
        """
        Args:
            jid: who is to be verified; the own JID for another own device;
                None for whoever a link is about.
            name_of: what the user calls somebody.
        """
        self._service = service
        self._jid = jid
        self._name_of = name_of
        self._judgement: Judgement | None = None

    @property
    def subject(self) -> str:
        """Whose code was dealt with."""
        judged = self._judgement.jid if self._judgement is not None else ""
        return judged or self._jid or self._service.own_jid

    @property
    def is_own(self) -> bool:
        return self._jid == self._service.own_jid

    @property
    def for_voice(self) -> str | None:
        """Whom one can compare with on the telephone: not oneself."""
        return None if self.is_own else self._jid

    @property
    def problem(self) -> str:
        """Why nothing can be verified; '' if it can."""
        reason = self._service.problem
        if not reason:
            return ""
        return _("OMEMO does not work: {reason}").format(reason=reason)

    @property
    def title(self) -> str:
        if self.is_own:
            return _("Verify another device of yours")
        if self._jid is None:
            return _("Verify a contact")
        return _("Verify {name}").format(name=self._name_of(self._jid))

    @property
    def help(self) -> str:
        """What to do, in front of a friend with a phone."""
        if self.is_own:
            return _(
                "Show the QR code of your other device to the camera. In "
                "Conversations you find it under Account details, in Gajim under "
                "“My QR code”."
            )
        if self._jid is None:
            return _("A code tells whose it is.")
        return _(
            "Show the QR code of {name} to the camera. In Conversations it is in "
            "the contact’s own account details, in Gajim under “My QR code”. Take "
            "it from {name} in person, or by a way you trust."
        ).format(name=self._name_of(self._jid))

    def read(self, texts: Sequence[str], source: Source) -> Result:
        """
        What was found in a picture, or pasted. What it verifies is verified,
        unless it comes from a source that has to be asked about first.

        Args:
            texts: several if a picture had several codes. The one that means
                most is taken.
        """
        if not texts:
            return self._nothing_found(source)
        judged = [self._service.judge(text, source, self._jid) for text in texts]
        judgement = min(judged, key=lambda one: _WEIGHT.index(one.verdict))
        return self._take(judgement)

    def _take(self, judgement: Judgement) -> Result:
        if judgement.can_apply and not judgement.needs_confirmation:
            judgement = self._service.apply(judgement)
        self._judgement = judgement
        return self._result(judgement)

    def press(self, act: Act) -> Result | None:
        """A button was pressed. None where looking begins anew."""
        judgement, self._judgement = self._judgement, None
        if judgement is None:
            return None
        if act is Act.AGAIN:
            # Whose link it was, that person's code is looked for now
            self._jid = self._jid or judgement.jid or None
            return None
        if act is Act.GO_THERE:
            self._jid = judgement.jid
            return self._take(
                self._service.judge(judgement.text, judgement.source, judgement.jid)
            )
        judgement = self._service.apply(judgement, confirmed=True)
        self._judgement = judgement
        return self._result(judgement)

    # What is said

    def _result(self, judgement: Judgement) -> Result:
        if judgement.can_apply and not judgement.applied:
            return self._question(judgement)
        make = {
            Verdict.MATCH: self._match,
            Verdict.IN_ADVANCE: self._in_advance,
            Verdict.DISTRUST: self._distrust,
            Verdict.MISMATCH: self._mismatch,
            Verdict.OTHER_CONTACT: self._other_contact,
            Verdict.OWN_CODE: self._own_code,
            Verdict.ONLY_THIS_DEVICE: self._only_this_device,
            Verdict.NO_KEYS: self._no_keys,
            Verdict.UNREADABLE: self._unreadable,
        }
        return make[judgement.verdict](judgement)

    def _name(self, judgement: Judgement) -> str:
        return self._name_of(judgement.jid)

    def _question(self, judgement: Judgement) -> Result:
        where = {
            Source.LINK: _("This link came in a message."),
            Source.DESKTOP: _("Another program opened this link."),
        }.get(judgement.source, _("Something changed in the meantime."))
        text = _(
            "{where} Whoever can change it can make you trust a wrong key. "
            "Verify only if you are sure that it is from {jid}: if you got it "
            "in person, or from a website you trust."
        ).format(where=where, jid=judgement.jid)
        if judgement.verdict is Verdict.MISMATCH:
            text += " " + _(
                "Be careful: it names another key than the one that Gajim was given, "
                "which would get no messages any more."
            )
        return Result(
            _("Does this really come from {name}?").format(name=self._name(judgement)),
            text,
            Icon.UNDECIDED,
            Tone.CAUTION,
            ends=True,
            lines=_lines(judgement),
            buttons=(
                Button(Act.CONFIRM, _("I am sure, verify")),
                Button(Act.AGAIN, _("Scan a code instead")),
            ),
        )

    def _match(self, judgement: Judgement) -> Result:
        new = judgement.of(Kind.VERIFIES)
        again = "" if new else _("You had verified this before.")
        asked = [one for one in judgement.unmentioned if one.trust is Trust.UNDECIDED]
        if asked:
            again += " " + ngettext(
                "{number} other device is not in this code, and gets no messages "
                "until it is verified.",
                "{number} other devices are not in this code, and get no messages "
                "until they are verified.",
                len(asked),
            ).format(number=len(asked))
        if _strangers(judgement):
            title = _("Verified, but not all devices")
            return self._beside_strangers(judgement, title, again)
        if self._is_own(judgement):
            title = _("Verified")
            text = ngettext(
                "This device of yours is verified.",
                "These devices of yours are verified.",
                len(judgement.findings),
            )
        else:
            title = _("{name} is verified").format(name=self._name(judgement))
            text = _("What you write to {jid} is encrypted for the right person.")
            text = text.format(jid=judgement.jid)
        return Result(
            title,
            f"{text} {again}".rstrip(),
            Icon.VERIFIED,
            Tone.GOOD,
            ends=True,
            lines=_lines(judgement),
        )

    def _beside_strangers(self, judgement: Judgement, title: str, more: str) -> Result:
        """Devices that were trusted blindly before go on reading."""
        blind = _strangers(judgement)
        if self._is_own(judgement):
            text = ngettext(
                "{number} other device of yours reads your messages too, and is not "
                "in this code. If you do not know it, somebody may be reading along: "
                "remove it.",
                "{number} other devices of yours read your messages too, and are not "
                "in this code. If you do not know one, somebody may be reading "
                "along: remove it.",
                len(blind),
            )
        else:
            text = ngettext(
                "{number} other device of {jid} gets your messages too, and is not "
                "in this code. If {name} does not know it, somebody may be reading "
                "along: stop trusting it.",
                "{number} other devices of {jid} get your messages too, and are not "
                "in this code. If {name} does not know one, somebody may be reading "
                "along: stop trusting it.",
                len(blind),
            )
        text = text.format(
            number=len(blind), jid=judgement.jid, name=self._name(judgement)
        )
        others = tuple(
            Line(
                _("{device}: not in this code").format(device=_label(one.device, one)),
                groups(one.fingerprint or ""),
            )
            for one in blind
        )
        return Result(
            title,
            f"{text} {more}".rstrip(),
            Icon.TRUSTED,
            Tone.CAUTION,
            ends=True,
            lines=(*others, *_lines(judgement)),
            buttons=(Button(Act.DETAILS, _("Encryption details…")),),
        )

    def _in_advance(self, judgement: Judgement) -> Result:
        text = _(
            "Gajim has not met this device of {jid} yet. As soon as it appears "
            "with exactly this key it is verified."
        ).format(jid=judgement.jid)
        if _strangers(judgement):
            title = _("Remembered, but not all devices")
            return self._beside_strangers(judgement, title, text)
        return Result(
            _("Remembered"),
            text,
            Icon.VERIFIED,
            Tone.GOOD,
            ends=True,
            lines=_lines(judgement),
        )

    def _distrust(self, judgement: Judgement) -> Result:
        return Result(
            _("Not trusted any more"),
            _("These keys of {jid} get no messages from now on.").format(
                jid=judgement.jid
            ),
            Icon.DISTRUSTED,
            Tone.CAUTION,
            ends=True,
            lines=_lines(judgement),
        )

    def _mismatch(self, judgement: Judgement) -> Result:
        if not judgement.of(Kind.THIS_DEVICE_DIFFERS):
            title = _("Warning: this key is a different one")
            text = _(
                "The code shows another key than the one that Gajim was given for "
                "{jid}. Somebody may be reading along, or the device was set up "
                "anew. It gets no messages any more."
            )
            if self._is_own(judgement):
                text += " " + _(
                    "Look at that device which fingerprint it shows for itself. If "
                    "it is not yours, change your password and remove it."
                )
            else:
                text += " " + _(
                    "Do not write anything confidential before you have asked "
                    "{name}, in person or on the phone, what happened."
                )
        else:
            title = _("Warning: this code has a wrong key")
            text = _(
                "It names a key for this very device which the device does not "
                "have. Nothing was verified. Do not rely on this code, and find out "
                "where it came from: somebody may have changed it."
            )
        return Result(
            title,
            text.format(jid=judgement.jid, name=self._name(judgement)),
            Icon.DISTRUSTED,
            Tone.ALARM,
            ends=True,
            lines=_lines(judgement),
            buttons=(Button(Act.DETAILS, _("Encryption details…")),),
        )

    def _other_contact(self, judgement: Judgement) -> Result:
        return Result(
            _("This is the code of somebody else"),
            _("It belongs to {jid}, not to {expected}. Nothing was changed.").format(
                jid=judgement.jid, expected=judgement.expected
            ),
            Icon.UNDECIDED,
            Tone.CAUTION,
            ends=True,
            buttons=(
                Button(Act.GO_THERE, _("Verify {jid}").format(jid=judgement.jid)),
                Button(Act.AGAIN, _("Scan again")),
            ),
        )

    def _own_code(self, judgement: Judgement) -> Result:
        return self._hint(
            _("This is your own code"),
            _("Scan the one that {name} shows you.").format(
                name=self._name_of(judgement.expected or "")
            ),
        )

    def _only_this_device(self, _judgement: Judgement) -> Result:
        return self._hint(
            _("This is the code of this very device"),
            _("Scan the one that your other device shows."),
        )

    def _no_keys(self, judgement: Judgement) -> Result:
        return self._hint(
            _("There are no keys in this code"),
            _(
                "It has only the address {jid}. Ask for the code with the keys: "
                "in Gajim it is “My QR code”."
            ).format(jid=judgement.jid),
        )

    def _unreadable(self, _judgement: Judgement) -> Result:
        return self._hint(
            _("This is not an OMEMO code"),
            _("It says something else, or a part of it is missing."),
        )

    def _nothing_found(self, source: Source) -> Result:
        if source is Source.SCREEN:
            text = _("Put the whole code on the screen, and make it larger.")
        else:
            text = _("The whole code has to be in the picture, and sharp.")
        return self._hint(_("No QR code was found"), text)

    @staticmethod
    def _hint(title: str, text: str) -> Result:
        return Result(title, text, Icon.UNDECIDED, Tone.PLAIN, ends=False)

    def unreadable_image(self) -> Result:
        """What was opened or pasted is not an image."""
        return self._hint(
            _("This is not an image"),
            _("Choose a PNG, JPEG or WebP file."),
        )

    def no_screen(self) -> Result:
        """The screen could not be looked at."""
        return self._hint(
            _("The screen cannot be looked at"),
            _("Take a screenshot and open it as an image."),
        )

    def empty_clipboard(self) -> Result:
        return self._hint(
            _("There is no code in the clipboard"),
            _("Copy an image, or a link that begins with “xmpp:”."),
        )

    def _is_own(self, judgement: Judgement) -> bool:
        return judgement.jid == self._service.own_jid


# The first one is what a picture with several codes is about
_WEIGHT = (
    Verdict.MISMATCH,
    Verdict.MATCH,
    Verdict.IN_ADVANCE,
    Verdict.DISTRUST,
    Verdict.OTHER_CONTACT,
    Verdict.ONLY_THIS_DEVICE,
    Verdict.OWN_CODE,
    Verdict.NO_KEYS,
    Verdict.UNREADABLE,
)


def _strangers(judgement: Judgement) -> tuple[DeviceInfo, ...]:
    """Devices that get messages, though nobody has verified them."""
    return tuple(one for one in judgement.unmentioned if one.trust is Trust.BLIND)


def _lines(judgement: Judgement) -> tuple[Line, ...]:
    # What has not been carried out is not to look as if it had been
    done = judgement.applied or not judgement.can_apply
    lines: list[Line] = []
    for finding in judgement.findings:
        text = _described(finding, done=done)
        lines.append(Line(text, groups(finding.fingerprint)))
        info = finding.info
        if finding.kind in _ANOTHER_KEY and info is not None and info.fingerprint:
            known = _("{device}: Gajim was given this key")
            if finding.kind is Kind.THIS_DEVICE_DIFFERS:
                known = _("{device}: its key is this one")
            text = known.format(device=_device(finding))
            lines.append(Line(text, groups(info.fingerprint)))
    return tuple(lines)


_ANOTHER_KEY = frozenset({Kind.MISMATCH, Kind.THIS_DEVICE_DIFFERS})


def _described(finding: Finding, *, done: bool) -> str:
    said = {
        Kind.VERIFIES: _("{device}: verified"),
        Kind.ALREADY_VERIFIED: _("{device}: was verified before"),
        Kind.IN_ADVANCE: _("{device}: not met yet"),
        Kind.MISMATCH: _("{device}: the code shows this key"),
        Kind.DISTRUSTS: _("{device}: not trusted any more"),
        Kind.THIS_DEVICE: _("{device}: this device"),
        Kind.THIS_DEVICE_DIFFERS: _("{device}: the code shows this key"),
    }
    if not done:
        said[Kind.VERIFIES] = _("{device}: would be verified")
        said[Kind.DISTRUSTS] = _("{device}: would not be trusted any more")
    return said[finding.kind].format(device=_device(finding))


def _device(finding: Finding) -> str:
    return _label(finding.device, finding.info)


def _label(device: Device | None, info: DeviceInfo | None) -> str:
    if info is not None and info.label:
        return info.label
    if device is None:
        return _("Device")
    return _("Device {number}").format(number=device.device_id)
