# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Gajim with a fresh profile, driven through a test plugin in it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..processes import Child
from ..processes import copy_tree
from ..processes import give_away
from ..processes import make_folder
from ..processes import unprivileged_ids
from ..servers.hosts import SYSTEM_PLUGINS
from ..servers.hosts import Host
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from ..waiting import PATIENCE
from ..waiting import TooLate
from ..waiting import wait_for
from .accessible import Accessibility
from .accessible import Reader
from .compile_once import VARIABLE as COMPILED_VARIABLE
from .display import ENVIRONMENT
from .display import Display
from .profile import write_profile
from .wayland import WaylandAccessibility
from .wayland import WaylandDisplay

DRIVER = Path(__file__).parent / "driver"
DRIVER_NAME = "gajim_test_driver"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PYTHON_LIBRARIES = Path("/usr/lib/python3/dist-packages")
# Short name of the plugin under test.
OURS = "omemo_plugin"

# Nothing starts services on that bus, so the one for accessibility comes first.
# It ends with the bus.
WITH_ACCESSIBILITY = """\
/usr/libexec/at-spi-bus-launcher --launch-immediately &
exec "$@"
"""

# A session bus that keeps its socket in our folder and starts no services.
DBUS_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class DriverError(AssertionError):
    """An action failed inside Gajim; the text is Gajim's traceback."""


@dataclass(frozen=True)
class Row:
    """One row of a conversation, as the user sees it."""

    type: str
    text: str
    outgoing: bool = False
    encryption: Mapping[str, Any] | None = None
    shield: str = ""
    receipt: bool = False

    @property
    def trust(self) -> str | None:
        """Name of the trust level behind the shield, None when not encrypted."""
        return None if self.encryption is None else self.encryption["trust"]

    @property
    def key(self) -> str | None:
        """The sending device's fingerprint as it is kept with the message."""
        return None if self.encryption is None else self.encryption["key"]


HOSTS = Path("/etc/hosts")


class DrivenGajim:
    """A Gajim that has the test plugin in it, however it came to run."""

    name: str
    account: XmppAccount
    """Whose chats the methods below mean."""
    log: Path
    _socket: Path
    _child: Child | None = None

    @property
    def account_name(self) -> str:
        """Gajim's name for the account."""
        return self.account.name

    # -- the program

    @property
    def running(self) -> bool:
        """Whether the program runs."""
        return self._child is not None and self._child.running

    def wait_until_running(self, timeout: float = 60.0) -> None:
        """Wait until the driver in the program answers."""
        wait_for(f"{self.name} runs", self._answers, timeout)

    def quit(self, timeout: float = 15.0) -> None:
        """Quit as the user does; killed when that takes too long."""
        if self._child is None:
            return
        if self.running:
            self.call("quit")
            ended = self._child.wait(timeout)
            self._child.kill()
            if not ended:
                raise AssertionError(f"{self.name} did not quit in {timeout:g} s")
        self._child = None

    def kill(self) -> None:
        """End the program as a crash or a pulled plug does."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    # -- the account

    def online(self) -> bool:
        """Whether the account is online."""
        return bool(self.call("is_available", account=self.account_name))

    def set_online(self, online: bool) -> None:
        """Go online or offline, and wait for it."""
        name = self.account_name
        self.call("set_online", account=name, online=online)
        if online:
            wait_for(f"{self.name} is online", self.online)
        else:
            wait_for(
                f"{self.name} is offline",
                lambda: self.call("is_disconnected", account=name),
            )

    def set_account_enabled(self, enabled: bool) -> None:
        """Disable or enable the account; wait until it is gone or online."""
        name = self.account_name
        self.call("set_account_enabled", account=name, enabled=enabled)
        if enabled:
            wait_for(f"{self.name} is online again", self.online)
        else:
            wait_for(
                f"{self.name} has disabled the account",
                lambda: name not in self.call("accounts"),
            )

    # -- plugins

    def set_plugin_active(self, short_name: str, active: bool) -> None:
        """Switch a plugin on or off."""
        self.call("set_plugin_active", short_name=short_name, active=active)

    def plugins(self) -> dict[str, dict[str, Any]]:
        """The plugins that the plugin manager knows, by short name."""
        known: dict[str, dict[str, Any]] = self.call("plugins")
        return known

    # -- chats

    def open_chat(self, jid: str, encryption: str | None = None) -> None:
        """Show the chat with somebody; choose the encryption when given."""
        self.call("open_chat", account=self.account_name, jid=jid)
        wait_for(
            f"{self.name} shows the chat with {jid}",
            lambda: self.call("shown_chat") == jid,
        )
        if encryption is not None:
            self.set_encryption(encryption)

    def create_room(self, room: str, *, private: bool = True) -> None:
        """Make a room and wait until one is in it."""
        self.call("create_room", account=self.account_name, room=room, private=private)
        self._wait_until_in(room)

    def join_room(self, room: str, nick: str = "") -> None:
        """Enter a room and wait until one is in it.

        :param nick: one's own name if none is given
        """
        self.call(
            "join_room", account=self.account_name, room=room, nick=nick or self.name
        )
        self._wait_until_in(room)

    def set_affiliation(self, room: str, jid: str, affiliation: str) -> None:
        """Make somebody a member of a room, or not any more."""
        self.call(
            "set_affiliation",
            account=self.account_name,
            room=room,
            jid=jid,
            affiliation=affiliation,
        )
        wait_for(
            f"{jid} is made {affiliation}", lambda: self.call("affiliation_was_set")
        )

    def send_file(self, jid: str, path: str) -> None:
        """Send a file to somebody, once the server has a place for it."""
        account = self.account_name
        wait_for(
            f"{self.name} has a place for files",
            lambda: self.call("can_send_files", account=account),
        )
        self.call("send_file", account=account, jid=jid, path=path)

    def wait_for_file(self, timeout: float = 60.0) -> Row:
        """Wait until the shown chat has the link to an encrypted file."""

        def found() -> Row | None:
            links = [m for m in self.messages() if m.text.startswith("aesgcm://")]
            return links[-1] if links else None

        return wait_for(f"{self.name} shows a file", found, timeout)

    def _wait_until_in(self, room: str) -> None:
        wait_for(
            f"{self.name} is in {room}",
            lambda: self.call("room_is_joined", account=self.account_name, room=room),
        )

    def open_room(self, room: str, encryption: str | None = None) -> None:
        """Show the chat of a room; choose the encryption when given."""
        self.call("open_room", account=self.account_name, room=room)
        wait_for(f"{self.name} shows {room}", lambda: self.call("shown_chat") == room)
        if encryption is not None:
            self.set_encryption(encryption)

    def set_encryption(self, name: str) -> None:
        """Choose in the encryption menu of the shown chat ('' for none)."""
        self.call("set_encryption", name=name)
        if not name and "Switch it off" in self.call("dock")["buttons"]:
            # Our plugin asks first
            self.call("press_in_dock", label="Switch it off")
        shown = self.call("encryption")
        assert shown == name, f"{self.name}: encryption is {shown!r}, not {name!r}"

    def send(self, text: str, timeout: float = PATIENCE) -> None:
        """Type, press send, and press again while Gajim keeps the text.

        Gajim 2 refuses the first attempt while it looks for devices.
        """
        self.call("clear_input")
        self.call("type_text", text=text)

        def left_the_input() -> bool:
            self.call("press_send")
            return text not in str(self.call("typed_text"))

        wait_for(f"{self.name} sends {text!r}", left_the_input, timeout, 0.5)

    def rows(self, last: int = 0) -> list[Row]:
        """The rows of the shown chat, oldest first.

        :param last: only so many, the newest; to look at hundreds takes long
        """
        return [Row(**row) for row in self.call("rows", last=last)]

    def messages(self, last: int = 0) -> list[Row]:
        """The message rows of the shown chat, oldest first.

        :param last: see `rows`
        """
        return [row for row in self.rows(last) if row.type == "chat"]

    def find(self, text: str) -> Row | None:
        """The message row with exactly this text in the shown chat."""
        found = [row for row in self.messages() if row.text == text]
        assert len(found) < 2, f"{self.name} shows {text!r} {len(found)} times"
        return found[0] if found else None

    def wait_for_message(self, text: str, timeout: float = PATIENCE) -> Row:
        """Wait until the shown chat has a row with this text."""
        try:
            return wait_for(
                f"{self.name} shows {text!r}", lambda: self.find(text), timeout, 0.1
            )
        except TooLate as error:
            raise TooLate(f"{error}\nrows: {self.rows()}") from None

    def history(self, jid: str) -> list[dict[str, Any]]:
        """The messages of the chat in the archive on disk, oldest first."""
        kept: list[dict[str, Any]] = self.call(
            "history", account=self.account_name, jid=jid
        )
        return kept

    # -- the driver

    def call(self, action: str, **arguments: Any) -> Any:
        """Run an action in Gajim's main loop and return its result."""
        request = json.dumps({"action": action, "arguments": arguments})
        if not self.running:
            raise RuntimeError(f"{self.name} does not run; {self._end_of_log()}")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self._socket))
            with connection.makefile("rw", encoding="utf-8") as lines:
                lines.write(request + "\n")
                lines.flush()
                answer = lines.readline()
        if not answer:
            raise RuntimeError(f"{self.name} closed the line; {self._end_of_log()}")
        result = json.loads(answer)
        if "error" in result:
            raise DriverError(f"{self.name}: {action}: {result['error']}")
        return result["value"]

    def _answers(self) -> bool:
        if not self.running:
            raise RuntimeError(f"{self.name} ended; {self._end_of_log()}")
        try:
            self.call("ping")
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-40:]
        return "\n".join([f"{self.log} ends with:", *lines])


class Gajim(DrivenGajim):
    """One Gajim program with one account, or with more.

    Use it as a context manager, or call start() and close().
    """

    def __init__(
        self,
        name: str,
        host: Host,
        server: Prosody,
        account: XmppAccount,
        folder: Path,
        artefacts: Path,
        *,
        plugins: Mapping[str, bool] | None = None,
        system_plugins: Sequence[Path] = (),
        hidden_libraries: Sequence[str] = (),
        bundle: Path | None = None,
        app_settings: Mapping[str, Any] | None = None,
        account_settings: Mapping[str, Any] | None = None,
        proxies: Mapping[str, Mapping[str, Any]] | None = None,
        display: str | None = None,
        environment: Mapping[str, str] | None = None,
        trusts_server: bool = False,
        accessible: bool = False,
        more_accounts: Sequence[XmppAccount] = (),
        resting_accounts: Sequence[XmppAccount] = (),
        first_page: bool = False,
        wayland: bool = False,
    ) -> None:
        """Write the profile; nothing is started.

        :param name: names files and messages, as in 'alice-phone'
        :param plugins: short names, and whether each is active at the first start
        :param system_plugins: plugin folders put into Gajim's system folder
        :param hidden_libraries: Python packages that shall seem not installed
        :param bundle: a plugin's zip, given to the plugin manager at the first start
        :param display: an X display to use instead of an own Xvfb
        :param trusts_server: for HTTPS too, as with a certificate that is signed
        :param environment: variables besides; {folder} stands for the folder
        :param more_accounts: accounts besides; see `SecondAccount`
        :param resting_accounts: accounts that are not enabled yet
        :param accessible: let it be read by way of AT-SPI, see `accessibility`
        :param first_page: leave the window there that our plugin opens at first. Until
            it is answered nothing is published
        :param wayland: show it on a Wayland desktop and not on an X display
        """
        self.name = name
        self.host = host
        self.server = server
        self.account = account
        self.folder = make_folder(folder)
        self.artefacts = artefacts
        self.home = make_folder(self.folder / "home")
        self.log = self.folder / "gajim.log"
        self._overlays: dict[Path, Path] = {}
        if system_plugins:
            folder = host.system_plugins(self.folder, system_plugins)
            self._overlays[SYSTEM_PLUGINS] = folder
        if trusts_server:
            self._overlays[CERTIFICATES] = self._with_certificate(server)
        self._shared = os.environ.get(COMPILED_VARIABLE, "")
        if self._shared and host.root is not None:
            self._overlays[Path(self._shared)] = Path(self._shared)
        for library in hidden_libraries:
            self.hide_library(library)
        self._bundle = bundle
        self._published = False
        self.has_our_plugin = bundle is not None or bool(system_plugins)
        self._own_display: Display | None = None
        self._display_name = display
        self._environment = dict(environment or {})
        self._accessible = accessible
        self._reader: Reader | None = None
        self._first_page = first_page
        self._on_wayland = wayland
        self._wayland: WaylandDisplay | None = None
        self._child: Child | None = None
        self._socket = self.folder / "driver.socket"
        make_folder(self.folder / "run").chmod(0o700)
        self._dbus_config = self.folder / "dbus.conf"
        self._dbus_config.write_text(DBUS_CONFIG.format(folder=self.folder / "run"))
        write_profile(
            self.home,
            host.gajim_version,
            server,
            account,
            plugins={DRIVER_NAME: True, **(plugins or {})},
            app_settings=app_settings,
            account_settings=account_settings,
            proxies=proxies,
            more_accounts=more_accounts,
            resting_accounts=resting_accounts,
        )
        copy_tree(DRIVER, self.user_plugins / DRIVER_NAME)

    # -- paths of the profile

    @property
    def user_plugins(self) -> Path:
        """The folder into which the plugin manager installs."""
        return self.home / ".local" / "share" / "gajim" / "plugins"

    @property
    def data(self) -> Path:
        """Gajim's data folder (history, OMEMO stores)."""
        return self.home / ".local" / "share" / "gajim"

    def our_stores(self) -> list[Path]:
        """Files in which our plugin keeps keys and sessions."""
        folder = self.data / "plugins_data" / OURS
        return sorted(path for path in folder.rglob("*") if path.is_file())

    # -- the program

    def __enter__(self) -> Gajim:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def hide_library(self, library: str) -> None:
        """Let a Python package seem not installed from the next start on."""
        self._overlays[PYTHON_LIBRARIES / library] = self._missing(library)

    def put_on_another_disk(self, folder: Path, place: Path) -> None:
        """Let a folder of the profile be another one from the next start on."""
        folder.mkdir(parents=True, exist_ok=True)
        give_away(self.home)
        self._overlays[folder] = place

    def know_hosts(self, addresses: Mapping[str, str]) -> None:
        """Let it find hosts by their names, which nobody is asked for then."""
        lines = [f"{address} {name}\n" for name, address in addresses.items()]
        path = self.folder / "hosts"
        path.write_text(HOSTS.read_text() + "".join(lines))
        self._overlays[HOSTS] = path

    def launch(self) -> None:
        """Start the program without waiting for it."""
        # It is on the bus of the program as that ran before
        self._end_reader()
        if self._on_wayland:
            if self._wayland is None:
                self._wayland = WaylandDisplay(
                    self.folder, self.folder / "run", self._dbus_config
                )
        elif self._display_name is None:
            self._own_display = Display(self.folder)
            self._display_name = self._own_display.name
        if self._socket.exists():
            self._socket.unlink()
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            **ENVIRONMENT,
            **self._screen(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",
            "GAJIM_TEST_SOCKET": str(self._socket),
        }
        program = ["gajim", "-l", "gajim.p=DEBUG"]
        if self._accessible:
            del environment["NO_AT_BRIDGE"]
            environment["GTK_A11Y"] = "atspi"
            # Gajim 1 loads its bridge when this is set
            environment["GNOME_ACCESSIBILITY"] = "1"
            program = ["sh", "-c", WITH_ACCESSIBILITY, "sh", *program]
        if self._shared:
            environment["PYTHONPATH"] = self._shared
            # It would look at all plugins of GStreamer as well
            place = "machine" if self.host.root is None else self.host.root.name
            environment["GST_REGISTRY"] = f"{self._shared}/gstreamer-{place}"
        for name, value in self._environment.items():
            environment[name] = value.format(folder=self.folder)
        xauthority = self.folder / "xauthority"
        if xauthority.exists():
            environment["XAUTHORITY"] = str(xauthority)
        command = [
            'dbus-run-session', f'--config-file={self._dbus_config}',
            '--', *program,
        ]  # fmt: skip
        argv = self.host.command(command, environment, self.folder, self._overlays)
        self._child = Child(
            argv,
            log=self.log,
            environment={"PATH": environment["PATH"]},
            folder=self.folder,
            as_root=self.host.changes_user(self._overlays),
        )

    def _screen(self) -> dict[str, str]:
        """The variables that say where it is shown."""
        if self._wayland is not None:
            return {"WAYLAND_DISPLAY": self._wayland.name, "GDK_BACKEND": "wayland"}
        return {"DISPLAY": str(self._display_name), "GDK_BACKEND": "x11"}

    def wait_until_online(self, timeout: float = 60.0) -> None:
        """Install the bundle, and wait until the account is online.

        At the first start, until the new device can be found by others as well.
        """
        self.wait_until_running(timeout)
        if self._bundle is not None:
            self.install_plugin(self._bundle)
            self._bundle = None
            self.call("begin_with_new_key", account=self.account_name)
        wait_for(f"{self.name} is online", self.online, timeout)
        if self.has_our_plugin and not self._published and not self._first_page:
            # Until the page is answered, nothing is published
            self.call("skip_first_page")
            self.wait_until_published(timeout)

    def wait_until_published(self, timeout: float = 60.0) -> None:
        """Wait until others can find the device, once the first page is answered."""
        resource = self.call("own_resource", account=self.account.name)
        address = f"{self.account.jid}/{resource}"
        wait_for(
            f"{self.name} has published its device",
            lambda: self.server.accepted_device_list(address),
            timeout,
        )
        self._published = True

    def start(self) -> None:
        """Start the program and wait until its account is online."""
        self.launch()
        self.wait_until_online()

    def restart(self) -> None:
        """Quit and start with the same profile."""
        self.quit()
        self.start()

    def close(self) -> None:
        """End the program and its display, whatever their state."""
        self._end_reader()
        self.kill()
        if self._own_display is not None:
            self._own_display.stop()
            self._own_display = None
            self._display_name = None
        if self._wayland is not None:
            self._wayland.stop()
            self._wayland = None

    def screenshot(self, title: str) -> Path:
        """Picture of this Gajim's display in the artefact folder."""
        path = self.artefacts / title / f"{self.name}.png"
        if self._wayland is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            drawn = self.folder / "picture.png"
            wait_for(
                f"a window of {self.name} is drawn",
                lambda: self.call("draw_window", path=str(drawn)),
            )
            path.write_bytes(drawn.read_bytes())
            return path
        assert self._own_display is not None, "no display of its own"
        return self._own_display.screenshot(path)

    @property
    def display(self) -> str | None:
        """Its X display, once it has been started."""
        return self._display_name

    def accessibility(self) -> Accessibility:
        """The windows as a screen reader finds them; only if `accessible` was asked
        for."""
        assert self._accessible, "not started with accessible=True"
        if self._reader is None:
            bus = str(self.call("environment", name="DBUS_SESSION_BUS_ADDRESS"))
            display = self._display_name or ""
            self._reader = Reader(bus, self.folder / "run", display)
        if self._wayland is not None:
            return WaylandAccessibility(self._reader, self._wayland)
        assert self._display_name is not None
        return Accessibility(self._reader, self._display_name)

    def _end_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def offer(self, file: Path) -> Path:
        """Put a file where this Gajim can read it."""
        copy = self.folder / file.name
        copy.write_bytes(file.read_bytes())
        give_away(copy)
        return copy

    def install_plugin(self, bundle: Path) -> None:
        """Install a zip with the plugin manager and switch the plugin on."""
        short_name = self.call("install_plugin", path=str(self.offer(bundle)))
        self.set_plugin_active(short_name, True)
        plugin = self.plugins()[short_name]
        if not plugin["active"]:
            raise AssertionError(f"{self.name}: not activated: {plugin['why_not']}")

    def _with_certificate(self, server: Prosody) -> Path:
        """The certificates Debian trusts, and the server's."""
        file = self.folder / "certificates.pem"
        ours = server.certificate.read_text()
        file.write_text(CERTIFICATES.read_text() + ours)
        return file

    def _missing(self, library: str) -> Path:
        """A package that fails as one does that is not there."""
        folder = make_folder(self.folder / "hidden" / library)
        text = f"No module named '{library}'"
        (folder / "__init__.py").write_text(
            f"raise ModuleNotFoundError({text!r}, name={library!r})\n"
        )
        return folder


class SecondAccount(DrivenGajim):
    """Another account of a Gajim that runs. It shares the windows of the first one:
    what is shown is the chat that was opened last."""

    def __init__(self, gajim: Gajim, account: XmppAccount) -> None:
        """
        :param gajim: runs, and was given the account in `more_accounts`
        """
        self.name = f"{gajim.name}-{account.name}"
        self.account = account
        self.log = gajim.log
        self._gajim = gajim
        self._socket = gajim._socket
        self._child = gajim._child

    def wait_until_online(self) -> None:
        """Wait until the account is online, and its device is to be found."""
        self._child = self._gajim._child
        self.call("begin_with_new_key", account=self.account_name)
        wait_for(f"{self.name} is online", self.online, 60)
        self.call("skip_first_page")
        resource = self.call("own_resource", account=self.account_name)
        address = f"{self.account.jid}/{resource}"
        wait_for(
            f"{self.name} has published its device",
            lambda: self._gajim.server.accepted_device_list(address),
            60,
        )


def unprivileged_x_authority(gajim: Gajim) -> None:
    """Give a Gajim the right to use the display of whoever runs the test."""
    source = os.environ.get("XAUTHORITY") or str(Path.home() / ".Xauthority")
    if Path(source).exists():
        target = gajim.folder / "xauthority"
        target.write_bytes(Path(source).read_bytes())
        target.chmod(0o600)
        uid, gid = unprivileged_ids()
        os.chown(target, uid, gid)
