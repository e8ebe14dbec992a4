# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin's types of Gajim's objects, against the objects of each Gajim."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.servers.hosts import GAJIM_VERSIONS

# Types of objects that one version alone has
ONLY_IN = {
    "AdditionalData": {"bookworm"},
    "BuiltinBackend": {"trixie", "forky"},
    "BuiltinOmemo": {"trixie", "forky"},
    "BuiltinStorage": {"trixie", "forky"},
    "Bytestreams": {"bookworm"},
    # There is none without a call
    "CallConnection": set(),
    "CallSession": set(),
    "DirectTransfers": {"bookworm"},
    "Dispatcher": {"bookworm"},
    "FileKey": {"forky"},
    "FileTransfer": {"forky"},
    "FileTransferManager": {"forky"},
    "GajimUpload": {"forky"},
    "NewContacts": {"forky"},
    "Direction": {"trixie", "forky"},
    "NewInputBox": {"trixie", "forky"},
    "NewMam": {"trixie", "forky"},
    "NewMessageProperties": {"trixie", "forky"},
    "NewMessageRow": {"trixie", "forky"},
    "NewOutgoingMessage": {"trixie", "forky"},
    "OldConnection": {"bookworm"},
    "OldContacts": {"bookworm", "trixie"},
    "OldInputBox": {"bookworm"},
    "OldMam": {"bookworm"},
    "OldMessageRow": {"bookworm"},
    "OldOutgoingMessage": {"bookworm"},
    # nbxmpp sets its attribute while it passes a message on
    "OldReceivedMessage": set(),
    "Preview": {"bookworm", "trixie"},
    "PreviewData": {"forky"},
    "PreviewManager": {"bookworm", "trixie"},
    "PreviewModule": {"bookworm", "trixie"},
    "Retraction": {"trixie", "forky"},
    # The plugin sets its attributes
    "RowMark": set(),
    "StoredEncryption": {"trixie", "forky"},
    "StoredMessage": {"trixie", "forky"},
    # There is none without a direct transfer
    "TransferredFile": set(),
    "UploadTransfer": {"bookworm", "trixie"},
}


@pytest.mark.parametrize("suite", list(GAJIM_VERSIONS))
def test_gajim_is_as_the_plugin_expects(
    new_scene: Callable[..., Scene], suite: str
) -> None:
    scene = new_scene("alice", "bob")
    alice = scene.gajim(suite, "alice", OURS)
    bob = scene.gajim(suite, "bob", OURS)
    start_all([alice, bob])
    open_chats(alice, bob)
    tell(alice, bob, "in a row")
    result = alice.call(
        "compare_protocols", account=alice.account_name, jid=bob.account.jid
    )
    assert "\n".join(result["wrong"]) == ""
    expected = {name for name in result["known"] if suite in ONLY_IN.get(name, {suite})}
    assert set(result["compared"]) == expected
