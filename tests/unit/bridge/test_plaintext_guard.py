# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes in clear to messages of an encrypted conversation."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from omemo_plugin.bridge.gajim.messages import changed_id
from omemo_plugin.bridge.incoming.plaintext_guard import forbid_plain_changes
from omemo_plugin.bridge.incoming.plaintext_guard import forget_hint


def properties(**changes: Any) -> Any:
    """The properties that nbxmpp 6 finds in a stanza that is not encrypted."""
    return SimpleNamespace(
        **{"encrypted": None, "retraction": None, "reactions": None} | changes
    )


@pytest.mark.parametrize("encrypted", [True, False])
def test_case_22_a_message_without_a_change_needs_no_line(encrypted: bool) -> None:
    assert forbid_plain_changes(properties(), encrypted) == ""


def test_case_22_nbxmpp_4_knows_neither_reactions_nor_retractions() -> None:
    assert forbid_plain_changes(SimpleNamespace(encrypted=None), encrypted=True) == ""


def test_case_22_a_reaction_that_is_taken_back_needs_no_line() -> None:
    found = properties(reactions=SimpleNamespace(emojis=set()))
    assert forbid_plain_changes(found, encrypted=True) == ""
    assert found.reactions is None


def test_case_22_a_note_of_the_archive_about_a_retraction_stays() -> None:
    tombstone = SimpleNamespace(is_tombstone=True)
    found = properties(retraction=tombstone)
    assert forbid_plain_changes(found, encrypted=True) == ""
    assert found.retraction is tombstone


def test_case_22_an_encrypted_change_stays() -> None:
    reactions = SimpleNamespace(emojis={"x"})
    found = properties(encrypted=object(), reactions=reactions)
    assert forbid_plain_changes(found, encrypted=True) == ""
    assert found.reactions is reactions


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize(
    ("namespace", "is_ours"), [("urn:xmpp:omemo:2", True), ("urn:example:x", False)]
)
def test_case_07_a_hint_in_clear(
    namespace: str, *, is_ours: bool, encrypted: bool
) -> None:
    """In an encrypted chat no hint may put Gajim's line and a shield in the place of
    a text; elsewhere another encryption is none of our business."""
    hint = SimpleNamespace(namespace=namespace, name="what a server says")
    found = properties(eme=hint)
    forget_hint(found, encrypted)
    assert found.eme is (None if is_ours or encrypted else hint)


@pytest.mark.parametrize("name", ["correction", "retraction", "reactions"])
def test_case_22_the_message_that_is_changed(name: str) -> None:
    assert changed_id(properties(**{name: SimpleNamespace(id="a")})) == "a"
    assert changed_id(properties(**{name: SimpleNamespace(id=None)})) is None
    assert changed_id(SimpleNamespace()) is None
