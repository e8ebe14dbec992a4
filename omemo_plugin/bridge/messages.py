# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The words the user reads. Each says what happened and, where there is something
to do, what.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..engine import errors
from ..engine.device_info import DeviceInfo
from ..engine.effects import DevicesIgnored
from ..engine.effects import IdentityKeyAlarm
from ..engine.effects import NewDevices
from ..engine.effects import SessionBroken
from ..engine.effects import TrustChanged
from ..engine.encrypting import RECIPIENTS_MAX
from ..engine.sending import LeftOut
from ..engine.sending import LeftOutReason
from ..engine.values import Device
from ..engine.values import Trust
from ..media.addresses import AddressRefused
from ..media.cipher import FileDamaged
from ..media.files import FileTooLarge
from ..media.uri import InvalidMediaUri
from .i18n import _
from .i18n import ngettext
from .presenters import Offer
from .presenters import OfferKind

# Not translated: it is read on the other side, by programs without OMEMO
FALLBACK_BODY = (
    "This message is encrypted with OMEMO. The program you are using cannot decrypt it."
)

# Of what somebody else wrote, in a line of ours
_REASON_MAX = 200


# Rows in place of a message that could not be read


def not_decrypted(error: Exception) -> str:
    """The row shown in place of a message."""
    return _("This message could not be decrypted: {reason}").format(
        reason=_reason(error)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, errors.NotForThisDevice):
        return _("it was not encrypted for this device.")
    if isinstance(error, errors.NoSession):
        return _(
            "the sender used a session that this device does not have. "
            "Send a message back, then ask for it again."
        )
    if isinstance(error, errors.UnknownPrekey):
        return _(
            "it was encrypted with a one-time key that this device no longer "
            "has. Ask the sender to send it again."
        )
    if isinstance(error, errors.TooManySkipped):
        return _(
            "too many messages before it are missing. Ask the sender to send it again."
        )
    if isinstance(error, errors.TooManyKeyExchanges):
        return _("the sender started too many sessions in a short time.")
    if isinstance(error, errors.IdentityKeyChanged):
        return _(
            "the sender’s device presented another key than before. "
            "Ask your contact, by another way, whether they reinstalled it."
        )
    if isinstance(error, errors.DecryptionFailed):
        return _("it is damaged, or was changed on its way.")
    if isinstance(error, errors.MalformedStanza):
        return _("it is not a valid OMEMO message.")
    if isinstance(error, errors.StoreError | errors.LibraryMissing):
        return unusable(error)
    if isinstance(error, errors.SentByThisDevice):
        return _("you wrote it on this device, and only its readers have the text.")
    if isinstance(error, SenderUnknown):
        return _("the room does not tell who wrote it.")
    return _("an internal error occurred. Please report it.")


class SenderUnknown(errors.ReceiveError):
    """The real address of the sender is not known."""


# Why the engine cannot be used at all


def unusable(error: Exception) -> str:
    """Why the key store, and with it OMEMO, cannot be used."""
    if isinstance(error, errors.StoreLocked):
        return _("the OMEMO keys are in use by another Gajim. Close one of them.")
    if isinstance(error, errors.StoreTooNew):
        return _(
            "the OMEMO keys were written by a newer version of this plugin. "
            "Update the plugin."
        )
    if isinstance(error, errors.StoreDamaged):
        return _(
            "the file with the OMEMO keys is damaged. Close Gajim and move the "
            "folder “plugins_data/omemo_plugin” away: this device then starts anew."
        )
    if isinstance(error, errors.StoreError):
        return _(
            "the OMEMO keys cannot be read or written. Is the disk full or read-only?"
        )
    return _("an internal error occurred. Please report it.")


def latch_unreadable() -> str:
    return _(
        "the file that says which chats are encrypted is damaged. Close Gajim "
        "and delete the files ending in “.encrypted.json” in its folder "
        "“plugins_data/omemo_plugin”."
    )


# Lines about sending


def fetching(count: int) -> str:
    if count == 0:
        return _("Looking for devices… Your message will be sent by itself.")
    return ngettext(
        "Fetching keys of {count} device… Your message will be sent by itself.",
        "Fetching keys of {count} devices… Your message will be sent by itself.",
        count,
    ).format(count=count)


def waiting_for_connection() -> str:
    return _("Not connected. Your message will be encrypted and sent by itself.")


def not_sent(reason: str, text: str | None) -> str:
    """
    Args:
        text: what the user typed, if there was no place to put it back.
    """
    line = _("Not sent: {reason}").format(reason=reason)
    if text is None:
        return line
    return f"{line}\n\n{text}"


def switched_off() -> str:
    return _("encryption was switched off before it could be encrypted.")


def ended_before() -> str:
    return _("Gajim ended before it was sent. Look whether it is still right.")


def unsent_elsewhere(jids: Collection[str]) -> str:
    return _(
        "Gajim ended before everything was sent. Open these chats to see it: {who}"
    ).format(who=", ".join(sorted(jids)))


def no_recipient(jids: Collection[str], left_out: Collection[LeftOut]) -> str:
    """Why nobody could receive a message."""
    concerned = [entry for entry in left_out if entry.device.jid in jids]
    reasons = {entry.reason for entry in concerned}
    who = ", ".join(sorted(jids))
    if not reasons:
        return _(
            "{who} has no device that uses OMEMO. Ask them to enable it, or "
            "switch encryption off for this chat."
        ).format(who=who)
    if LeftOutReason.KEY_CHANGED in reasons:
        return _(
            "a device of {who} presented another key than before. "
            "Ask them, by another way, whether they reinstalled it."
        ).format(who=who)
    if LeftOutReason.LIST_WITHDRAWN in reasons:
        return _(
            "{who} no longer lists any OMEMO device. "
            "Ask them, by another way, whether they stopped using OMEMO."
        ).format(who=who)
    if LeftOutReason.UNDECIDED in reasons:
        return _(
            "you have not decided yet whether to trust the devices of {who}."
        ).format(who=who)
    if LeftOutReason.DISTRUSTED in reasons:
        return _("you do not trust any device of {who}.").format(who=who)
    if LeftOutReason.BUNDLE_REFUSED in reasons:
        return _(
            "what {who} published as keys cannot be used. Ask them to start their "
            "program again, or to update it."
        ).format(who=who)
    return _("the keys of {who} could not be fetched. Try again later.").format(who=who)


def too_many_recipients() -> str:
    return _(
        "there are more than {count} devices to encrypt for. Ask the others to "
        "remove those they no longer use, or write to fewer people."
    ).format(count=RECIPIENTS_MAX)


def too_large(limit: int) -> str:
    return _(
        "it is more than your server takes at once ({limit} KiB). Write less, or to "
        "fewer people."
    ).format(limit=limit // 1024)


def keys_not_written() -> str:
    return _("the OMEMO keys could not be written. Is the disk full or read-only?")


def internal_error() -> str:
    return _("an internal error occurred. Please report it.")


def room_is_not_private() -> str:
    return _(
        "this room is open, or hides who is in it, so it is not known who would "
        "read along. Encryption stays on. Have an owner make the room "
        "members-only and not anonymous, or write to each person alone."
    )


def not_sent_any_more() -> str:
    return _("Nothing can be sent here any more: {reason}").format(
        reason=room_is_not_private()
    )


def room_members_unknown() -> str:
    return _(
        "the room did not say who its members are. Enter it again, or ask an "
        "owner to let members see the list."
    )


def fetching_members() -> str:
    return _("Asking the room for its members… Your message will be sent by itself.")


def room_is_empty() -> str:
    return _("nobody else is a member of this room.")


def members_without_keys(jids: Collection[str], left_out: Collection[LeftOut]) -> str:
    """Who in a room could not read a message."""
    who = ", ".join(sorted(jids))
    unable = {entry.device.jid for entry in left_out}
    if unable.isdisjoint(jids):
        return _(
            "{who} could not read it, having no device that uses OMEMO. Ask them "
            "to enable it, or write without them."
        ).format(who=who)
    return _(
        "{who} could not read it: none of their devices may get messages. Look at "
        "the encryption details, or write without them."
    ).format(who=who)


def written_without(jids: Collection[str]) -> str:
    return _("{who} will not be able to read what is written here.").format(
        who=", ".join(sorted(jids))
    )


def only_omemo_2() -> str:
    return _("their programs cannot read this encrypted, and it does not go in clear.")


def not_seen_by(jids: Collection[str]) -> str:
    return _(
        "{who} will not see reactions and deletions: their OMEMO is older."
    ).format(who=", ".join(sorted(jids)))


def opt_out(jid: str, reason: str) -> str:
    if len(reason) > _REASON_MAX:
        reason = reason[:_REASON_MAX] + "…"
    why = " " + _("They wrote: “{reason}”").format(reason=reason) if reason else ""
    return (
        _(
            "{jid} asks you to go on without encryption. Nothing has changed. Ask "
            "them in another way whether they meant it, before you switch it off."
        ).format(jid=jid)
        + why
    )


def taken_back(who: str) -> str:
    """Whose message it is, a Gajim that cannot show this does not know."""
    return _(
        "{who} asks for an earlier message to be taken back. This Gajim cannot hide it."
    ).format(who=who)


def reaction(who: str, emojis: Collection[str]) -> str:
    """For a Gajim that has no place for them."""
    return _("{who} reacts to an earlier message: {emojis}").format(
        who=who, emojis=_row(emojis)
    )


def plain_reaction(emojis: Collection[str]) -> str:
    return _(
        "A reaction came that was not encrypted: {emojis}. Anybody on the way could "
        "have written it."
    ).format(emojis=_row(emojis))


def plain_retraction() -> str:
    return _(
        "Somebody asked, not encrypted, to take an earlier message back. It stays: "
        "anybody on the way could have asked that."
    )


def _row(emojis: Collection[str]) -> str:
    return " ".join(sorted(emoji[:16] for emoji in emojis if emoji))[:80]


def person_unknown() -> str:
    return _(
        "the room does not say who this is, or they have left. Write to them by "
        "their own address."
    )


def private_messages_are_for(jid: str) -> str:
    return _("What you write here is encrypted for {jid}.").format(jid=jid)


def nickname_changed_hands(jid: str) -> str:
    return _(
        "this nickname belongs to {jid} now. Send it again only if you mean them."
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
    return _("Download failed: {reason}").format(reason=error)


def saving(name: str) -> str:
    return _("Saving {name}…").format(name=name)


def saving_goes_on(name: str, done: int, total: int | None) -> str:
    """
    Args:
        done, total: bytes; the server need not say how many there are.
    """
    mebibytes = done >> 20
    if total:
        return _("Saving {name}… {percent} % ({size} MiB)").format(
            name=name, percent=min(100, 100 * done // total), size=mebibytes
        )
    return _("Saving {name}… {size} MiB").format(name=name, size=mebibytes)


def saved(path: Path) -> str:
    return _("Saved: {path}").format(path=path)


def not_saved(name: str, reason: str) -> str:
    return _("{name} was not saved. {reason}").format(name=name, reason=reason)


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
        "this is the link to an encrypted file, with its key. Switch encryption on "
        "to send it."
    )


def uploaded_in_clear() -> str:
    return _("this is the link to a file that was uploaded without encryption.")


def stays_encrypted() -> str:
    return _(
        "this chat is encrypted, and this would not have been. Encryption is on "
        "again: send it once more."
    )


def only_in_clear() -> str:
    return _("this cannot be sent encrypted.")


def undecided_left_out(count: int) -> str:
    return ngettext(
        "{count} device did not get this message: "
        "you have not decided yet whether to trust it.",
        "{count} devices did not get this message: "
        "you have not decided yet whether to trust them.",
        count,
    ).format(count=count)


def switched_on_again() -> str:
    return _(
        "Encryption was switched on again, because this chat was encrypted before."
    )


# What the engine reports


def where_to_click(offer: Offer) -> str:
    """Said after a line that has no button."""
    if offer.kind is OfferKind.OWN_DEVICES:
        return _("See “My devices and QR code” in the encryption menu.")
    return _("See “Encryption details” in the encryption menu.")


def new_devices(effect: NewDevices, own_jid: str) -> str:
    count = len(effect.devices)
    if effect.jid == own_jid:
        return ngettext(
            "A new device of your own account uses OMEMO. "
            "If it is not yours, change your password.",
            "{count} new devices of your own account use OMEMO. "
            "If they are not yours, change your password.",
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
            "{who} has a new device. It gets no messages until you decide "
            "whether to trust it.",
            "{who} has {count} new devices. They get no messages until you "
            "decide whether to trust them.",
            count,
        ).format(who=effect.jid, count=count)
    return ngettext(
        "{who} has a new device.", "{who} has {count} new devices.", count
    ).format(who=effect.jid, count=count)


def trust_changed(effect: TrustChanged, own_jid: str) -> str:
    """Another device said so."""
    count = len(effect.devices)
    if effect.trust is Trust.VERIFIED:
        if effect.jid == own_jid:
            return ngettext(
                "Another device of yours has verified a device of your own "
                "account: it is now verified here as well.",
                "Another device of yours has verified {count} devices of your own "
                "account: they are now verified here as well.",
                count,
            ).format(count=count)
        return ngettext(
            "A device of {who} is now verified, because a verified device said so.",
            "{count} devices of {who} are now verified, because a verified device "
            "said so.",
            count,
        ).format(who=effect.jid, count=count)
    if effect.jid == own_jid:
        return ngettext(
            "Another device of yours no longer trusts a device of your own "
            "account: it gets no messages from here any more.",
            "Another device of yours no longer trusts {count} devices of your own "
            "account: they get no messages from here any more.",
            count,
        ).format(count=count)
    return ngettext(
        "A verified device says that a device of {who} is not to be trusted: it "
        "gets no messages any more.",
        "A verified device says that {count} devices of {who} are not to be "
        "trusted: they get no messages any more.",
        count,
    ).format(who=effect.jid, count=count)


def identity_key_alarm(effect: IdentityKeyAlarm) -> str:
    if effect.in_advance:
        return _(
            "Warning: device {id} of {who} has another key than the one you "
            "verified. It gets nothing. Ask them, by another way, whether they "
            "reinstalled it, and scan its code again."
        ).format(id=effect.device.device_id, who=effect.device.jid)
    return _(
        "Warning: device {id} of {who} presented another key than before. "
        "It was refused. Ask them, by another way, whether they reinstalled it."
    ).format(id=effect.device.device_id, who=effect.device.jid)


def session_broken(effect: SessionBroken, *, can_replace: bool = False) -> str:
    line = _("Messages of device {id} of {who} cannot be decrypted.").format(
        id=effect.device.device_id, who=effect.device.jid
    )
    what = _("Ask them to send them again.")
    if can_replace:
        what = _("Replace the session, then ask them to send them again.")
    return f"{line} {what}"


def session_is_replaced(device: Device) -> str:
    return _(
        "A new session with device {id} of {who} begins as soon as its key has been "
        "fetched."
    ).format(id=device.device_id, who=device.jid)


def store_rolled_back() -> str:
    return _(
        "The OMEMO keys on this computer are older than those last used: a backup "
        "was put back, or another computer uses a copy. New keys are exchanged by "
        "themselves. Messages sent to you in between may be unreadable; ask for "
        "them again. Check whom you verified or distrusted. Never use the same "
        "keys on two computers."
    )


def devices_ignored(effect: DevicesIgnored) -> str:
    return _(
        "{who} has too many devices. {count} of them get no messages. "
        "Ask them to remove those they do not use."
    ).format(who=effect.jid, count=effect.count)


def device_list_too_long(jid: str) -> str:
    return _(
        "{who} lists more devices than can be read, so this list is not used. "
        "Ask them to remove those they do not use."
    ).format(who=jid)


# Devices, in words


def devices_of(jid: str, infos: Collection[DeviceInfo]) -> str:
    """The devices of an account with their fingerprints."""
    current = [info for info in infos if info.active]
    if not current:
        return _("{who}: no device that uses OMEMO.").format(who=jid)
    lines = [_("{who}:").format(who=jid)]
    for info in current:
        lines.append(
            _("Device {id}, {trust}").format(
                id=info.device.device_id, trust=_trust(info)
            )
        )
        if info.fingerprint is not None:
            lines.append(_grouped(info.fingerprint))
    return "\n".join(lines)


def _trust(info: DeviceInfo) -> str:
    if info.key_changed:
        return _("its key has changed: it gets nothing")
    if info.fingerprint is None:
        return _("its key is not known yet")
    return {
        Trust.VERIFIED: _("verified"),
        Trust.BLIND: _("trusted without verification"),
        Trust.UNDECIDED: _("not decided yet: it gets nothing"),
        Trust.DISTRUSTED: _("not trusted: it gets nothing"),
    }[info.trust]


def _grouped(fingerprint: str) -> str:
    return " ".join(
        fingerprint[at : at + 8].upper() for at in range(0, len(fingerprint), 8)
    )
