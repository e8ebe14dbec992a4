# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The words that the user reads. Each text says what happened and, where the user can
do something about it, what that is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from ...engine import errors
from ...engine.effects import DevicesIgnored
from ...engine.effects import NewDevices
from ...engine.effects import SessionBroken
from ...engine.effects import TrustChanged
from ...engine.keys.device_info import DeviceInfo
from ...engine.messages.encrypting import RECIPIENTS_MAX
from ...engine.messages.planning import LeftOut
from ...engine.takeover.values import Taken
from ...engine.values import Alarm
from ...engine.values import AlarmKind
from ...engine.values import Device
from ...engine.values import Trust
from ...foreign_text import clean
from ...foreign_text import quoted
from ...foreign_text import shortened
from ...i18n import _
from ...i18n import listed
from ...i18n import ngettext
from ...media.addresses import AddressRefused
from ...media.cipher import FileDamaged
from ...media.files import FileTooLarge
from ...media.uri import InvalidMediaUri
from ..values import Offer
from ..values import OfferKind

# Not translated: it is read on the other side, by programs without OMEMO
FALLBACK_BODY = (
    "This message is encrypted with OMEMO. The program you are using cannot decrypt it."
)

# The reason of a request to stop encrypting, in code points
_REASON_MAX = 120

# A reaction of several code points, such as a flag or a family
_EMOJI_MAX = 12


# Rows in place of a message that could not be read


def not_opened(error: Exception, name: str, device: str = "") -> str:
    """
    The text of a message that could not be decrypted, in the archive, the search
    and the export. It must not pass for words of the sender.

    Args:
        name: what the user calls the sender; '' if it is not known.
        device: the name of the device that has sent it, for a sentence.
    """
    name = clean(name)
    sentence = _sentence(error, name, device or _("The device it came from"))
    if not name:
        # Translators: {sentence} is a whole sentence that says why
        return _("[Message not opened] {sentence}").format(sentence=sentence)
    # Translators: {sentence} is a whole sentence that says why
    return _("[Message from {name} not opened] {sentence}").format(
        name=name, sentence=sentence
    )


def some_device(name: str) -> str:
    """
    A device without a name.

    Args:
        name: what the user calls its owner; '' for the user.
    """
    if not name:
        # Translators: at the beginning of a sentence
        return _("Another device of yours")
    # Translators: at the beginning of a sentence
    return _("A device of {name}").format(name=clean(name))


def _started_anew() -> str:
    # Translators: {device} is the name of a device
    return _("{device} started anew too often.")


def says_started_anew(text: str) -> bool:
    """Whether a row is about a device that has started too many sessions."""
    return all(part in text for part in _started_anew().split("{device}"))


def repair_offered(name: str) -> str:
    """
    Beside the button, below a message that was not opened.

    Args:
        name: what the user calls its sender; '' for the user.
    """
    if not name:
        # Translators: “Repair” is the word on the button beside it
        return _("Press Repair, then send it again from there.")
    # Translators: “Repair” is the word on the button beside it
    return _("Press Repair, then ask {name} to send it again.").format(name=clean(name))


def repaired(name: str) -> str:
    """
    In place of the button.

    Args:
        name: what the user calls the sender; '' for the user.
    """
    if not name:
        return _("Repaired. Send the message again from there.")
    return _("Repaired. Ask {name} to send the message again.").format(name=clean(name))


def _sentence(  # noqa: C901 - a catalogue
    error: Exception, name: str, device: str
) -> str:
    """Why it was not opened, and what the user can do."""
    ask = _("Ask {name} to send it again.").format(name=name) if name else ""
    if isinstance(error, errors.NotForThisDevice):
        return _(
            "It was not encrypted for this device. That is normal for messages from "
            "before you had it here."
        )
    if isinstance(error, errors.PayloadDamaged):
        return f"{_('It was damaged or changed on its way.')} {ask}".rstrip()
    if isinstance(error, errors.MessageKeyGone):
        return f"{_('It came too late: its key is no longer here.')} {ask}".rstrip()
    if isinstance(error, errors.NoSession | errors.DecryptionFailed):
        # Translators: {device} is the name of a device
        lost = _("{device} and this computer lost their common keys.")
        return f"{lost.format(device=device)} {ask}".rstrip()
    if isinstance(error, errors.UnknownPrekey):
        return f"{_('It used a key that is no longer here.')} {ask}".rstrip()
    if isinstance(error, errors.TooManySkipped):
        return f"{_('Too many messages before it are missing.')} {ask}".rstrip()
    if isinstance(error, errors.TooManyKeyExchanges):
        asked = _("Ask {name} what happened.").format(name=name) if name else ""
        return f"{_started_anew().format(device=device)} {asked}".rstrip()
    if isinstance(error, errors.IdentityKeyChanged):
        return _("It came with a different key, so it was not opened.")
    if isinstance(error, errors.MalformedStanza):
        return _("It is not a proper encrypted message.")
    if isinstance(error, errors.StoreError | errors.LibraryMissing):
        return unusable(error)
    if isinstance(error, errors.SentByThisDevice):
        return _("You wrote it here, but its text is gone.")
    if isinstance(error, SenderUnknown):
        return _("The group chat does not say who wrote it.")
    return internal_error()


class SenderUnknown(errors.ReceiveError):
    """The real address of the sender is not known."""


# Why the engine cannot be used at all


def unusable(error: Exception) -> str:
    """Why the key store, and with it OMEMO, cannot be used."""
    if isinstance(error, errors.StoreLocked):
        return _("Another Gajim is using these keys. Close it.")
    if isinstance(error, errors.StoreTooNew):
        return _("These keys belong to a newer version. Update the plugin.")
    if isinstance(error, errors.StoreDamaged):
        return _(
            "The file with your keys is damaged. Start anew in the preferences of the "
            "plugin: you get a new key."
        )
    if isinstance(error, errors.StoreError):
        return _(
            "The keys on this computer cannot be read or written. Is the disk full, "
            "or write-protected?"
        )
    return internal_error()


def encrypted_chats_unreadable() -> str:
    return _(
        "It is not known which chats are encrypted, so nothing is sent. Close Gajim "
        "and delete the files ending in “.encrypted.json” in its folder "
        "“plugins_data/omemo_plugin”."
    )


# Keys from before


def key_question_is_open() -> str:
    """Why nothing is encrypted until the user has answered."""
    return _("Answer first whether to keep your key from before.")


def identity_has_ended() -> str:
    """Why nothing is encrypted after the user has ended the identity."""
    return _(
        "You deleted the keys of this account. Start anew in the preferences of "
        "the plugin."
    )


def identity_not_ended() -> str:
    """The disk refused."""
    return _("This computer could not write it down. Nothing has changed.")


def ended_keys_remain() -> str:
    """The identity has ended, and the disk refused to delete its files."""
    return _(
        "The identity has ended, but its files could not be deleted. Start Gajim "
        "again to have it tried once more."
    )


def key_kept(taken: Taken) -> str:
    """The keys of another OMEMO of this Gajim are used from now on."""
    lines = [_("Your key from before is in use. What was verified stays verified.")]
    if taken.renewed:
        lines.append(
            ngettext(
                "{count} device needs new keys, and gets them by itself.",
                "{count} devices need new keys, and get them by themselves.",
                taken.renewed,
            ).format(count=taken.renewed)
        )
    if taken.skipped:
        lines.append(
            ngettext(
                "{count} message that is still on its way cannot be opened.",
                "{count} messages that are still on their way cannot be opened.",
                taken.skipped,
            ).format(count=taken.skipped)
        )
    return " ".join(lines)


def key_not_kept() -> str:
    """The file of the keys is in use or damaged; nothing was changed."""
    return _("Your key could not be kept. Start Gajim again and retry.")


def not_connected_to_give() -> str:
    """The server has to be told first."""
    return _("This account is not connected. Connect it, and try again.")


def server_did_not_answer() -> str:
    return _("The server did not answer. Your key stays with this plugin.")


def key_not_given() -> str:
    """The other program's file is in use, or the plugin's own store is damaged."""
    return _("That did not work. Your key stays with this plugin.")


def earlier_key_is_lost() -> str:
    """The file was damaged when Gajim went on after a crash."""
    return _("Your key from before is damaged. You have a new key now.")


def earlier_device_is_listed() -> str:
    """Another OMEMO of this Gajim has left its device in the account."""
    return _("Gajim’s earlier key on this computer is still in your account.")


# Lines about a message that was decrypted


def sent_as_correction(text: str) -> str:
    """For a correction whose reference is not encrypted.

    Args:
        text: of the message.
    """
    # Translators: {text} is the beginning of the message, in quotation marks
    return _(
        "{text} was sent as a correction. What it corrects is not known for sure."
    ).format(text=quoted(text))


def written_at(text: str, stamp: datetime) -> str:
    """For a message that arrives long after its time, or before it.

    Args:
        text: of the message.
        stamp: the time of the sender's clock, with a time zone.
    """
    # Translators: {text} is the beginning of the message, in quotation marks
    return _("By the sender’s clock, {text} was written at {time} on {date}.").format(
        text=quoted(text),
        time=stamp.astimezone().strftime("%H:%M"),
        date=stamp.astimezone().strftime("%x"),
    )


# Lines about sending


def not_sent(reason: str) -> str:
    """
    Args:
        reason: a whole sentence.
    """
    return f"{_('Not sent.')} {reason}"


def switched_off() -> str:
    return _("You switched encryption off while it waited.")


def unsent_elsewhere(count: int) -> str:
    return ngettext(
        "{count} message was not sent before Gajim was closed.",
        "{count} messages were not sent before Gajim was closed.",
        count,
    ).format(count=count)


def not_found_out(names: Collection[str]) -> str:
    return _(
        "It could not be found out whether the app of {who} can encrypt. Try again "
        "later."
    ).format(who=listed(sorted(names)))


def too_many_recipients() -> str:
    return _(
        "More than {count} devices would have to get this. Ask the others to remove "
        "devices they no longer use."
    ).format(count=RECIPIENTS_MAX)


def too_large(limit: int) -> str:
    # Translators: {limit} is a number
    return _(
        "It is too long for your server, which takes {limit} KiB. Send it in parts."
    ).format(limit=limit // 1024)


def keys_not_written() -> str:
    return _(
        "The keys on this computer cannot be written. Is the disk full, or "
        "write-protected?"
    )


def internal_error() -> str:
    return _("Something went wrong in the plugin. Please report it.")


def room_is_not_private() -> str:
    return _(
        "Anyone can join this group chat, so nobody knows who would read along. An "
        "owner can make it private."
    )


def not_sent_any_more() -> str:
    return f"{_('Nothing is sent here any more.')} {room_is_not_private()}"


def room_members_unknown() -> str:
    return _(
        "The server did not say who is in this group chat. Leave it and enter it again."
    )


def room_is_empty() -> str:
    return _("Nobody else is a member of this group chat.")


def _people(jids: Collection[str]) -> str:
    """Addresses that a server has named."""
    return listed(map(shortened, sorted(jids)))


def members_without_keys(jids: Collection[str], left_out: Collection[LeftOut]) -> str:
    """Members of a room who could not read a message."""
    who = _people(jids)
    unable = {entry.device.jid for entry in left_out}
    if unable.isdisjoint(jids):
        return _(
            "{who} cannot read this group chat. The app offers no encryption."
        ).format(who=who)
    return _(
        "{who} cannot read this group chat. You refused the devices, or have not "
        "decided yet."
    ).format(who=who)


def written_without(jids: Collection[str]) -> str:
    return _("{who} cannot read what is written here.").format(who=_people(jids))


def members_came(jids: Collection[str]) -> str:
    """Members were added, or came in, and nothing is strange about it."""
    return ngettext(
        "From now on {who} can read this group chat.",
        "From now on {count} more people can read this group chat: {who}.",
        len(jids),
    ).format(who=_people(jids), count=len(jids))


def members_without_keys_came(jids: Collection[str]) -> str:
    """New members of a room who cannot read anything yet."""
    return ngettext(
        "{who} is a member of this group chat now, and can read it if the app offers "
        "encryption.",
        "{count} more people are members of this group chat now, and can read it if "
        "their apps offer encryption: {who}.",
        len(jids),
    ).format(who=_people(jids), count=len(jids))


def only_omemo_2() -> str:
    return _("Their apps cannot show this in encrypted chats.")


def not_seen_by(jids: Collection[str]) -> str:
    return _(
        "The app of {who} cannot show reactions and deletions in encrypted chats."
    ).format(who=_people(jids))


def opt_out(jid: str, reason: str) -> str:
    # Translators: {reason} is in quotation marks already
    why = " " + _("Their reason: {reason}").format(reason=quoted(reason, _REASON_MAX))
    return _(
        "{jid} asks you to stop encrypting. Nothing has changed. Ask {jid} by phone "
        "whether this is meant."
    ).format(jid=jid) + (why if reason else "")


def alarm_is_settled(alarm: Alarm) -> str:
    """A warning has ended by itself."""
    if alarm.kind is AlarmKind.LIST_WITHDRAWN:
        text = _("The warning about {who} is settled: the app offers encryption again.")
    else:
        text = _(
            "The warning about a new device of {who} is settled: it is not in use any "
            "more."
        )
    return text.format(who=alarm.device.jid)


def taken_back(who: str) -> str:
    """A message was taken back. A Gajim that cannot show this does not know whose
    message it is."""
    return _(
        "{who} asks for an earlier message to be taken back. This Gajim cannot hide it."
    ).format(who=who)


def reaction(who: str, emojis: Collection[str]) -> str:
    """For a Gajim that has no place for them."""
    # Translators: {emojis} are pictures such as 👍
    return _("{who} reacts to an earlier message: {emojis}").format(
        who=who, emojis=_row(emojis)
    )


def plain_reaction(emojis: Collection[str]) -> str:
    # Translators: {emojis} are pictures such as 👍
    return _(
        "A reaction came that was not encrypted: {emojis}. Anybody on the way could "
        "have written it."
    ).format(emojis=_row(emojis))


def plain_retraction() -> str:
    return _(
        "Somebody asked, not encrypted, to take an earlier message back. It stays: "
        "anybody on the way could have asked that."
    )


def change_refused() -> str:
    """A retraction or a reaction of a device that gets nothing, or of a person whose
    message it is not."""
    return _(
        "A device that may not do so wanted to change an earlier message. Nothing was "
        "changed."
    )


def _row(emojis: Collection[str]) -> str:
    return quoted(" ".join(sorted(clean(emoji, _EMOJI_MAX) for emoji in emojis)))


def person_unknown() -> str:
    return _(
        "The group chat does not say who this is, or they have left. Write to their "
        "own address."
    )


def private_messages_are_for(jid: str) -> str:
    return _("Encrypted for {jid}.").format(jid=jid)


def nickname_changed_hands(jid: str) -> str:
    return _(
        "This nickname is {jid} now. Send it again only if you mean this person."
    ).format(jid=jid)


# In place of a file. Gajim shows the first words, the rest is in the tooltip


def not_downloaded(error: Exception) -> str:
    if isinstance(error, FileDamaged):
        return _("Damaged file, deleted. Ask for it to be sent again.")
    if isinstance(error, FileTooLarge):
        return _("Too large to be downloaded here.")
    if isinstance(error, AddressRefused):
        return _(
            "Dangerous link, not followed: no file should come from there. "
            "Ask for the file to be sent in another way."
        )
    if isinstance(error, InvalidMediaUri):
        return _("Not a link to an encrypted file.")
    # Translators: {reason} is a whole sentence
    return _("Download failed: {reason}").format(reason=error)


def file_not_understood() -> str:
    return _(
        "[A file came in a form that this program does not know. Ask for it to be "
        "sent in another way.]"
    )


def saving(name: str) -> str:
    return _("Saving {name}…").format(name=quoted(name))


def saving_goes_on(name: str, done: int, total: int | None) -> str:
    """
    Args:
        done, total: bytes; the server need not say how many there are.
    """
    mebibytes = done >> 20
    if total:
        # Translators: {percent} and {size} are numbers
        return _("Saving {name}… {percent} % ({size} MiB)").format(
            name=quoted(name), percent=min(100, 100 * done // total), size=mebibytes
        )
    # Translators: {size} is a number
    return _("Saving {name}… {size} MiB").format(name=quoted(name), size=mebibytes)


def saved(path: Path) -> str:
    # Translators: {path} is the name of a file with its folder
    return _("Saved: {path}").format(path=path)


def not_saved(name: str, reason: str) -> str:
    # Translators: {reason} is a whole sentence
    return _("{name} was not saved. {reason}").format(name=quoted(name), reason=reason)


def no_space() -> str:
    return _("Not enough free space on the disk.")


def too_slow() -> str:
    return _("Too slow. Press the button to go on.")


def not_by_itself() -> str:
    return _("Large file. Press the button to get it.")


def file_not_encrypted() -> str:
    return _("The file could not be encrypted, so it was not sent.")


def link_with_key() -> str:
    return _(
        "This link contains the key of an encrypted file. Switch encryption on to "
        "send it."
    )


def uploaded_in_clear() -> str:
    return _("This is the link to a file that was uploaded without encryption.")


def stays_encrypted() -> str:
    return _(
        "Encryption was lost for this chat. It is on again: send your message once "
        "more."
    )


def answers_are_encrypted(name: str) -> str:
    """The contact writes encrypted, and nothing was chosen for the chat."""
    return _("{name} writes encrypted. Your answers are encrypted too.").format(
        name=name
    )


def can_encrypt_now(name: str) -> str:
    """A contact who had no device has one now."""
    return _(
        "{name}’s app can encrypt now. From here on this chat is encrypted."
    ).format(name=name)


def they_write_encrypted(name: str) -> str:
    """Why nothing is sent in clear until the user has answered."""
    return _(
        "{name} writes encrypted, and you switched encryption off here. "
        "Answer the question above first."
    ).format(name=name)


def only_in_clear() -> str:
    return _("This cannot be sent encrypted.")


# Requests that OMEMO cannot encrypt


def subject_is_not_encrypted() -> str:
    return _(
        "The subject would not be encrypted: the servers can read it. To set it all "
        "the same, do it again."
    )


def nickname_is_not_encrypted() -> str:
    return _(
        "A nickname is not encrypted: the servers can read it. To change it all the "
        "same, do it again."
    )


def reason_was_left_out() -> str:
    return _("The invitation was sent without your words: they would not be encrypted.")


def call_withheld() -> str:
    return _("This call was not started: it would not be encrypted by OMEMO.")


def call_is_not_encrypted() -> str:
    return _("This call is not encrypted by OMEMO.")


def direct_transfer_withheld() -> str:
    return _(
        "This file was not sent: it would not be encrypted. Send it by way of the "
        "server, which gets it encrypted."
    )


def direct_transfer_is_not_encrypted() -> str:
    return _("This file is not encrypted by OMEMO.")


def switched_on_again() -> str:
    return _(
        "Encryption was switched on again, because this chat was encrypted before."
    )


# What the engine reports


def where_to_click(offer: Offer) -> str:
    """Said after a line that has no button."""
    if offer.kind is OfferKind.SHOW_CHAT:
        return _("Open the chat with {who}.").format(who=offer.jid)
    if offer.kind is OfferKind.OWN_DEVICES:
        return _("See “My devices and QR code” in the encryption menu.")
    return _("See “Encryption details” in the encryption menu.")


def new_devices(effect: NewDevices, own_jid: str) -> str:
    count = len(effect.devices)
    if effect.jid == own_jid:
        return ngettext(
            "A new device appeared in your account. Is it yours? If not, change your "
            "password.",
            "{count} new devices appeared in your account. Are they yours? If not, "
            "change your password.",
            count,
        ).format(count=count)
    if effect.trust is Trust.VERIFIED:
        return ngettext(
            "{who} has a new device. Its key was verified before.",
            "{who} has {count} new devices. Their keys were verified before.",
            count,
        ).format(who=effect.jid, count=count)
    if effect.trust is Trust.UNDECIDED:
        return ngettext(
            "{who} has a new device. Nobody has checked it. It gets nothing until you "
            "decide.",
            "{who} has {count} new devices. Nobody has checked them. They get nothing "
            "until you decide.",
            count,
        ).format(who=effect.jid, count=count)
    return ngettext(
        "{who} has a new device. It is not verified.",
        "{who} has {count} new devices. They are not verified.",
        count,
    ).format(who=effect.jid, count=count)


def trust_changed(effect: TrustChanged, own_jid: str) -> str:
    """Another device said so."""
    count = len(effect.devices)
    if effect.trust is Trust.VERIFIED:
        if effect.jid == own_jid:
            return ngettext(
                "Another device of yours verified a device of your account. It is "
                "verified here too.",
                "Another device of yours verified {count} devices of your account. "
                "They are verified here too.",
                count,
            ).format(count=count)
        return ngettext(
            "A device of {who} is verified too: a verified device confirmed it.",
            "{count} devices of {who} are verified too: a verified device confirmed "
            "them.",
            count,
        ).format(who=effect.jid, count=count)
    if effect.jid == own_jid:
        return ngettext(
            "Another device of yours refused a device of your account. It gets nothing "
            "any more.",
            "Another device of yours refused {count} devices of your account. They get "
            "nothing any more.",
            count,
        ).format(count=count)
    return ngettext(
        "A verified device refused a device of {who}. It gets nothing any more.",
        "A verified device refused {count} devices of {who}. They get nothing any "
        "more.",
        count,
    ).format(who=effect.jid, count=count)


def session_broken(effect: SessionBroken, *, can_replace: bool = False) -> str:
    if can_replace:
        text = _(
            "A device of {who} and this computer lost their common keys. Press Repair, "
            "then ask {who} to send the messages again."
        )
    else:
        text = _(
            "A device of {who} and this computer lost their common keys. Ask {who} to "
            "send the messages again."
        )
    return text.format(who=effect.device.jid)


def session_is_replaced(device: Device) -> str:
    return _("Repaired. Ask {who} to send the message again.").format(who=device.jid)


def perhaps_not_read(jid: str, count: int) -> str:
    """The only device that could read the last messages is gone."""
    # Translators: a line in the chat; {who} is an address
    return ngettext(
        "{who} may not have read your last message. The device it went to is gone. If "
        "it matters, send it again.",
        "{who} may not have read your last {count} messages. The device they went to "
        "is gone. If they matter, send them again.",
        count,
    ).format(who=jid, count=count)


def device_silent(jid: str, *, verified: bool) -> str:
    text = _(
        "A device of {who} has not been heard for half a year. It gets no keys now."
    )
    if verified:
        text = _(
            "A verified device of {who} has not been heard for half a year. It gets no "
            "keys now."
        )
    again = _("It gets keys again as soon as {who} uses it.")
    return f"{text} {again}".format(who=jid)


def not_written_for(jid: str, info: DeviceInfo) -> str:
    """A contact has said so."""
    name = info.name or info.label
    if name:
        text = _("{who} no longer writes for {device}, not heard for half a year.")
        text = text.format(who=jid, device=quoted(name))
    else:
        text = _(
            "{who} no longer writes for one of your devices, not heard for half a year."
        ).format(who=jid)
    return f"{text} {_('Write something there, and it gets messages again.')}"


def device_heard_again(jid: str) -> str:
    return _("A device of {who} is used again. It gets keys again.").format(who=jid)


def devices_ignored(effect: DevicesIgnored) -> str:
    return _(
        "{who} has too many devices. Some of them get nothing. Ask {who} to remove "
        "old ones."
    ).format(who=effect.jid)


def keys_not_taken() -> str:
    # Translators: a line in the chats. “Your server” is the user's own, and “it” is
    # this device
    return _(
        "Your server does not take the keys of this device. Some contacts cannot write "
        "to it encrypted. Tell whoever runs the server."
    )


def keys_hidden() -> str:
    # Translators: a line in the chats. “Your server” is the user's own, and “it” is
    # this device
    return _(
        "Your server does not give the keys of this device to everybody. Some contacts "
        "cannot write to it encrypted. Tell whoever runs the server."
    )


def device_list_too_long(jid: str) -> str:
    return _(
        "{who} lists more devices than can be read, so this list is not used. Ask "
        "{who} to remove old ones."
    ).format(who=jid)


# Devices, in words


def devices_of(jid: str, infos: Collection[DeviceInfo]) -> str:
    """The devices of an account with their fingerprints."""
    current = [info for info in infos if info.active]
    if not current:
        return _("{who}: no device with encryption.").format(who=jid)
    lines = [_("{who}:").format(who=jid)]
    for info in current:
        lines.append(
            # Translators: {id} is a number, {trust} a word such as “verified”
            _("Device {id}, {trust}").format(
                id=info.device.device_id, trust=_trust(info)
            )
        )
        if info.fingerprint is not None:
            lines.append(_grouped(info.fingerprint))
    return "\n".join(lines)


def _trust(info: DeviceInfo) -> str:
    if info.key_changed:
        return _("different key: it gets nothing")
    if info.fingerprint is None:
        return _("its key is not known yet")
    return {
        Trust.VERIFIED: _("verified"),
        Trust.BLIND: _("not verified"),
        Trust.UNDECIDED: _("not decided yet: it gets nothing"),
        Trust.DISTRUSTED: _("refused: it gets nothing"),
    }[info.trust]


def _grouped(fingerprint: str) -> str:
    return " ".join(
        fingerprint[at : at + 8].upper() for at in range(0, len(fingerprint), 8)
    )
