# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The window "Verify": what happens with a code that was scanned, opened or pasted.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import Protocol

from ...engine.state.diary import DiaryKind
from ...i18n import _
from ...verify.judge import Judgement
from ...verify.judge import Source
from ...verify.judge import Verdict
from .trust_before import ComparingService
from .trust_before import TrustBefore
from .verify_texts import VerifyTexts
from .verify_values import Answer
from .verify_values import Result
from .verify_values import VerifyAction
from .verify_values import Way


class VerifyService(Protocol):
    """The part of the bridge that this presenter uses. Nothing raises."""

    own_jid: str

    @property
    def problem(self) -> str: ...

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        """Compare a code with the known devices, without changing anything."""

    def apply(
        self,
        judgement: Judgement,
        *,
        confirmed: bool = False,
        way: DiaryKind = DiaryKind.CODE,
    ) -> Judgement:
        """
        Carry it out, if it is still the same.

        Args:
            way: how the code came, for the history.
        """

    def withdraw(self, judgement: Judgement) -> None:
        """Forget what it said of keys that have not been met."""


class Verify:
    """
    The content of the window "Verify".

    Attributes:
        texts: what is said.
    """

    def __init__(
        self,
        service: VerifyService,
        devices: ComparingService,
        jid: str | None,
        name_of: Callable[[str], str] = lambda jid: jid,
    ) -> None:
        """
        Args:
            devices: puts trust back when a code is undone.
            jid: who is to be verified; the own JID for another own device;
                None for whoever a link is about.
            name_of: what the user calls somebody.
        """
        self._service = service
        self._devices = devices
        self._before: TrustBefore | None = None
        self._jid = jid
        self._name_of = name_of
        self._judgement: Judgement | None = None
        self.texts = VerifyTexts(service.own_jid, name_of)
        self._answer = Answer(enough=False)
        self._way: Way | None = None

    @property
    def subject(self) -> str:
        """The account that the last code was about."""
        judged = self._judgement.jid if self._judgement is not None else ""
        return judged or self._jid or self._service.own_jid

    @property
    def is_own(self) -> bool:
        return self._jid == self._service.own_jid

    @property
    def for_voice(self) -> str | None:
        """Whom one can compare with on the telephone: not oneself."""
        jid = self._jid or (self._judgement.jid if self._judgement else "")
        return None if not jid or jid == self._service.own_jid else jid

    @property
    def problem(self) -> str:
        """Why nothing can be verified; '' if it can."""
        reason = self._service.problem
        if not reason:
            return ""
        return f"{_('Encryption does not work.')} {reason}"

    @property
    def title(self) -> str:
        if self.is_own:
            return _("Verify another device of yours")
        if self._jid is None:
            return _("Verify a contact")
        return _("Verify {name}").format(name=self._name_of(self._jid))

    @property
    def name(self) -> str:
        """Whom it is about, as the user calls them."""
        return self._name_of(self.subject)

    def read(self, texts: Sequence[str], source: Source) -> Result:
        """
        Deal with the texts found in a picture, or pasted. A code from the camera counts
        at once; for any other the user is asked first how it came.

        Args:
            texts: several if a picture had several codes. The one that means
                most is taken.
        """
        if not texts:
            return self.texts.nothing_found(source)
        judged = [self._service.judge(text, source, self._jid) for text in texts]
        judgement = min(judged, key=lambda one: _WEIGHT.index(one.verdict))
        return self._take(judgement)

    def _take(self, judgement: Judgement) -> Result:
        if judgement.can_apply and not judgement.needs_confirmation:
            judgement = self._apply(judgement, confirmed=False)
        return self._result(judgement)

    def _apply(self, judgement: Judgement, *, confirmed: bool) -> Judgement:
        before = TrustBefore(self._devices, judgement.jid)
        way = _WAYS.get(self._way, DiaryKind.CODE)
        if judgement.source.is_direct:
            # The camera has seen it where the contact is
            way = DiaryKind.CODE_IN_PERSON
        done = self._service.apply(judgement, confirmed=confirmed, way=way)
        if done.applied:
            before.keep(claims=done.claims)
        self._before = before
        return done

    def _result(self, judgement: Judgement) -> Result:
        self._judgement = judgement
        self._answer = Answer(enough=False)
        self._way = None
        return self.texts.result(judgement)

    @property
    def ways(self) -> tuple[tuple[Way, str], ...]:
        """The ways on which the code may have come; none is chosen at first."""
        return () if self._judgement is None else self.texts.ways(self._judgement)

    def answer(self, way: Way | None, *, sure: bool = False) -> Answer:
        """The user said how the code came."""
        if self._judgement is not None:
            self._answer = self.texts.answer(self._judgement, way, sure=sure)
            self._way = way
        return self._answer

    def press(self, act: VerifyAction) -> Result | None:
        """A button was pressed. None where looking begins again."""
        judgement, self._judgement = self._judgement, None
        if judgement is None:
            return None
        if act is VerifyAction.UNDO:
            return self._undo(judgement)
        if act is VerifyAction.AGAIN:
            # From now on the code of the link's owner is looked for
            self._jid = self._jid or judgement.jid or None
            return None
        if act is VerifyAction.GO_THERE:
            self._jid = judgement.jid
            return self._take(
                self._service.judge(judgement.text, judgement.source, judgement.jid)
            )
        if not self._answer.enough:
            return self._result(judgement)
        return self._result(self._apply(judgement, confirmed=True))

    def _undo(self, judgement: Judgement) -> Result:
        before, self._before = self._before, None
        if before is not None and judgement.applied:
            self._service.withdraw(judgement)
            before.restore()
        return self.texts.undone()


# For the history; of the others it is not known
_WAYS: dict[Way | None, DiaryKind] = {
    Way.IN_PERSON: DiaryKind.CODE_IN_PERSON,
    Way.VIDEO_CALL: DiaryKind.CODE_VIDEO_CALL,
    Way.WEBSITE: DiaryKind.CODE_WEBSITE,
}

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
