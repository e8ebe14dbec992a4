# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Links with keys, `xmpp:…?omemo-sid-…`, that are opened in a chat or handed to
Gajim by the desktop. Gajim would drop the keys and open a chat. And links to
encrypted files: Gajim would hand them, keys and all, to whatever program there is.
"""

from __future__ import annotations

from collections.abc import Callable

from ..bridge.gajim.patches import Patches
from ..verify.judge import Source
from ..verify.uri import InvalidUri
from ..verify.uri import parse_uri

# Modules that open links; each has the function under a name of its own
_OPENERS = (
    "gajim.gtk.application",
    "gajim.gtk.conversation.plain_widget",
    "gajim.gtk.groupchat_info",
    "gajim.gtk.main",
    "gajim.gtk.vcard_grid",
)

Opened = Callable[[str, Source, str | None], None]
FileOpened = Callable[[str, str | None], None]

# Gajim's functions that open links; a link is a text or an object of Gajim's
_Opener = Callable[..., object]
_Several = Callable[[object, list[str]], object]
_One = Callable[[object, object], object]

_FILE = "aesgcm"

# Which schemes Gajim takes for links, in 1.7 and later
_SCHEMES = ("gajim.common.helpers", "gajim.common.util.uri")


def has_keys(text: str) -> bool:
    """Whether a link is for verifying somebody, damaged ones included."""
    if text[:5].lower() != "xmpp:" or "?" not in text:
        return False
    try:
        parse_uri(text)
    except InvalidUri:
        query = text.partition("?")[2].lower()
        return "omemo-sid-" in query or query.startswith("trust-message")
    return True


def follow_links(patches: Patches, opened: Opened, file_opened: FileOpened) -> None:
    """
    Args:
        opened: gets each link with keys, where it came from, and the account
            if that is known.
        file_opened: gets each link to an encrypted file, and the account.
    """

    def opener(theirs: _Opener) -> _Opener:
        def open_uri(uri: object, *args: object, **options: object) -> object:
            text = uri if isinstance(uri, str) else _source_of(uri)
            given = args[0] if args else options.get("account")
            account = given if isinstance(given, str) and given else None
            if text.partition(":")[0].lower() == _FILE:
                file_opened(text, account)
                return None
            if has_keys(text):
                opened(text, Source.LINK, account)
                return None
            return theirs(uri, *args, **options)

        return open_uri

    def knower(theirs: Callable[[str], bool]) -> Callable[[str], bool]:
        def is_known_uri_scheme(scheme: str) -> bool:
            return scheme == _FILE or bool(theirs(scheme))

        return is_known_uri_scheme

    for module in _OPENERS:
        patches.replace_in(module, "open_uri", opener)
    for module in _SCHEMES:
        patches.replace_in(module, "is_known_uri_scheme", knower)
    _follow_desktop(patches, opened)


def _source_of(uri: object) -> str:
    # 1.7 and 2.1 keep the whole link under one name, 2.6 under another
    return str(getattr(uri, "source", None) or getattr(uri, "uri", ""))


def _follow_desktop(patches: Patches, opened: Opened) -> None:
    from gajim.gtk import main
    from gajim.gtk.application import GajimApplication

    def several(theirs: _Several) -> _Several:
        def _open_uris(app: object, uris: list[str]) -> object:
            rest = [uri for uri in uris if not has_keys(uri)]
            for uri in uris:
                if has_keys(uri):
                    opened(uri, Source.DESKTOP, None)
            return theirs(app, rest) if rest else None

        return _open_uris

    def one(theirs: _One) -> _One:
        def open_xmpp_iri(window: object, iri: object) -> object:
            text = _source_of(iri)
            if has_keys(text):
                opened(text, Source.DESKTOP, None)
                return None
            return theirs(window, iri)

        return open_xmpp_iri

    patches.replace(GajimApplication, "_open_uris", several)
    patches.replace(main.MainWindow, "open_xmpp_iri", one)
