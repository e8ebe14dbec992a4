# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts and the answers of each kind of alarm, above the message input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace

from ...engine.values import AlarmKind
from ...i18n import _
from ...i18n import ngettext
from .badges import Icon
from .situation import SituationAction

# The action of a button, and its label
_Answer = tuple[SituationAction, str]


@dataclass(frozen=True)
class AlarmWords:
    """
    The texts of one kind of alarm. They have placeholders.

    Attributes:
        buttons: what they do, and their labels; the suggested one comes first.
    """

    title: str
    text: str
    buttons: tuple[_Answer, ...]
    icon: Icon = Icon.DISTRUSTED


def words_of(kind: AlarmKind, count: int) -> AlarmWords:
    """
    The words of a kind of alarm.

    Args:
        count: how many people it is about.
    """
    if kind is AlarmKind.MEMBERS_ADDED:
        return _members_added(count)
    return {**_about_keys(), **_about_contacts(), **_about_lists(), **_about_us()}[kind]


def _about_keys() -> Mapping[AlarmKind, AlarmWords]:
    """A device shows a key that is not its own."""
    not_now = SituationAction.FOLD, _("Not now")
    check = SituationAction.CHECK, _("Check now…")
    refuse = SituationAction.REFUSE, _("Refuse it")
    understood = SituationAction.ACCEPT, _("I understand")
    details = SituationAction.DETAILS, _("Encryption details…")
    return {
        AlarmKind.KEY_CHANGED: AlarmWords(
            # Translators: {device} is the name of a device
            _("{device} shows a different key"),
            _(
                "{name} may have set it up again. Or somebody pretends to be {name}. "
                "It gets nothing. Ask {name} face to face or by phone, not in this "
                "chat."
            ),
            (check, refuse, not_now),
        ),
        AlarmKind.NOT_THE_VERIFIED_KEY: AlarmWords(
            _("{device} does not have the key that you verified"),
            _(
                "{name} may have set it up again. Or somebody pretends to be {name}. "
                "It gets nothing. Ask {name} face to face or by phone, and scan the "
                "code again."
            ),
            (check, understood, not_now),
        ),
        AlarmKind.BORROWED_KEY: AlarmWords(
            # Translators: {owner} is an address
            _("{device} shows the key of {owner}"),
            _(
                "It was refused and gets nothing: what is written to {name} could be "
                "read by {owner}. Ask {name} face to face or by phone, not in this "
                "chat."
            ),
            (understood, details, not_now),
        ),
    }


def _about_contacts() -> Mapping[AlarmKind, AlarmWords]:
    """Something about a contact waits for the user."""
    not_now = SituationAction.FOLD, _("Not now")
    check = SituationAction.CHECK, _("Check now…")
    refuse = SituationAction.REFUSE, _("Refuse it")
    return {
        AlarmKind.CHECK_FAILED: AlarmWords(
            _("The check with {name} failed"),
            # Translators: {when} is a day, such as “today”
            _("You said that something differs ({when})."),
            (
                (SituationAction.CHECK, _("Check again…")),
                (SituationAction.ASK_ONCE_MORE, _("Go on without checking…")),
                not_now,
            ),
        ),
        AlarmKind.LIST_WITHDRAWN: AlarmWords(
            _("{name}’s app no longer offers encryption"),
            _(
                "{name} may have stopped using it. Or the server hides it. Ask {name} "
                "by phone before you send anything."
            ),
            (
                (SituationAction.FOLD, _("Wait")),
                (
                    SituationAction.ASK_SWITCH_OFF,
                    _("Send to {name} without encryption…"),
                ),
            ),
        ),
        AlarmKind.NEW_DEVICE: AlarmWords(
            _("{name} has a new device"),
            _(
                "Nobody has checked it. It gets nothing until you decide. Ask {name} "
                "face to face or by phone."
            ),
            (check, refuse, not_now),
            Icon.UNDECIDED,
        ),
    }


def _about_lists() -> Mapping[AlarmKind, AlarmWords]:
    """A device list has changed as a server could change it."""
    not_now = SituationAction.FOLD, _("Not now")
    understood = SituationAction.ACCEPT, _("I understand")
    details = SituationAction.DETAILS, _("Encryption details…")
    return {
        AlarmKind.OLDER_PROTOCOL: AlarmWords(
            _("{device} offers only an older encryption now"),
            _(
                "{name} may have changed the app. Or the server hides the better "
                "one. It gets nothing until you agree. Ask {name} face to face or by "
                "phone."
            ),
            (not_now, (SituationAction.ACCEPT, _("Use the older one")), details),
        ),
        AlarmKind.DEVICE_RETURNED: AlarmWords(
            _("{device} is back"),
            _(
                "It was removed before. {name} may use it again. Or the server shows "
                "an old list. Ask {name} face to face or by phone, not in this chat."
            ),
            (
                (SituationAction.REFUSE, _("Refuse it")),
                (SituationAction.ACCEPT, _("Use it")),
                not_now,
            ),
            Icon.UNDECIDED,
        ),
        AlarmKind.VERIFIED_DEVICE_GONE: AlarmWords(
            _("{device} is not in use any more"),
            _(
                "You verified it. {name} may have removed it. Or the server hides it "
                "from you, and it gets nothing."
            ),
            (understood, details),
            Icon.UNDECIDED,
        ),
    }


def _about_us() -> Mapping[AlarmKind, AlarmWords]:
    """About the user's own account."""
    not_now = SituationAction.FOLD, _("Not now")
    understood = SituationAction.ACCEPT, _("I understand")
    return {
        AlarmKind.OWN_DEVICE: AlarmWords(
            _("Is this device yours?"),
            # Translators: {when} is a day, {reads} a sentence of its own
            _("“{device}” appeared in your account ({when}). {reads}"),
            (
                (SituationAction.OWN_DEVICES, _("It is mine…")),
                (SituationAction.ASK_ONCE_MORE, _("It is not mine…")),
                not_now,
            ),
            Icon.UNDECIDED,
        ),
        AlarmKind.OLD_KEYS: AlarmWords(
            _("The keys on this computer are old"),
            _(
                "A backup was put back, or another computer uses a copy. New keys are "
                "made by themselves. Some messages may be lost: ask for them again. "
                "Check whom you verified or refused. Never use the same keys on two "
                "computers."
            ),
            (understood,),
            Icon.UNDECIDED,
        ),
    }


def _members_added(count: int) -> AlarmWords:
    if count == 1:
        title = _("{who} can read this group chat from now on")
        # Translators: {address} is the address of somebody
        text = _("{address} was made a member, but is not here to be seen.")
        without = _("Send without {who}")
    else:
        title = ngettext(
            "{count} person can read this group chat from now on",
            "{count} people can read this group chat from now on",
            count,
        )
        text = _("They were made members, but are not here to be seen: {list}.")
        without = _("Send without them")
    return AlarmWords(
        title,
        text,
        (
            (SituationAction.ACCEPT, _("That is right")),
            (SituationAction.REFUSE, without),
            (SituationAction.DETAILS, _("Who can read this…")),
        ),
        Icon.UNDECIDED,
    )


def members_without_keys(words: AlarmWords, count: int) -> AlarmWords:
    """The words about added members where none of them has keys yet."""
    if count == 1:
        title = _("{who} was made a member of this group chat")
    else:
        title = ngettext(
            "{count} person was made a member of this group chat",
            "{count} people were made members of this group chat",
            count,
        )
    return replace(words, title=title)


def once_more(kind: AlarmKind) -> AlarmWords:
    """The question before an answer that does harm if it is wrong."""
    if kind is AlarmKind.OWN_DEVICE:
        return AlarmWords(
            _("Remove this device?"),
            _(
                "It is removed and gets nothing. Somebody may know your password: "
                "change it now."
            ),
            (
                (SituationAction.CANCEL, _("Cancel")),
                (SituationAction.REFUSE, _("Remove and change the password…")),
            ),
        )
    return AlarmWords(
        _("Go on although something differed?"),
        _("Somebody may be reading along."),
        (
            (SituationAction.CANCEL, _("Do not go on")),
            (SituationAction.ACCEPT, _("Go on")),
        ),
    )
