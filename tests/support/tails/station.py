# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A computer that Tails is started on, again and again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from collections.abc import Sequence
from pathlib import Path

from .gajim import allow_driver
from .gajim import install_driver
from .internet import Internet
from .machine import Machine
from .persistence import PersistentStorage
from .root import TailsRoot
from .tails import Tails

# Where the package puts tails_integration
PROGRAM = Path("/usr/share/tails-gajim/tails_integration")

# Stands for the cache of apt's that the Persistent Storage keeps
CACHE = Path("/srv/apt-cache")
MAKE_CACHE = f"""
set -e
cd {CACHE}
dpkg-scanpackages --multiversion . >Packages 2>/dev/null
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:{CACHE} ./" >/etc/apt/sources.list
apt-get --quiet update
"""


def bare_root(suite: str, internet: Internet) -> TailsRoot:
    """Make a Tails that trusts our server; the driver waits there for a Gajim."""
    root = TailsRoot(suite)
    # The server's certificate is as good as one of the authorities'
    authorities = root.path / "etc" / "ssl" / "certs" / "ca-certificates.crt"
    with authorities.open("a") as file:
        file.write(internet.server.certificate.read_text())
    install_driver(root)
    return root


def install(root: TailsRoot, packages: Sequence[Path], folder: Path) -> None:
    """Install Debian packages in it, as Additional Software does; no network.

    :param folder: for a log
    """
    for package in packages:
        shutil.copy(package, root.path / "root")
    machine = Machine("installer", root.path, folder)
    try:
        machine.run(
            ["dpkg", "--install", *(f"/root/{p.name}" for p in packages)],
            environment={"DEBIAN_FRONTEND": "noninteractive"},
        )
    finally:
        machine.stop()
    allow_driver(root.path / PROGRAM.relative_to("/"))


class Station:
    """A Tails stick in a computer that is connected to our internet.

    A context manager; nothing of it is left at the end.
    """

    def __init__(
        self, suite: str, internet: Internet, installed: TailsRoot | None = None
    ) -> None:
        """Prepare the stick; boot() starts Tails.

        :param suite: of the Debian that the Tails is made of
        :param installed: what `install` has made for this suite; otherwise there is
            nothing of ours in this Tails
        """
        self.suite = suite
        self.internet = internet
        self._installed = installed
        self.folder = Path(tempfile.mkdtemp(prefix="omemo-tails-"))
        self.folder.chmod(0o755)
        self.sessions: list[Tails] = []
        try:
            self.root = self._make_root()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _make_root(self) -> TailsRoot:
        if self._installed is not None:
            return TailsRoot(self.suite, self._installed)
        return bare_root(self.suite, self.internet)

    def __enter__(self) -> Station:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def forget_software(self) -> None:
        """Pull the plug; what was installed is gone, as it is from Tails each time."""
        self.switch_off()
        self._installed = None
        self.root.close()
        self.root = self._make_root()

    def add_software(self, packages: Sequence[Path]) -> None:
        """Install them in the session that runs, as Additional Software does when the
        user has logged in: by apt, from the storage's cache, without a network.

        Gajim's own packages are there already, but for Debian's plugin: it would be
        installed together with ours, and apt chooses ours then.
        """
        machine = self.sessions[-1].machine
        machine.run(["dpkg", "--purge", "gajim-omemo"], check=False)
        cache = machine.files / CACHE.relative_to("/")
        cache.mkdir()
        for package in packages:
            shutil.copy(package, cache)
        machine.run(["sh", "-c", MAKE_CACHE])
        names = [package.name.partition("_")[0] for package in packages]
        machine.run(
            ["apt-get", "--quiet", "--yes", "--no-remove", "-o",
             "DPkg::Options::=--force-confold", "install", *names],
            environment={
                "DEBIAN_FRONTEND": "noninteractive", "DEBIAN_PRIORITY": "critical"
            },
        )  # fmt: skip
        allow_driver(self.root.path / PROGRAM.relative_to("/"))

    def make_storage(self) -> PersistentStorage:
        """Create a Persistent Storage on the stick."""
        return PersistentStorage(self.folder / "TailsData")

    def boot(
        self,
        storage: PersistentStorage | None = None,
        *,
        wayland: bool = False,
        services: bool = False,
        clock: int = 0,
    ) -> Tails:
        """Start Tails; what ran before is switched off as by pulling the plug.

        :param storage: unlocked at the Welcome Screen
        :param wayland: whether its desktop is one
        :param services: whether all that programs use of a desktop on X11 is there
        :param clock: how many seconds it is ahead
        """
        self.switch_off()
        number = len(self.sessions) + 1
        folder = self.folder / f"{number}"
        tails = Tails(
            self.root,
            self.internet,
            folder,
            storage,
            wayland=wayland,
            services=services,
            clock=clock,
        )
        self.sessions.append(tails)
        return tails

    def switch_off(self) -> None:
        """End the session that runs, if there is one."""
        if self.sessions:
            self.sessions[-1].shut_down()

    def keep_logs(self, target: Path) -> None:
        """Copy logs, captures and a picture of the screen into a folder."""
        shutil.copy(self.internet.server.wire_log, target / "wire.log")
        for tails in self.sessions:
            name = f"{target.name}-{tails.folder.name}"
            if tails is self.sessions[-1] and tails.running:
                tails.screen.picture(target / f"{name}.png")
            for file in _files([tails.folder, tails.capture_file.parent]):
                if file.suffix in (".log", ".pcap"):
                    shutil.copy(file, target / f"{name}-{file.name}")
            lines = [str(tails.last_counts), *map(str, tails.streams())]
            (target / f"{name}-tor.txt").write_text("\n".join(lines) + "\n")

    def close(self) -> None:
        """Switch off, and delete everything."""
        self.switch_off()
        changed = self.root.changed_base_files()
        self.root.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        # Others use that Debian root as well
        assert not changed, f"a test wrote into the shared Debian root: {changed}"


def _files(folders: Iterable[Path]) -> list[Path]:
    return [path for folder in folders for path in folder.iterdir() if path.is_file()]
