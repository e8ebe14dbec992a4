# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors that stop a message on its way out."""

from __future__ import annotations

from ..values import Offer


class CannotSend(Exception):
    """
    A message is not sent unless the user wants it.

    Attributes:
        reason: for the user.
        offer: what there is to do about it.
        concerns_chat: the same is said of the whole chat, above its input.
    """

    def __init__(
        self, reason: str, offer: Offer | None = None, *, concerns_chat: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offer = offer
        self.concerns_chat = concerns_chat


class MustWait(Exception):
    """A message stays in the queue until something happens, such as that the
    account is online again."""


class EncryptAgain(Exception):
    """The recipients have changed: a message is to be encrypted once more."""
