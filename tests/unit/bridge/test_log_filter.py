# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from nbxmpp.protocol import Message

from omemo_plugin.bridge.files import log_filter

KEY = "ab" * 44
LINK = f"aesgcm://example.org/f#{KEY}"


@pytest.fixture(autouse=True)
def written() -> Iterator[io.StringIO]:
    """What Gajim writes to its log; it has one handler for itself and for nbxmpp."""
    file = io.StringIO()
    handler = logging.StreamHandler(file)
    loggers = [logging.getLogger(name) for name in ("gajim", "nbxmpp")]
    for one in loggers:
        one.addHandler(handler)
    log_filter.install()
    yield file
    log_filter.remove()
    for one in loggers:
        one.removeHandler(handler)
    assert handler.filters == []


def test_case_41_no_key_in_gajims_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("gajim.gtk.preview")
    with caplog.at_level(logging.INFO, "gajim.gtk.preview"):
        log.info("Start downloading: %s %s", "abc", LINK)
        log.info("Status error for %s: %s", LINK.upper().replace("#", "#x"), 404)
    assert KEY not in caplog.text.lower()
    assert "Start downloading: abc aesgcm://example.org/f#…" in caplog.text
    assert "404" in caplog.text


def test_case_146_no_text_in_gajims_log(caplog: pytest.LogCaptureFixture) -> None:
    """Gajim 2 writes it to the disk when one of its preferences says so."""
    log = logging.getLogger("gajim.c.storage.archive")
    with caplog.at_level(logging.DEBUG, "gajim.c.storage.archive"):
        log.debug("Object before query\n%s", "Message(text='a secret')")
        log.info("Removed history for: %s", "bob@example.org")
    assert "secret" not in caplog.text
    assert "Object before query: left out" in caplog.text
    assert "bob@example.org" in caplog.text


def test_case_146_no_reaction_in_gajims_log(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("gajim.c.m.reactions")
    with caplog.at_level(logging.INFO, "gajim.c.m.reactions"):
        log.info("(alice) Received reactions: %s", "Reaction(emojis='🦑')")
        log.info("(alice) Send %s: %s", {"🦑"}, "bob@example.org")
    assert "🦑" not in caplog.text
    assert caplog.text.count("Reactions: left out") == 2


@pytest.mark.parametrize(
    "name", ["nbxmpp.m.oob", "nbxmpp.m.delay", "gajim.c.m.message"]
)
def test_case_147_no_stanza_in_gajims_log(written: io.StringIO, name: str) -> None:
    """They log it whole, as a warning, when they cannot read a part of it."""
    stanza = Message(to="bob@example.org", body="a\nsecret")
    log = logging.getLogger(name)
    log.warning("OOB data without url")
    log.warning(stanza)
    # As their adapters do
    log.warning(str(stanza).join(("(alice) ", "")))
    log.warning("Unknown: %s", stanza)
    assert written.getvalue().splitlines() == [
        "OOB data without url",
        "<message>: left out",
        "(alice) <message>: left out",
        "Unknown: <message>: left out",
    ]


def test_what_is_on_the_wire_stays_in_the_log(written: io.StringIO) -> None:
    logging.getLogger("nbxmpp.connection").warning("DATA %s", "<message to='bob'/>")
    logging.getLogger("nbxmpp.m.presence").warning("%s", "<presence/>")
    assert written.getvalue() == "DATA <message to='bob'/>\n<presence/>\n"


def test_the_rest_of_the_log_stays(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("gajim.gtk.preview")
    with caplog.at_level(logging.INFO, "gajim.gtk.preview"):
        log.info("%d of %s", 5, "https://example.org/#part")
    assert caplog.records[0].args == (5, "https://example.org/#part")


def test_taken_back() -> None:
    log_filter.remove()
    assert logging.getLogger("gajim.gtk.preview").filters == []
