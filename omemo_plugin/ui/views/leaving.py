# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window that says what has become of the chats when the plugin was switched
off."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import partial

from ...i18n import _
from ..presenters import leaving
from ..presenters.giving_back import GivingBackOffer
from ..presenters.giving_back import KeyGiver
from ..widgets.toolkit import Label
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import theme
from ..widgets.toolkit import widgets
from .pages import Pages


def open_leaving(
    parent: Window | None,
    *,
    gajim_has_omemo: bool,
    names: Sequence[str],
    switch_on: Callable[[], None] | None,
    offers: Sequence[KeyGiver] = (),
) -> Callable[[], None]:
    """
    Show the window.

    Args:
        gajim_has_omemo: Gajim's own OMEMO takes over.
        names: of those with whom the user has encrypted chats.
        switch_on: called when the user wants the plugin to be on again; None where
            the plugin is gone.
        offers: the accounts whose key another program could go on with. They are
            closed with the window.

    Returns:
        Closes the window, if it is open.
    """
    # All else of the plugin has been taken back
    theme.start()
    pages = Pages(leaving.title(), parent, 480, 560 if offers else 320)
    pages.begin(leaving.title())
    true = partial(leaving.sentences, gajim_has_omemo=gajim_has_omemo, names=names)
    said = {text: widgets.label(text) for text in true()}
    for label in said.values():
        pages.add(label)
    buttons = [pages.close_button()]
    if switch_on is not None:
        buttons.insert(0, widgets.button(_("Switch it on again"), switch_on))
    pages.add_buttons(*buttons)
    _add_offers(pages, [GivingBackOffer(one) for one in offers], said, true)
    opened = [pages.window]

    def closed() -> None:
        opened.clear()
        for offer in offers:
            offer.close()

    widgets.on_close(pages.window, closed)
    widgets.present(pages.window)

    def close() -> None:
        for window in tuple(opened):
            widgets.close(window)

    return close


def _add_offers(
    pages: Pages,
    offers: Sequence[GivingBackOffer],
    said: Mapping[str, Label],
    true: Callable[..., Sequence[str]],
) -> None:
    """
    Add the offer for each account.

    Args:
        said: the sentences in the window, and where they stand.
        true: `leaving.sentences`, for what has been given.
    """

    def key_given() -> None:
        still = true(
            other_is_on=any(one.other_is_on for one in offers),
            keys_given=all(one.given for one in offers),
        )
        for text, label in said.items():
            if text not in still:
                # Screen readers find what is hidden in GTK 3
                widgets.set_text(label, "")
                widgets.set_visible(label, False)

    for one in offers:
        pages.add(_offer(one, key_given))


def _offer(offer: GivingBackOffer, key_given: Callable[[], None]) -> Widget:
    """
    The offer for one account. What has become of it takes the button's place.

    Args:
        key_given: called when the other OMEMO has the key.
    """
    outcome = widgets.label("")
    widgets.set_visible(outcome, False)

    def say(text: str) -> None:
        widgets.set_text(outcome, text)
        widgets.set_visible(outcome, True)

    def done(given: bool, text: str) -> None:
        say(text)
        widgets.set_visible(button, not given)
        widgets.set_sensitive(button, True)
        if given:
            key_given()

    def give() -> None:
        widgets.set_sensitive(button, False)
        say(offer.waiting)
        offer.give(done)

    button = widgets.describe(
        widgets.button(offer.button, give), name=offer.spoken_button
    )
    return widgets.column(
        widgets.heading(offer.heading),
        widgets.label(offer.address),
        *(widgets.label(one) for one in offer.sentences),
        widgets.row(button),
        outcome,
        spacing=12,
    )
