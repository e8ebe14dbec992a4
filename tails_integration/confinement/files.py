# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that Gajim sees, by bubblewrap.

The list is of what is there. Sockets of other programs (agents for keys, systemd, Tor's
control port, PipeWire, which loads modules for its clients) are not on it, and Debian's
kernels let no rule of AppArmor's forbid them.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import policy
from ..base.system import System
from .buses import Bus

BWRAP = "/usr/bin/bwrap"
PROGRAM = Path(__file__).parents[1]

X11_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108  # the X server's

# Links to /usr in Tails 6 and 7
_TOP = ("bin", "lib", "lib32", "lib64", "sbin")
# The system's, besides /usr and /etc: dictionaries, fonts, our locked settings
_READ_ONLY = (
    '/sys', '/run/udev', '/var/cache/fontconfig', '/var/lib/aspell', '/var/lib/dbus',
    '/var/lib/dictionaries-common', '/var/lib/tails-gajim',
)  # fmt: skip
# A folder that is below one of those and has the user's files in it
_HIDDEN = "/usr/lib/live"
# Which are there when Gajim starts; a camera that comes later needs the portal
_DEVICES = ("dri", "video*", "media*")
# What libraries read in the user's home; dictionaries they also write
_OF_HOME = (
    '.XCompose', '.fonts', '.config/dconf', '.config/fontconfig', '.config/gtk-3.0',
    '.config/gtk-4.0', '.config/mimeapps.list', '.config/user-dirs.dirs',
    '.config/user-dirs.locale', '.local/share/applications', '.local/share/enchant',
    '.local/share/fonts', '.local/share/gtksourceview-4',
    '.local/share/gtksourceview-5', '.local/share/icons', '.local/share/mime',
    '.local/share/themes',
)  # fmt: skip
_WRITTEN_OF_HOME = (".config/enchant",)

# Ways to sockets that are not there
_USELESS = (
    'DBUS_STARTER_ADDRESS', 'DBUS_STARTER_BUS_TYPE', 'GPG_AGENT_INFO', 'IBUS_ADDRESS',
    'PIPEWIRE_REMOTE', 'PULSE_SERVER', 'SESSION_MANAGER', 'SSH_AGENT_PID',
    'SSH_AUTH_SOCK', 'GNOME_KEYRING_CONTROL', 'NOTIFY_SOCKET',
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """What there is for Gajim to see."""

    system: System
    environment: Mapping[str, str]
    runtime: Path
    """$XDG_RUNTIME_DIR"""
    own_runtime: Path
    """Of Gajim's own in there."""
    buses: tuple[Bus, ...]

    @property
    def wayland(self) -> Path | None:
        """The compositor's socket, on Wayland."""
        name = self.environment.get("WAYLAND_DISPLAY", "")
        path = self.runtime / name
        return path if name and self.system.file(path).exists() else None

    def make_folders(self) -> None:
        """Make the folders that are Gajim's own, which bubblewrap does not."""
        for folder in self._own_folders():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def inside(self) -> dict[str, str]:
        """The environment that fits."""
        inside = {
            key: value
            for key, value in self.environment.items()
            if key not in _USELESS
            # X11 lets every program read what is typed into the others
            and (key not in ("DISPLAY", "XAUTHORITY") or self.wayland is None)
        }
        inside |= {bus.variable: f"unix:path={bus.inside}" for bus in self.buses}
        # Its own socket would let Gajim read what is typed elsewhere
        return {**inside, "IBUS_USE_PORTAL": "1"}

    def arguments(self) -> list[str]:
        """What comes between bwrap and the command."""
        return [word for words in self._arguments() for word in words]

    def _arguments(self) -> Iterator[Iterable[str]]:
        home = str(self.system.home)
        yield '--unshare-user', '--unshare-pid', '--unshare-cgroup-try'  # fmt: skip
        yield '--disable-userns', '--die-with-parent', '--new-session'  # fmt: skip
        yield from self._of_system()
        yield from self._of_home()
        yield from self._of_session()
        # Last, so that nothing is written where it would be lost without a word
        for folder in (home, "/run", "/tmp", "/var", "/"):  # noqa: S108
            yield "--remount-ro", folder
        yield "--chdir", home

    def _of_system(self) -> Iterator[Iterable[str]]:
        system = self.system
        yield from (_read_only("/usr"), _read_only("/etc"))
        for name in _TOP:
            path = system.file(f"/{name}")
            if path.is_symlink():
                yield "--symlink", str(path.readlink()), f"/{name}"
            elif path.is_dir():
                yield _read_only(f"/{name}")
        if system.file(_HIDDEN).is_dir():
            yield "--tmpfs", _HIDDEN
        yield "--proc", "/proc"
        yield "--dev", "/dev"
        for pattern in _DEVICES:
            for path in sorted(system.file("/dev").glob(pattern)):
                yield "--dev-bind-try", f"/dev/{path.name}", f"/dev/{path.name}"
        for folder in ("/run", "/tmp", "/var"):  # noqa: S108
            yield "--tmpfs", folder
        for name in _READ_ONLY:
            yield "--ro-bind-try", name, name
        yield "--symlink", "/run", "/var/run"

    def _of_session(self) -> Iterator[Iterable[str]]:
        yield "--perms", "0700", "--dir", str(self.runtime)
        yield "--bind", str(self.own_runtime), str(self.own_runtime)
        # The change of a setting is told by a file there
        yield "--perms", "0700", "--tmpfs", str(self.runtime / "dconf")
        for bus in self.buses:
            yield "--ro-bind", str(bus.outside), str(bus.inside)
        if self.wayland is not None:
            yield _read_only(str(self.wayland))
            return
        display = self.environment.get("DISPLAY", "")
        number = display.partition(":")[2].partition(".")[0]
        if number:
            yield _try_read_only(str(X11_SOCKETS / f"X{number}"))
        authority = self.environment.get("XAUTHORITY", "")
        yield _try_read_only(authority or str(self.system.home / ".Xauthority"))

    def _of_home(self) -> Iterator[Iterable[str]]:
        home = self.system.home
        yield "--perms", "0700", "--tmpfs", str(home)
        for name in _OF_HOME:
            yield _try_read_only(str(home / name))
        for name in _WRITTEN_OF_HOME:
            yield "--bind-try", str(home / name), str(home / name)
        # Libraries' caches are Gajim's own, because other programs trust theirs
        yield "--bind", str(self._libraries_cache), str(home / ".cache")
        for folder in self._own_folders():
            if folder != self._libraries_cache:
                yield "--bind", str(folder), str(folder)
        if not PROGRAM.is_relative_to("/usr"):
            yield _read_only(str(PROGRAM))

    @property
    def _libraries_cache(self) -> Path:
        return self.system.home / ".cache" / "tails-gajim"

    def _own_folders(self) -> Iterator[Path]:
        system = self.system
        yield self._libraries_cache
        yield from (system.config, system.data, system.cache)
        name = Path(policy.FOLDER).name
        yield system.home / name
        if (system.home / "Persistent").is_dir():
            yield system.home / "Persistent" / name


def _read_only(path: str) -> Iterable[str]:
    return "--ro-bind", path, path


def _try_read_only(path: str) -> Iterable[str]:
    return "--ro-bind-try", path, path
