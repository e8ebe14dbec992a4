# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the windows together ask of the bridge; see `ports.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ...bridge.values import Recipient
from ...engine.state.diary import DiaryEntry
from .phrase import PhraseService
from .ports import AlarmsService
from .ports import ConversationService
from .ports import DeviceManager
from .ports import FirstPageSettings
from .ports import Notices
from .ports import OfferService
from .ports import Service
from .ports import SessionRepair
from .ports import SettingsService
from .ports import UnopenedRows
from .trust_before import ComparingService
from .verify import VerifyService


class AllSettings(SettingsService, FirstPageSettings, Protocol):
    """The user's settings of an account."""


class CodesAndPhrases(VerifyService, PhraseService, Protocol):
    """Verification in each of its ways."""


class AllDeviceChanges(DeviceManager, SessionRepair, Protocol):
    """The user's changes to devices, in windows and in chats."""


class ArchiveReading(Protocol):
    """The reading of the archive after a sign-in."""

    @property
    def running(self) -> bool: ...

    @property
    def messages(self) -> int:
        """The number of encrypted messages that came from it."""


class SavedFiles(Protocol):
    """Files that the user saves."""

    def name_of(self, link: str) -> str: ...

    def save(self, link: str, path: Path) -> None: ...


class SentMessages(Protocol):
    """The devices that could read each sent message."""

    def of(self, message_id: str) -> tuple[Recipient, ...] | None: ...


class DeviceEvents(Protocol):
    """The history of devices."""

    def of(self, jid: str) -> tuple[DiaryEntry, ...]:
        """Newest first."""


class VerifyingService(Service, ComparingService, Protocol):
    """The part of the bridge that the window "Verify" uses."""

    @property
    def alarms(self) -> AlarmsService: ...

    @property
    def verification(self) -> PhraseService: ...


class WindowService(ConversationService, OfferService, ComparingService, Protocol):
    """OMEMO on one account, with all that there is a window for."""

    @property
    def settings(self) -> AllSettings: ...

    @property
    def catch_up(self) -> ArchiveReading: ...

    @property
    def files(self) -> SavedFiles: ...

    @property
    def device_management(self) -> AllDeviceChanges: ...

    @property
    def device_history(self) -> DeviceEvents: ...

    @property
    def notices(self) -> Notices: ...

    @property
    def recipients(self) -> SentMessages: ...

    @property
    def unopened(self) -> UnopenedRows: ...

    @property
    def verification(self) -> CodesAndPhrases: ...
