# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verifying devices by codes and by phrases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..engine.effects import Effect
from ..engine.engine import OmemoEngine
from ..engine.state.diary import DiaryKind
from ..engine.values import CodeClaims
from ..engine.values import Trust
from ..i18n import language
from ..verify.judge import Judgement
from ..verify.judge import Source
from ..verify.judge import judge
from ..verify.phrase import Phrase
from ..verify.phrase import load_word_lists
from ..verify.phrase import phrase_of
from ..verify.uri import build_fingerprint_uri
from .pep.effects import EffectRunner
from .state.keystore import Keystore


class Verification:
    """The verification of one account's contacts and own devices. Nothing raises."""

    def __init__(
        self,
        own_jid: str,
        keystore: Keystore,
        effects: EffectRunner,
        decided: Callable[[], None],
        note: Callable[[str, DiaryKind], None],
    ) -> None:
        """
        Args:
            decided: called after a decision: messages may have waited for it.
            note: writes down how an account was verified.
        """
        self.own_jid = own_jid
        self._keystore = keystore
        self._effects = effects
        self._decided = decided
        self._note = note

    @property
    def problem(self) -> str:
        """Why nothing can be verified, in the user's words; '' if it can."""
        return self._keystore.problem

    def is_verified(self, jid: str) -> bool:
        """Whether all devices that get our messages to a contact have been
        verified."""
        infos = [
            info
            for info in self._keystore.devices(jid)
            if info.active and info.trust.may_receive
        ]
        return bool(infos) and all(info.trust is Trust.VERIFIED for info in infos)

    # Codes

    def judge(self, text: str, source: Source, expected: str | None) -> Judgement:
        """Find out the meaning of a code; see `verify.judge.judge`."""
        engine = self._keystore.engine
        return judge(
            text,
            source=source,
            expected=expected,
            own_jid=self.own_jid,
            own_device_id=0 if engine is None else engine.device_id,
            devices=self._keystore.devices,
        )

    def apply(
        self,
        judgement: Judgement,
        *,
        confirmed: bool = False,
        way: DiaryKind = DiaryKind.CODE,
    ) -> Judgement:
        """
        Carry out what a code means, if that is still what was shown.

        Args:
            confirmed: the user said that the source of a link is trusted.
            way: how the code came, for the history.

        Returns:
            The judgement with `applied`; or, if nothing was done, the one that
            holds now.
        """
        now = self.judge(judgement.text, judgement.source, judgement.expected)
        if not now.says_the_same(judgement) or not now.can_apply:
            return now
        if now.needs_confirmation and not confirmed:
            return now
        return replace(now, applied=self._decide(now.jid, now.claims, way))

    def withdraw(self, judgement: Judgement) -> None:
        """The user takes a code back: forget what it said of keys that have not
        been met. The trust in known devices is set back one by one."""

        def withdraw(engine: OmemoEngine) -> list[Effect]:
            engine.trust.withdraw(judgement.jid, judgement.claims)
            return []

        self._effects.call("withdrawing a code", withdraw)

    def trust_uri(self, jid: str) -> str:
        """An address with the fingerprints of an account's verified devices."""
        fingerprints = {
            info.device.device_id: info.fingerprint
            for info in self._keystore.devices(jid)
            if info.trust is Trust.VERIFIED and info.active and info.fingerprint
        }
        return build_fingerprint_uri(jid, fingerprints).removesuffix("?")

    # Phrases

    def phrase(self, jid: str) -> Phrase | None:
        """The words to read to a contact; None if keys are missing."""
        return phrase_of(
            jid,
            self._keystore.devices(jid),
            self.own_jid,
            self._keystore.devices(self.own_jid),
            load_word_lists(language()),
        )

    def phrase_matched(self, phrase: Phrase) -> bool:
        """
        Both sides have read the same words: verify the contact's devices that
        they cover.

        Returns:
            False, and nothing is done, if it is not the phrase any more.
        """
        if self.phrase(phrase.jid) != phrase:
            return False
        fingerprints = {
            info.device.device_id: info.fingerprint
            for info in self._keystore.devices(phrase.jid)
            if info.device in phrase.covers and info.fingerprint is not None
        }
        return self._decide(
            phrase.jid, CodeClaims(devices=fingerprints), DiaryKind.WORDS
        )

    def _decide(self, jid: str, claims: CodeClaims, way: DiaryKind) -> bool:
        """Returns whether the decisions were made."""
        done = False

        def decide(engine: OmemoEngine) -> list[Effect]:
            nonlocal done
            effects = engine.trust.decide(jid, claims)
            done = True
            return effects

        self._effects.call("deciding on keys", decide)
        if done:
            self._note(jid, way)
        self._decided()
        return done
