# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The parts of the bridge that the windows use, as protocols. The bridge's
`AccountService` implements them; tests put something smaller in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from typing import Protocol

from ...bridge.gajim.protocols import Contact
from ...bridge.values import ClearReason
from ...bridge.values import Offer
from ...bridge.values import Remedy
from ...bridge.values import WaitingMessage
from ...engine.keys.device_info import DeviceInfo
from ...engine.messages.planning import SendPlan
from ...engine.values import Alarm
from ...engine.values import Device
from ...engine.values import Trust
from .trust_before import CheckAlarms
from .trust_before import TrustSetter


class DeviceManager(TrustSetter, Protocol):
    """The user's changes to devices. Nothing raises."""

    def rename(self, device: Device, name: str) -> None:
        """The user's own name for a device; '' for none."""

    def undo(self, device: Device, trust: Trust) -> None:
        """The user takes the last decision back."""

    def undo_refusal(self, device: Device) -> None: ...

    def accept_key(self, device: Device) -> None:
        """Without having checked it."""

    def forget(self, device: Device) -> None: ...

    def remove_own(self, device: Device) -> None: ...

    def replace_session(self, device: Device) -> None: ...

    def write_again(self, device: Device) -> None:
        """For a device that has not been heard for long."""

    def keep(self, device: Device) -> None:
        """An own device that is not used. It is not asked about again."""


class Service(Protocol):
    """OMEMO on one account. Nothing raises."""

    account: str
    own_jid: str

    @property
    def problem(self) -> str:
        """Why OMEMO does not work, in the user's words; '' if it does."""

    @property
    def device_management(self) -> DeviceManager: ...

    @property
    def device_id(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def devices(self, jid: str) -> tuple[DeviceInfo, ...]: ...

    def is_earlier(self, info: DeviceInfo) -> bool:
        """Whether another OMEMO of this Gajim has left this own device."""

    def plan(self, jids: Collection[str]) -> SendPlan | None:
        """The devices that would get a message now; None without keys of our own."""

    def follow(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Be told when devices or trust may have changed. Returns what ends
        that."""


class EncryptionChoices(Protocol):
    """The choice of encryption in conversations. Nothing raises."""

    def wants(self, contact: Contact) -> bool:
        """Whether encryption is to be switched on, as nothing was chosen."""

    def why_in_clear(self, contact: Contact) -> ClearReason | None: ...

    def switch_on(self, jid: str) -> None: ...

    def switch_off(self, jid: str) -> None: ...

    def send_without(self, jid: str) -> None: ...

    def stay_without(self, jid: str) -> None: ...


class RoomsService(Protocol):
    """The rooms of an account."""

    def members(self, room_jid: str) -> tuple[str, ...] | None: ...

    def recipients(self, room_jid: str) -> tuple[str, ...] | None: ...

    def person(self, address: str) -> str | None:
        """The bare JID of an occupant."""

    def left_out(self, room_jid: str) -> frozenset[str]: ...

    def is_exposed(self, room_jid: str) -> bool: ...

    def unnamed(self, room_jid: str) -> tuple[str, ...]:
        """Recipients whose addresses the user has not seen."""

    def unanswered(self, room_jid: str) -> frozenset[str]:
        """Recipients that the user was warned of, and has not answered."""


class NewMembersService(Protocol):
    """Members who were added to rooms."""

    def on_screen(self, room: str, named: Collection[str]) -> None:
        """A room is on screen, with the names of these members."""


class AlarmsService(CheckAlarms, Protocol):
    """The alarms that the user has not answered. Nothing raises."""

    def all(self) -> tuple[Alarm, ...]:
        """The newest one comes last."""

    def open(self, jids: Collection[str]) -> tuple[Alarm, ...]:
        """About accounts or rooms, and about the own account."""

    def answer(self, alarm: Alarm, *, accept: bool) -> None: ...


class FirstPageSettings(Protocol):
    """What the first page asks about an account, and says of it."""

    own_jid: str
    encrypt_by_default: bool
    introduced: bool
    public_name: str

    @property
    def must_be_temporary(self) -> bool: ...


class WaitingService(Protocol):
    """The messages of an account that have not been sent. Nothing raises."""

    def of(self, jid: str) -> tuple[WaitingMessage, ...]: ...

    def cancel(self, number: int) -> None: ...

    def send_again(self, number: int, contact: Contact) -> None: ...

    def edit(self, number: int) -> None: ...

    def delete(self, number: int) -> None: ...

    def undo(self, number: int) -> None: ...


class ConversationService(Service, Protocol):
    """The part of the bridge that the chat on screen uses."""

    @property
    def default_encryption(self) -> EncryptionChoices: ...

    @property
    def rooms(self) -> RoomsService: ...

    @property
    def new_members(self) -> NewMembersService: ...

    @property
    def waiting(self) -> WaitingService: ...

    @property
    def is_online(self) -> bool: ...

    @property
    def alarms(self) -> AlarmsService: ...

    def is_encrypted(self, jid: str) -> bool: ...

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None: ...


class SettingsService(Protocol):
    """The user's settings. Nothing raises."""

    own_jid: str
    blind_trust: bool
    encrypt_by_default: bool
    plain_receipts: bool
    warn_on_desktop: bool
    temporary: bool
    public_name: str

    @property
    def must_be_temporary(self) -> bool: ...

    @property
    def problem(self) -> str: ...

    def blind_trust_of(self, jid: str) -> bool | None:
        """None for what holds for the account."""

    def set_blind_trust_of(self, jid: str, value: bool | None) -> None: ...


# Account, JID, line, offer: whether the line is on screen now, with a button
ShowOffer = Callable[[str, str, str, Offer], bool]


class Notices(Protocol):
    """Lines in the chats."""

    def show_offers_with(self, show_offer: ShowOffer | None) -> None: ...


class SessionRepair(Protocol):
    """New sessions that are asked for in a chat."""

    def replace_broken_session(self, device: Device) -> None: ...


class UnopenedRows(Protocol):
    """The rows of messages that were not opened. Nothing raises."""

    def remedy(self, chat: str, message_id: str | None, text: str) -> Remedy | None:
        """
        What the user can do about a message; None for nothing.

        Args:
            chat: the bare JID of the contact or room.
            text: what its row says.
        """

    def follow(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call a function when that may have changed. Returns what ends it."""


class RemedyService(Protocol):
    """What rows of messages that were not opened ask for."""

    @property
    def unopened(self) -> UnopenedRows: ...

    @property
    def device_management(self) -> SessionRepair: ...


class OfferService(Protocol):
    """The actions of the buttons under lines in a chat."""

    @property
    def device_management(self) -> SessionRepair: ...

    def leave_out(self, room_jid: str, jids: Collection[str]) -> None: ...
