# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gajim's message archive and data folders, in each supported version."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gajim.common import app
from gajim.common import configpaths
from nbxmpp.protocol import JID

from .constants import HAS_BUILTIN_OMEMO
from .patches import Patches

if TYPE_CHECKING:
    from .nbxmpp_protocols import MessageProperties
    from .protocols import Client


def downloads_folder() -> Path:
    """The folder in which Gajim keeps files. It may not be there yet."""
    try:
        return Path(configpaths.get("DOWNLOADS"))
    except KeyError:
        # Gajim 1.7
        return Path(configpaths.get("MY_DATA")) / "downloads"


def flush_archive() -> None:
    """
    Let Gajim's own history reach the disk before ours does. Later versions
    commit each row by themselves.
    """
    # When Gajim ends it commits and closes its archive before we are told
    if not HAS_BUILTIN_OMEMO and hasattr(app.storage.archive, "_con"):
        app.storage.archive._commit()


def history_max_age(account: str) -> float:
    """For how many seconds Gajim keeps its history; 0 for as long as it runs,
    below 0 for ever."""
    return float(app.settings.get_account_setting(account, "chat_history_max_age"))


def archive_file() -> Path:
    """Gajim's history. It may not be there yet."""
    return Path(configpaths.get("LOG_DB"))


def hide_texts_in_errors(patches: Patches) -> None:
    """
    An error of Gajim's archive, as when the disk is full, names the values of the row
    that could not be written: the text of a message. Gajim 2 logs them, or shows them
    in the window from which errors are reported.
    """
    storage = getattr(app, "storage", None)
    engine = getattr(getattr(storage, "archive", None), "_engine", None)
    if engine is not None:
        before = engine.hide_parameters
        engine.hide_parameters = True
        patches.add(lambda: setattr(engine, "hide_parameters", before))


def kept_with_history(account: str, folder: Path) -> float:
    """
    For how many seconds the plugin keeps texts, and what else belongs to the history;
    0 for as long as Gajim runs, below 0 for ever.

    Args:
        folder: where the plugin keeps it.

    SECURITY: where the plugin's folder lies on another disk than Gajim's archive, the
    user may keep that one alone. In Tails it is in the Persistent Storage, and the
    archive in memory.
    """
    if not are_on_one_disk(archive_file(), folder):
        return 0
    return history_max_age(account)


def are_on_one_disk(one: Path, other: Path) -> bool:
    """Whether two files are on the same file system, or will be once they are there.
    Links are followed."""
    return _disk_of(one) == _disk_of(other)


def _disk_of(path: Path) -> int:
    path = path.resolve()
    while not path.exists():
        path = path.parent
    return path.stat().st_dev


def has_history(account: str, jid: str) -> bool:
    """Whether Gajim's archive has any message of a conversation."""
    archive = app.storage.archive
    address = JID.from_string(jid)
    if not hasattr(archive, "get_last_conversation_row"):
        return archive.get_last_conversation_line(account, address) is not None
    find = archive.get_last_conversation_row
    try:
        return find(account, address) is not None
    except TypeError:
        # Since 2.6 this has to be said, and its decorators hide that
        return find(account, address, incl_related_data=False) is not None


def is_new(client: Client) -> bool:
    """Whether Gajim has read nothing of an account's archive into its history so far:
    it has just been set up, or has lost its history."""
    archive = app.storage.archive
    own = client.get_own_jid().new_as_bare()
    if hasattr(archive, "get_mam_archive_state"):
        return archive.get_mam_archive_state(client.account, own) is None
    # Gajim 1.7
    return archive.get_archive_infos(str(own)) is None


def on_shutdown(callback: Callable[[], None]) -> Callable[[], None]:
    """
    Be called when Gajim ends.

    Returns:
        What takes that back.
    """
    handler = app.app.connect("shutdown", lambda _application: callback())

    def disconnect() -> None:
        app.app.disconnect(handler)

    return disconnect


def catch_up_finished(client: Client) -> bool | None:
    """
    Whether the account's archive has been read to its end since the last
    sign-in; None if the server has no archive.
    """
    mam = client.get_module("MAM")
    if not mam.available:
        return None
    own = client.get_own_jid().new_as_bare()
    if hasattr(mam, "_is_catch_up_finished"):
        return mam._is_catch_up_finished(own)
    return mam.is_catch_up_finished(own)


def was_asked_for(client: Client, properties: MessageProperties) -> bool:
    """Whether an archive's message answers a query of Gajim's."""
    check = getattr(client.get_module("MAM"), "_is_valid_request", None)
    # Where Gajim does it in another way, it still does it after us
    return check is None or bool(check(properties))


@contextmanager
def as_asked_for(client: Client, properties: MessageProperties) -> Iterator[None]:
    """
    Let Gajim take a message of an archive that has been kept back: once its query has
    been answered, Gajim takes it for one that it has asked nobody for, and drops it.
    """
    queries = getattr(client.get_module("MAM"), "_mam_query_ids", None)
    if properties.mam is None or queries is None:
        yield
        return
    archive, query = properties.mam.archive, properties.mam.query_id
    before = queries.get(archive)
    queries[archive] = query
    try:
        yield
    finally:
        if before is None:
            queries.pop(archive, None)
        else:
            queries[archive] = before
