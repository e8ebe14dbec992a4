# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real Gajims with our plugin, and what the server sees of their chat.

Started by tools/demo, which installs the packages that are needed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.gajim.program import Gajim
from tests.support.gajim.program import Row
from tests.support.gajim.program import unprivileged_x_authority
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.processes import end_on_signals
from tests.support.servers.hosts import GAJIM_VERSIONS
from tests.support.servers.hosts import machine_suite
from tests.support.waiting import wait_for

CONVERSATION = (
    ("alice", "Hi Bob, is this line safe?"),
    ("bob", "It is: only your device and mine can read it."),
    ("alice", "Then listen. The file is in locker 217 at the main station."),
    ("bob", "I can be there at 18:30 ☂"),
    ("bob", "Who else knows?"),
    ("alice", "Nobody. Not even the server."),
)

# Where the windows open when both are on one screen, in pixels.
SIZE = {"save_main_window_position": True, "mainwin_width": 900}
LEFT = {**SIZE, "mainwin_x_position": 0, "mainwin_y_position": 0}
RIGHT = {**SIZE, "mainwin_x_position": 620, "mainwin_y_position": 120}

TRUST = {
    "BLIND": "trusted blindly, not verified yet",
    "VERIFIED": "verified",
    "UNDECIDED": "not decided yet",
    "UNTRUSTED": "NOT TRUSTED",
}


def main() -> int:
    """Run the demonstration; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--gajim", choices=list(GAJIM_VERSIONS), default=None)
    suite = parser.parse_args().gajim or machine_suite()
    end_on_signals()
    version = GAJIM_VERSIONS[suite]
    display = os.environ.get("DISPLAY") or None
    pictures = Path(tempfile.mkdtemp(prefix="omemo-demo-"))
    try:
        say(f"Starting an XMPP server and two Gajims {version} …")
        with Scene(["alice", "bob"], pictures) as scene:
            alice, bob = (
                scene.gajim(suite, name, OURS, display=display, app_settings=place)
                for name, place in (("alice", LEFT), ("bob", RIGHT))
            )
            try:
                open_both(alice, bob)
                if display:
                    return leave_to_the_user(scene, alice, bob)
                talk(scene, alice, bob)
            except (AssertionError, RuntimeError) as error:
                say(f"\nThis did not work: {error}")
                say(f"Logs and pictures: {scene.keep_logs('failed')}")
                return 1
        return 0
    except KeyboardInterrupt:
        say("\nStopped; nothing is left running.")
        return 130
    finally:
        if any(pictures.iterdir()):
            give_to_caller(pictures)
        else:
            pictures.rmdir()


def give_to_caller(folder: Path) -> None:
    """Let whoever started this with sudo look into a folder."""
    caller, group = os.environ.get("SUDO_UID"), os.environ.get("SUDO_GID")
    if caller is not None and group is not None and os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, int(caller), int(group), follow_symlinks=False)


def say(text: str) -> None:
    """Print at once."""
    print(text, flush=True)


def say_line(who: str, what: str) -> None:
    """Print one line of the transcript."""
    say(f"{who:<14}{what}")


def open_both(alice: Gajim, bob: Gajim) -> None:
    """Start both Gajims, install the bundle in each, and open the chat."""
    for gajim in (alice, bob):
        unprivileged_x_authority(gajim)
        gajim.launch()
        # A Gajim 2 that runs without the plugin would make a device of its own
        gajim.wait_until_online()
    for gajim, other in ((alice, bob), (bob, alice)):
        gajim.open_chat(other.account.jid, "OMEMO")
        say(f"{gajim.name}: online, plugin enabled, chat with {other.name} encrypted")


def leave_to_the_user(scene: Scene, alice: Gajim, bob: Gajim) -> int:
    """Wait until the user has closed both windows."""
    say("Both Gajims are yours now: write something in either of them.")
    say(f"What the server sees: {scene.server.wire_log}")
    say("Close both windows, or press Ctrl-C here, to end.")
    wait_for(
        "the end of both Gajims",
        lambda: not alice.running and not bob.running,
        timeout=float("inf"),
        interval=0.5,
    )
    return 0


def talk(scene: Scene, alice: Gajim, bob: Gajim) -> None:
    """Send the conversation, and print what is shown and what the server saw.

    :raises AssertionError: when a message was not shown, or not encrypted, or
        when the server saw a text
    """
    sides = {"alice": alice, "bob": bob}
    for name, text in CONVERSATION:
        sender = sides[name]
        receiver = bob if sender is alice else alice
        seen_before = len(encrypted_messages(scene, sender))
        sender.send(text)
        row = receiver.wait_for_message(text)
        assert row.encryption is not None, f"{text!r} was shown as not encrypted"
        sent = encrypted_messages(scene, sender)[seen_before:]
        say("")
        say_line(f"{sender.name} types", text)
        say_line(f"{receiver.name} sees", row.text)
        say_line("", device_and_trust(row, sent))
        for stanza in sent:
            say_line("server sees", what_the_server_saw(stanza))
            say_line("", f'"{stanza.findtext("{*}body")}"')
    leaks = [leak for _, text in CONVERSATION for leak in scene.server.leaks(text)]
    assert not leaks, f"the server saw a text: {leaks}"
    size = len(scene.server.wire().encode())
    say(f"\nEach message arrived and was shown ({len(CONVERSATION)}).")
    say(f"None of the texts is in the {size:,} bytes that passed the server,")
    say("nor in what it stored.")
    scene.pictures("screenshots")
    say(f"Screenshots: {scene.artefacts / 'screenshots'}")


def encrypted_messages(scene: Scene, sender: Gajim) -> list[ET.Element]:
    """The messages with an encrypted text that the server got from somebody."""
    start = f"< {sender.account.jid}/"
    stanzas = [
        ET.fromstring(line.split(" ", 2)[2])
        for line in scene.server.stanzas_with("<payload>")
        if line.startswith(start)
    ]
    # A receipt or a read marker has no words for those who cannot read it
    return [
        stanza
        for stanza in stanzas
        if stanza.tag.endswith("message") and stanza.find("{*}body") is not None
    ]


def device_and_trust(row: Row, sent: list[ET.Element]) -> str:
    """What Gajim shows beside a message, with the device's number."""
    assert sent, "the server saw no encrypted message"
    header = next(sent[0].iter("{eu.siacs.conversations.axolotl}header"), None)
    if header is None:
        header = next(sent[0].iter("{urn:xmpp:omemo:2}header"))
    key = (row.key or "").upper()
    return (
        f"from device {header.get('sid')}, key {key[:8]} {key[8:16]} …,"
        f" {TRUST.get(row.trust or '', row.trust)}"
    )


def what_the_server_saw(stanza: ET.Element) -> str:
    """The beginning of the encrypted text."""
    elements = [(e.tag.rpartition("}")[2], e) for e in stanza.iter()]
    payload = next(e.text or "" for name, e in elements if name == "payload")
    readers = {e.get("rid") for name, e in elements if name == "key"}
    devices = "device" if len(readers) == 1 else "devices"
    return f"{payload.strip()[:44]}… (for {len(readers)} {devices})"


if __name__ == "__main__":
    sys.exit(main())
