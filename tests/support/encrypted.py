# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypted messages that say the same."""

from __future__ import annotations

from dataclasses import replace

from omemo_plugin.engine.values import EncryptedMessage


def by_account(message: EncryptedMessage) -> EncryptedMessage:
    """
    The message with its keys in the order of the accounts, in which they are written.

    The keys of an account stay in their order. A stanza of another program may have an
    account twice, with another one between.
    """
    return replace(message, keys=tuple(sorted(message.keys, key=lambda k: k.jid or "")))
