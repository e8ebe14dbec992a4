# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The errors of the pure layers. The bridge chooses the words for the user; no message of
an error carries plaintext or key material.
"""

from __future__ import annotations

from .effects import Effect
from .values import Device


class OmemoError(Exception):
    """The root of all errors of this plugin."""


class LibraryMissing(OmemoError):
    """A library the engine stands on cannot be imported, or is another
    package of the same name."""


# What came in


class MalformedStanza(OmemoError):
    """An element does not have the form XEP-0384 or XEP-0420 gives it."""


class StanzaTooLarge(MalformedStanza):
    """It is deeper, or has more elements, than anything that makes sense."""


class ReceiveError(OmemoError):
    """
    A message could not be decrypted. No session has changed.

    Attributes:
        effects: what is to be done about it, such as asking the user.
        device: that has sent it, as far as the message says.
    """

    effects: tuple[Effect, ...] = ()
    device: Device | None = None


class NotForThisDevice(ReceiveError):
    """The message holds no key for this device."""


class DuplicateMessage(ReceiveError):
    """The message has been decrypted before. Nothing is to be shown."""


class SentByThisDevice(ReceiveError):
    """The message was sent by this very device. Nothing is to be shown."""


class NoSession(ReceiveError):
    """The sending device uses a session this device does not have."""


class UnknownPrekey(ReceiveError):
    """A key exchange refers to a prekey that does not exist (any more)."""


class DecryptionFailed(ReceiveError):
    """The key could not be authenticated: the session is not that of the sender."""


class PayloadDamaged(DecryptionFailed):
    """The session opened the key, but the key does not fit the payload."""


class MessageKeyGone(DecryptionFailed):
    """Later messages of its chain have come, and its own key was not kept."""


class TooManyKeyExchanges(ReceiveError):
    """The account starts new sessions faster than it may."""


class TooManySkipped(ReceiveError):
    """A counter is further ahead than the ratchet is allowed to step."""


class IdentityKeyChanged(ReceiveError):
    """A known device presented another identity key."""

    def __init__(self, device: Device) -> None:
        super().__init__(f"identity key changed: {device}")
        self.device = device


class BundleRefused(OmemoError):
    """A bundle is not usable: bad signature, no prekeys, or not enough of
    them to be believed."""


# What is to go out


class SendError(OmemoError):
    """A message could not be encrypted. Nothing has been sent."""


class NoRecipient(SendError):
    """At least one recipient has no device that may receive the message."""

    def __init__(self, jids: tuple[str, ...]) -> None:
        super().__init__("no device may receive this")
        self.jids = jids


class TooManyRecipients(SendError):
    """The message would be for more devices than a stanza may carry."""


# The key store


class StoreError(OmemoError):
    """The key store cannot be read or written."""


class StoreLocked(StoreError):
    """Another process has the key store open."""


class StoreTooNew(StoreError):
    """The key store was written by a newer version of the plugin."""


class StoreDamaged(StoreError):
    """The key store is not a database, or its content makes no sense."""


# The key store of another program


class EarlierStoreError(OmemoError):
    """The keys of another OMEMO program cannot be taken over. Nothing was changed."""


class EarlierStoreUnknown(EarlierStoreError):
    """The file is of another version of that program."""


class EarlierStoreDamaged(EarlierStoreError):
    """The file is not a database of that program, or its content makes no sense."""


class EarlierStoreInUse(EarlierStoreError):
    """That program is using its file."""


class IdentityExists(EarlierStoreError):
    """The key store has an identity already."""


# The file that takes an identity to another computer


class MovingFileError(OmemoError):
    """The file cannot be used. Nothing was changed."""


class MovingProgramMissing(MovingFileError):
    """The library that reads and writes it is not there; the text is the name of its
    Debian package."""


class WrongPassphrase(MovingFileError):
    """The passphrase is not that of the file."""


class MovingFileTooNew(MovingFileError):
    """A newer version of the plugin has made it."""


class MovingFileDamaged(MovingFileError):
    """It is no such file, or not a whole one."""


class MovingFileNotRead(MovingFileError):
    """The disk, or the memory of this computer, did not give what is needed."""


class MovingFileOfAnother(MovingFileError):
    """
    It has the identity of another account.

    Attributes:
        own_jid: the address of that account.
    """

    def __init__(self, own_jid: str) -> None:
        super().__init__("another account")
        self.own_jid = own_jid
