# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The question whether the keys that this Gajim used before are kept. Until it is
answered nothing is published, and what Gajim 2 has built in goes on to work. Gajim 1.7
has nothing else that could decrypt, so its encrypted messages wait for the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine.errors import EarlierStoreError
from ..engine.errors import EarlierStoreInUse
from ..engine.errors import OmemoError
from ..engine.takeover.values import OwnKey
from .gajim import constants as gajim_constants
from .incoming.held_messages import Held
from .incoming.held_messages import HeldMessages
from .log import guard
from .log import report
from .notices import texts
from .signals import Signal
from .state.earlier_store import EarlierState
from .state.earlier_store import EarlierStore

if TYPE_CHECKING:
    from .gajim.nbxmpp_protocols import MessageProperties
    from .gajim.nbxmpp_protocols import MessageStanza
    from .gajim.protocols import Client

log = logging.getLogger("gajim.p.omemo_plugin")


@dataclass(frozen=True)
class TakeoverOffer:
    """
    The question, for the windows.

    Attributes:
        account: Gajim's name of it.
        own_jid: its bare JID.
        is_built_in: the keys are those of Gajim's own OMEMO, and not of gajim-omemo.
        answer: called with True to keep the keys, with False to begin with new ones.
            Returns why that was not possible, in the user's words, or ''.
    """

    account: str
    own_jid: str
    is_built_in: bool
    answer: Callable[[bool], str]


# Emitted with the question, when there is one
takeover_asked: Signal[[TakeoverOffer]] = Signal("asking about keys from before")


class KeyTakeover:
    """
    Keys from before, of one account.

    Attributes:
        offer: the question, while it is open.
    """

    def __init__(
        self, client: Client, store: EarlierStore, serve: Callable[[str], None]
    ) -> None:
        """
        Args:
            serve: called once it is settled which keys are used, with a line for the
                user or ''. OMEMO begins to work then.
        """
        self._client = client
        self._store = store
        self._serve = serve
        self._held = HeldMessages()
        self.offer: TakeoverOffer | None = None

    def start(self) -> None:
        """Ask, or go on without a question."""
        state = self._state()
        if state is EarlierState.ASK:
            self.offer = TakeoverOffer(
                self._client.account,
                gajim_constants.own_jid(self._client),
                gajim_constants.HAS_BUILTIN_OMEMO,
                self._answered,
            )
            self.ask()
        elif state is EarlierState.INTERRUPTED:
            self._serve(self._go_on())
        else:
            self._serve("")

    def ask(self) -> None:
        """Show the question."""
        if self.offer is not None:
            takeover_asked.emit(self.offer)

    def own_key(self) -> OwnKey | None:
        """The device that another program of this computer has."""
        return self._store.own_key()

    def _state(self) -> EarlierState:
        try:
            return self._store.state()
        except EarlierStoreInUse:
            # There is one, then
            return EarlierState.ASK
        except OmemoError as error:
            # New keys are better than none; the store says itself what is wrong
            log.warning("The earlier keys: %s", type(error).__name__)
            return EarlierState.NOTHING

    def _go_on(self) -> str:
        """Go on after a crash. Returns a line for the user."""
        try:
            return texts.key_kept(self._store.take())
        except EarlierStoreInUse:
            # Nothing is encrypted now; the next start tries it again
            raise
        except EarlierStoreError as error:
            log.error("The earlier keys are lost: %s", type(error).__name__)
            return texts.earlier_key_is_lost()

    def _answered(self, keep: bool) -> str:
        if self.offer is None:
            return ""
        line = ""
        if keep:
            try:
                line = self._take()
            except Exception as error:  # noqa: BLE001 - the user is told
                report("keeping the earlier keys", error)
                return texts.key_not_kept()
        self.offer = None
        self._serve(line)
        return ""

    def _take(self) -> str:
        if not gajim_constants.HAS_BUILTIN_OMEMO:
            return texts.key_kept(self._store.take())
        from .gajim import builtin_takeover

        # Nothing of it may move a ratchet any more
        builtin = builtin_takeover.close_store(self._client)
        try:
            return texts.key_kept(self._store.take())
        except BaseException:
            with guard("giving the built-in module its keys back"):
                builtin_takeover.renew(self._client, builtin)
            raise

    # Messages that wait

    def hold(self, stanza: MessageStanza, properties: MessageProperties) -> bool:
        """Keep an encrypted message until the answer; whether it is kept."""
        if self.offer is None or gajim_constants.HAS_BUILTIN_OMEMO:
            return False
        return self._held.hold(stanza, properties)

    def take_held(self) -> list[Held]:
        """All messages that wait, in their order; they do not wait any more."""
        return self._held.take()
