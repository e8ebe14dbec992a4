# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from omemo_plugin.bridge.files import log_filter

KEY = "ab" * 44
LINK = f"aesgcm://example.org/f#{KEY}"


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    log_filter.install()
    yield
    log_filter.remove()


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


def test_the_rest_of_the_log_stays(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("gajim.gtk.preview")
    with caplog.at_level(logging.INFO, "gajim.gtk.preview"):
        log.info("%d of %s", 5, "https://example.org/#part")
    assert caplog.records[0].args == (5, "https://example.org/#part")


def test_taken_back() -> None:
    log_filter.remove()
    assert logging.getLogger("gajim.gtk.preview").filters == []
