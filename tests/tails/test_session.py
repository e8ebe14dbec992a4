# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a user of Tails, from the first start of Gajim on."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.conversation import open_chats
from tests.e2e.conversation import secret
from tests.support.gajim.program import DRIVER_NAME
from tests.support.gajim.program import OURS
from tests.support.gajim.program import Gajim
from tests.support.servers.hosts import SYSTEM_PLUGINS
from tests.support.tails.gajim import TailsGajim
from tests.support.tails.root import USER_IDS
from tests.support.tails.screen import Screen
from tests.support.tails.station import Station
from tests.support.tails.trace import STRACE
from tests.support.waiting import wait_for
from tests.tails.confinement import check_confined
from tests.tails.confinement import check_messages
from tests.tails.files import exchange_files
from tests.tails.files import exchange_large_file
from tests.tails.steps import check_nothing_leaked
from tests.tails.steps import identity
from tests.tails.steps import talk
from tests.tails.steps import talk_in_a_room
from tests.tails.verifying import verify_by_file

# The launcher's windows, and the exit code when it does not start Gajim.
NO_TOR = "Tor is not ready"
REFUSED = 3

TRACE = "/home/amnesia/trace"

# A word that no dictionary has
TYPED = "this is mispeled "
LINK = "https://example.org/"

PLUGINS = SYSTEM_PLUGINS.relative_to("/")


def check_plugins(station: Station, gajim: TailsGajim) -> None:
    """Only the policy's plugins are loaded, though Debian 12 installs others."""
    names = {path.name for path in (gajim.tails.machine.files / PLUGINS).iterdir()}
    if station.suite == "bookworm":
        assert names > {OURS, DRIVER_NAME}, names
    # The package takes the place of Debian's plugin
    assert "omemo" not in names, names
    known = gajim.plugins()
    assert set(known) == {OURS, DRIVER_NAME}, known
    assert all(plugin["active"] for plugin in known.values()), known


def use_the_desktop(gajim: TailsGajim, bob: Gajim, artefacts: Path) -> None:
    """A screen reader, an input method, the spell checker, a link, a notification."""
    tails = gajim.tails
    services, screen = tails.services, tails.screen
    assert services is not None
    assert isinstance(screen, Screen)
    open_chats(gajim, bob)

    def is_read() -> bool:
        return any("Gajim" in name for name in services.read())

    wait_for("a screen reader reads the window", is_read, interval=0.5)
    gajim.call("clear_input")
    screen.type("Gajim", TYPED)
    wait_for("it is typed", lambda: gajim.call("typed_text") == TYPED)
    wait_for("by the input method", services.was_typed)
    screen.picture(artefacts / "spelling.png")
    gajim.call("clear_input")
    gajim.call("open_link", account=gajim.account_name, link=LINK)
    wait_for(
        "the portal opens it", lambda: ["OpenURI", "", LINK, {}] in services.requests()
    )
    gajim.call("hide_window")
    text = secret("while nobody looks")
    bob.send(text)

    def is_shown() -> bool:
        return any(method == "Notify" for method, *_words in services.requests())

    wait_for("the desktop shows a notification", is_shown)
    gajim.call("show_window")
    gajim.wait_for_message(text)


def test_first_session(station: Station, bob: Gajim, artefacts: Path) -> None:
    """No Tor, then Tor; three accounts by the wizard; everything encrypted.

    The second account is on the first one's server, though its domain's name does
    not say so; the third one is on an onion service.
    """
    net = station.internet
    accounts = [
        net.server.accounts[f"{name}-{station.suite}"]
        for name in ("alice", "office", "onion")
    ]
    tails = station.boot(services=True)
    tails.trust(net.server.certificate)
    gajim = TailsGajim(tails)

    gajim.launch()
    tails.screen.wait_for(NO_TOR)
    tails.screen.picture(artefacts / "refusal-without-tor.png")
    tails.screen.choose(NO_TOR, 1)
    assert gajim.wait_for_exit() == REFUSED
    assert tails.packet_count() == 0

    tails.connect_tor([net.server.domain, net.onion])
    # The second account's host is known to the DNS alone
    asking = tails.machine.run(
        ["tails-gajim", "servers", "ask"], USER_IDS, environment=tails.environment()
    )
    assert "through Tor" in asking.stdout
    gajim = TailsGajim(tails, [*STRACE, "--output", TRACE, "gajim"])
    gajim.start(artefacts)
    check_plugins(station, gajim)
    gajim.show_wizard()
    tails.screen.picture(artefacts / "first-start.png")
    for account in accounts:
        gajim.log_in(account)
        talk(gajim, bob)
    tails.screen.picture(artefacts / "chat.png")
    gajim.account = accounts[0]
    use_the_desktop(gajim, bob, artefacts)
    talk_in_a_room(gajim, bob)
    exchange_files(gajim, bob)
    verify_by_file(gajim, bob, artefacts)

    users = [identity(gajim, account) for account in accounts]
    assert len(set(users)) == len(accounts)
    circuits = [tails.tor.control.circuits_of(user) for user in users]
    assert all(circuits)
    assert not circuits[0] & circuits[1], "two accounts on one server are linked"
    said = check_messages(tails, artefacts)
    for word in ("Notify", "OpenURI", "ProcessKeyEvent", "Embed", "login1.Manager"):
        assert any(word in each for each in said), f"{word} was not called"
    gajim.quit()
    check_nothing_leaked(tails)
    used = check_confined(tails, tails.machine.files / TRACE.lstrip("/"), artefacts)
    for word in ("hunspell", "/at-spi/bus", "im-ibus"):
        assert any(word in path for path in used), f"{word} was not used"


def test_a_large_file(station: Station, bob: Gajim) -> None:
    """More than 100 MB, and nothing but Tor sees a packet of it."""
    net = station.internet
    tails = station.boot()
    tails.connect_tor([net.server.domain])
    gajim = TailsGajim(tails)
    gajim.start()
    gajim.log_in(net.server.accounts[f"walter-{station.suite}"])
    exchange_large_file(gajim, bob)
    gajim.quit()
    check_nothing_leaked(tails)
