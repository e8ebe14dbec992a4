# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The texts in the message inputs of chats that are not on screen.

Up to Gajim 2.5 drafts live in the memory. Since 2.6 they are a column of its archive,
and so on the disk, where they stay when Gajim ends, whatever the user has chosen
about the history.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from collections.abc import Iterable
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common import configpaths
from gajim.common import ged
from nbxmpp.protocol import JID

from ..log import guard
from .archive import history_max_age
from .constants import HAS_BUILTIN_OMEMO

if TYPE_CHECKING:
    from .protocols import Contact

log = logging.getLogger("gajim.p.omemo_plugin")

# For how many seconds another reader of the archive is waited for
_PATIENCE = 0.1

# Account, JID: the text that was put among the drafts in Gajim's archive
_given_back: dict[tuple[str, str], str] = {}


def are_in_archive() -> bool:
    """Whether Gajim writes what is typed to the disk."""
    return not hasattr(app.storage, "drafts") and hasattr(
        app.storage.archive, "set_contact_value"
    )


def give_back(contact: Contact, text: str, *, join: bool) -> bool:
    """
    Put a text among the drafts.

    Args:
        join: put it below other text that is there already.

    Returns:
        False if there is other text already, or the user wants none on the disk.
    """
    if not are_in_archive():
        return _keep(contact, text, join=join)
    return _archive(contact, text, join=join)


def _keep(contact: Contact, text: str, *, join: bool) -> bool:
    before = app.storage.drafts.get(contact)
    if before and not join:
        return False
    if before:
        text = f"{getattr(before, 'text', before)}\n{text}"
    draft: object = text
    if HAS_BUILTIN_OMEMO:
        from gajim.common.const import Draft

        draft = Draft(text, None)
    app.storage.drafts.set(contact, draft)
    return True


def _archive(contact: Contact, text: str, *, join: bool) -> bool:
    from gajim.common.const import Draft

    archive = app.storage.archive
    if history_max_age(contact.account) == 0:
        # SECURITY: the user wants no text there
        return False
    before = archive.get_contact_value(contact.account, contact.jid, "draft")
    if before and not join:
        return False
    if before:
        text = f"{before.text}\n{text}"
    draft = Draft(text, None)
    archive.set_contact_value(contact.account, contact.jid, "draft", draft)
    contact.notify("draft-update", draft)
    _given_back[contact.account, str(contact.jid)] = text
    return True


def take_back(account: str) -> None:
    """Delete the drafts that a text was given back to, as long as the user has not
    changed them, also from the journal of the archive."""
    archive = app.storage.archive
    deleted = False
    for (owner, jid), text in list(_given_back.items()):
        if owner != account:
            continue
        del _given_back[owner, jid]
        address = JID.from_string(jid)
        draft = archive.get_contact_value(account, address, "draft")
        if draft is not None and draft.text == text:
            archive.set_contact_value(account, address, "draft", None)
            deleted = True
    if deleted:
        _empty_journal()


def _empty_journal() -> None:
    """The archive overwrites what is deleted, but its journal still has it."""
    connection = sqlite3.connect(configpaths.get("LOG_DB"), timeout=_PATIENCE)
    try:
        (busy, *_), *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    if busy:
        log.warning("The journal of Gajim's archive could not be emptied")


def forget_at_end(
    account: str, chats: Callable[[], Iterable[str]]
) -> Callable[[], None]:
    """
    When Gajim ends, delete the drafts of these chats if the user wants no history.
    Gajim deletes the messages itself, and writes its archive anew after that.

    Returns:
        What takes that back.
    """

    def forget(_event: object) -> None:
        with guard("deleting drafts"):
            if not are_in_archive() or history_max_age(account) != 0:
                return
            archive = app.storage.archive
            for address in map(JID.from_string, chats()):
                if archive.get_contact_value(account, address, "draft") is not None:
                    archive.set_contact_value(account, address, "draft", None)

    # After the window has written what is in the input
    app.ged.register_event_handler("prepare-for-shutdown", ged.POSTGUI, forget)

    def undo() -> None:
        app.ged.remove_event_handler("prepare-for-shutdown", ged.POSTGUI, forget)

    return undo
