# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of the window "Verify" about a code."""

from __future__ import annotations

from collections.abc import Callable

from ...device_names import title as title_of
from ...engine.keys.device_info import DeviceInfo
from ...engine.values import Trust
from ...i18n import _
from ...i18n import ngettext
from ...verify.fingerprint import groups
from ...verify.judge import Finding
from ...verify.judge import FindingKind
from ...verify.judge import Judgement
from ...verify.judge import Source
from ...verify.judge import Verdict
from .badges import Icon
from .badges import Tone
from .check_failed import ask_back
from .verify_values import Answer
from .verify_values import Line
from .verify_values import Result
from .verify_values import ResultButton
from .verify_values import VerifyAction
from .verify_values import Way


class VerifyTexts:
    """The words for one account."""

    def __init__(self, own_jid: str, name_of: Callable[[str], str]) -> None:
        """
        Args:
            name_of: what the user calls somebody.
        """
        self._own_jid = own_jid
        self._name_of = name_of

    def result(self, judgement: Judgement) -> Result:
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
        text = {
            Source.LINK: _("This link came in a message."),
            Source.DESKTOP: _("Another app opened this link."),
        }.get(judgement.source, "")
        if judgement.verdict is Verdict.MISMATCH:
            text = _(
                "It shows a different key than the one so far. That one would get "
                "nothing any more."
            )
        about = _("It is about {jid}.").format(jid=judgement.jid)
        go_on = _("Verify")
        if judgement.verdict not in (Verdict.MATCH, Verdict.IN_ADVANCE):
            go_on = _("Go on")
        return Result(
            _("How did this code reach you?"),
            f"{about} {text}".rstrip(),
            Icon.UNDECIDED,
            Tone.CAUTION,
            ends=True,
            lines=_notices(judgement, self._name(judgement)),
            buttons=(
                ResultButton(VerifyAction.CONFIRM, go_on),
                ResultButton(VerifyAction.AGAIN, _("Scan a code instead")),
            ),
            asks_way=True,
        )

    def ways(self, judgement: Judgement) -> tuple[tuple[Way, str], ...]:
        """The answers that can be chosen."""
        if self._is_own(judgement):
            first = _("I see it on my other device")
            second = _("Somebody showed it to me in a video call")
        else:
            first = _("{name} gave or showed it to me in person")
            second = _("{name} showed it in a video call")
        name = self._name(judgement)
        return (
            (Way.IN_PERSON, first.format(name=name)),
            (Way.VIDEO_CALL, second.format(name=name)),
            (Way.MESSAGE, _("In a message or an e-mail")),
            (Way.WEBSITE, _("From a website")),
            (Way.UNKNOWN, _("I do not know")),
        )

    def answer(self, judgement: Judgement, way: Way | None, *, sure: bool) -> Answer:
        """
        Judge an answer to the question how the code came.

        Args:
            sure: the user is sure whose website it is.
        """
        if way is None:
            return Answer(enough=False)
        if way is Way.IN_PERSON:
            return Answer(enough=True)
        if way is Way.VIDEO_CALL:
            return Answer(enough=not self._is_own(judgement))
        if way is Way.WEBSITE:
            name = self._name(judgement)
            check = _("I am sure that this is {name}’s own website")
            return Answer(enough=sure, check=check.format(name=name))
        return Answer(
            enough=False,
            text=_(
                "That is not enough. Whoever can change the message can change the "
                "code."
            ),
        )

    def _match(self, judgement: Judgement) -> Result:
        new = judgement.of(FindingKind.VERIFIES)
        again = "" if new else _("You had verified this before.")
        asked = [one for one in judgement.unmentioned if one.trust is Trust.UNDECIDED]
        if asked:
            # Translators: {number} counts devices
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
            count = len(judgement.findings)
            text = ngettext(
                "{count} device of yours is verified.",
                "{count} devices of yours are verified.",
                count,
            ).format(count=count)
        else:
            title = _("{name} is verified").format(name=self._name(judgement))
            count = len(judgement.findings)
            text = ngettext(
                "{jid}: {count} device is verified.",
                "{jid}: {count} devices are verified.",
                count,
            ).format(jid=judgement.jid, count=count)
            text += " " + _("New devices get nothing until you decide.")
        return Result(
            title,
            f"{text} {again}".rstrip(),
            Icon.VERIFIED,
            Tone.GOOD,
            ends=True,
            lines=_notices(judgement, self._name(judgement)),
            buttons=_undo(judgement),
            ask_back=self._ask_back(judgement),
        )

    def _ask_back(self, judgement: Judgement) -> str:
        return "" if self._is_own(judgement) else ask_back(self._name(judgement))

    def _beside_strangers(self, judgement: Judgement, title: str, more: str) -> Result:
        """Devices that were trusted blindly before go on reading."""
        blind = _strangers(judgement)
        if self._is_own(judgement):
            text = ngettext(
                "{count} more device of yours reads your messages and was not "
                "checked. If you do not know it, remove it.",
                "{count} more devices of yours read your messages and were not "
                "checked. If you do not know one, remove it.",
                len(blind),
            )
        else:
            text = ngettext(
                "{count} more device gets your messages and was not checked. Ask "
                "{name} about it.",
                "{count} more devices get your messages and were not checked. Ask "
                "{name} about them.",
                len(blind),
            )
        text = text.format(count=len(blind), name=self._name(judgement))
        name = self._name(judgement)
        others = tuple(
            Line(
                _("{device}: not in this code").format(device=title_of(one, name)),
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
            lines=(*others, *_notices(judgement, self._name(judgement))),
            buttons=(
                ResultButton(VerifyAction.DETAILS, _("Encryption details…")),
                *_undo(judgement),
            ),
            ask_back=self._ask_back(judgement),
        )

    def _in_advance(self, judgement: Judgement) -> Result:
        text = _(
            "As soon as this device appears with exactly this key, it is verified."
        )
        if _strangers(judgement):
            title = _("Remembered, but not all devices")
            return self._beside_strangers(judgement, title, text)
        return Result(
            _("Remembered"),
            text,
            Icon.VERIFIED,
            Tone.GOOD,
            ends=True,
            lines=_notices(judgement, self._name(judgement)),
            buttons=_undo(judgement),
        )

    def _distrust(self, judgement: Judgement) -> Result:
        return Result(
            _("Refused"),
            _("These devices of {jid} get nothing from now on.").format(
                jid=judgement.jid
            ),
            Icon.DISTRUSTED,
            Tone.CAUTION,
            ends=True,
            lines=_notices(judgement, self._name(judgement)),
            buttons=_undo(judgement),
        )

    def _mismatch(self, judgement: Judgement) -> Result:
        if not judgement.of(FindingKind.THIS_DEVICE_DIFFERS):
            title = _("Stop: this is a different key")
            if self._is_own(judgement):
                text = _(
                    "Somebody may be reading along, or the device was set up again. "
                    "It gets nothing now. Look at the device itself. If it is not "
                    "yours, change your password and remove it."
                )
            else:
                text = _(
                    "Somebody may be between you and {name}, or the device was set "
                    "up again. It gets nothing now. Send nothing secret before you "
                    "know. Ask {name} face to face or by phone, not in this chat."
                )
        else:
            title = _("Stop: this code has a wrong key")
            text = _(
                "It shows a key for this very device that the device does not have. "
                "Nothing was verified. Somebody may have changed the code."
            )
        call: tuple[ResultButton, ...] = ()
        if not self._is_own(judgement):
            call = (ResultButton(VerifyAction.CALL, _("Call instead")),)
        return Result(
            title,
            text.format(name=self._name(judgement)),
            Icon.DISTRUSTED,
            Tone.ALARM,
            ends=True,
            lines=_notices(judgement, self._name(judgement)),
            buttons=(
                *call,
                ResultButton(VerifyAction.DETAILS, _("Encryption details…")),
                *_undo(judgement),
            ),
        )

    def _other_contact(self, judgement: Judgement) -> Result:
        return Result(
            _("This is {jid}’s code").format(jid=judgement.jid),
            # Translators: {expected} is an address
            _("You wanted to check {expected}. Nothing was changed.").format(
                expected=judgement.expected
            ),
            Icon.UNDECIDED,
            Tone.CAUTION,
            ends=True,
            buttons=(
                ResultButton(
                    VerifyAction.GO_THERE, _("Verify {jid}").format(jid=judgement.jid)
                ),
                ResultButton(VerifyAction.AGAIN, _("Scan again")),
            ),
        )

    def _own_code(self, judgement: Judgement) -> Result:
        return self._hint(
            _("This is your own code"),
            _("Scan the one that {name} shows.").format(
                name=self._name_of(judgement.expected or "")
            ),
        )

    def _only_this_device(self, _judgement: Judgement) -> Result:
        return self._hint(
            _("This is the code of this very device"),
            _("Scan the one that your other device shows."),
        )

    def _no_keys(self, _judgement: Judgement) -> Result:
        return self._hint(
            _("No keys in this code"),
            _(
                "Ask for the code with the keys. In Gajim: Encryption details, Show "
                "my QR code."
            ),
        )

    def _unreadable(self, _judgement: Judgement) -> Result:
        return self._hint(
            _("Not a code for verifying"),
            _("Part of it may be missing."),
        )

    @staticmethod
    def undone() -> Result:
        """The user took back what a code had changed."""
        return Result(
            _("Undone"),
            _("Everything is as it was before."),
            Icon.UNDECIDED,
            Tone.PLAIN,
            ends=True,
        )

    def nothing_found(self, source: Source) -> Result:
        if source is Source.SCREEN:
            text = _("Put the whole code on the screen, and make it larger.")
        else:
            text = _("The whole code has to be in the picture, and sharp.")
        return self._hint(_("No QR code was found"), text)

    @staticmethod
    def _hint(title: str, text: str) -> Result:
        return Result(title, text, Icon.UNDECIDED, Tone.PLAIN, ends=False)

    def unreadable_image(self) -> Result:
        """The result for a file or a pasted text that is not an image."""
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
        return judgement.jid == self._own_jid


def _undo(judgement: Judgement) -> tuple[ResultButton, ...]:
    """Only what was done can be undone."""
    if not judgement.applied:
        return ()
    return (ResultButton(VerifyAction.UNDO, _("Undo")),)


def _strangers(judgement: Judgement) -> tuple[DeviceInfo, ...]:
    """Devices that get messages, though nobody has verified them."""
    return tuple(one for one in judgement.unmentioned if one.trust is Trust.BLIND)


def _notices(judgement: Judgement, owner: str) -> tuple[Line, ...]:
    # A result that was not carried out must not look as if it was
    done = judgement.applied or not judgement.can_apply
    lines: list[Line] = []
    for finding in judgement.findings:
        text = _described(finding, owner, done=done)
        lines.append(Line(text, groups(finding.fingerprint)))
        info = finding.info
        if finding.kind in _ANOTHER_KEY and info is not None and info.fingerprint:
            known = _("{device}: the key so far")
            if finding.kind is FindingKind.THIS_DEVICE_DIFFERS:
                known = _("{device}: its key is this one")
            text = known.format(device=_device(finding, owner))
            lines.append(Line(text, groups(info.fingerprint)))
    return tuple(lines)


_ANOTHER_KEY = frozenset({FindingKind.MISMATCH, FindingKind.THIS_DEVICE_DIFFERS})


def _described(finding: Finding, owner: str, *, done: bool) -> str:
    said = {
        FindingKind.VERIFIES: _("{device}: verified"),
        FindingKind.ALREADY_VERIFIED: _("{device}: was verified before"),
        FindingKind.IN_ADVANCE: _("{device}: not met yet"),
        FindingKind.MISMATCH: _("{device}: the code shows this key"),
        FindingKind.DISTRUSTS: _("{device}: refused"),
        FindingKind.THIS_DEVICE: _("{device}: this device"),
        FindingKind.THIS_DEVICE_DIFFERS: _("{device}: the code shows this key"),
    }
    if not done:
        said[FindingKind.VERIFIES] = _("{device}: would be verified")
        said[FindingKind.DISTRUSTS] = _("{device}: would be refused")
    return said[finding.kind].format(device=_device(finding, owner))


def _device(finding: Finding, owner: str) -> str:
    """The name of a device in a code."""
    return _("A device") if finding.info is None else title_of(finding.info, owner)
