# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines in a chat, and what they offer."""

from __future__ import annotations

import pytest

from omemo_plugin.bridge.gajim import chat_window
from omemo_plugin.bridge.notices.chat_notices import ChatNotices
from omemo_plugin.bridge.values import Offer
from omemo_plugin.bridge.values import OfferKind

BOB = "bob@test"
OFFER = Offer(OfferKind.VERIFY, BOB)


class Screen:
    """Gajim's screen."""

    def __init__(self) -> None:
        self.chat = ""
        self.lines: list[str] = []

    def show(self, _account: str, jid: str, text: str) -> bool:
        if jid != self.chat:
            return False
        self.lines.append(text)
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(chat_window, "show_info", screen.show)
    monkeypatch.setattr(chat_window, "chat_on_screen", lambda _account: screen.chat)
    return screen


def test_a_line_waits_for_its_chat(screen: Screen) -> None:
    notices = ChatNotices("account")
    screen.chat = "carol@test"
    notices.show(BOB, "news")
    assert screen.lines == []
    screen.chat = BOB
    notices.chat_opened(BOB)
    notices.chat_opened(BOB)
    assert screen.lines == ["news"]


def test_a_line_about_the_account_takes_any_chat(screen: Screen) -> None:
    notices = ChatNotices("account")
    notices.show("", "news")
    screen.chat = BOB
    notices.chat_opened(BOB)
    assert screen.lines == ["news"]


def test_without_a_button_the_line_says_where_to_click(screen: Screen) -> None:
    notices = ChatNotices("account")
    screen.chat = BOB
    notices.show(BOB, "A new device.", OFFER)
    (line,) = screen.lines
    assert line.startswith("A new device. ")
    assert "encryption menu" in line


def test_with_a_button_it_does_not(screen: Screen) -> None:
    notices = ChatNotices("account")
    screen.chat = BOB
    shown = []

    def show(account: str, jid: str, line: str, offer: Offer) -> bool:
        shown.append((account, jid, line, offer))
        return True

    notices.show_offers_with(show)
    notices.show(BOB, "A new device.", OFFER)
    assert shown == [("account", BOB, "A new device.", OFFER)]
    assert screen.lines == []


def test_a_button_that_fails_does_not_take_the_line_with_it(screen: Screen) -> None:
    notices = ChatNotices("account")
    screen.chat = BOB

    def fail(*_args: object) -> bool:
        raise RuntimeError

    notices.show_offers_with(fail)
    notices.show(BOB, "A new device.", OFFER)
    assert len(screen.lines) == 1
