# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine made of namespaces: its own files, processes and network."""

from __future__ import annotations

import os
import shutil
import subprocess
from abc import ABC
from abc import abstractmethod
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ..processes import Child
from ..waiting import wait_for

ROOT_IDS = (0, 0)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Its last line is process 1: it collects the orphans, so that none of them seems
# to run still.
INIT = r"""
set -eu
root=$1 name=$2
shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/run/lock" && chmod 1777 "$root/run/lock"
for bind; do
	place=${bind#*:}
	target=$root${place%:ro}
	mkdir -p "$target"
	mount --bind "${bind%%:*}" "$target"
	[ "$place" = "${place%:ro}" ] || mount -o remount,bind,ro "$target"
done
hostname "$name"
# Not chroot: whoever is in one may make no user namespace
cd "$root"
pivot_root . mnt
umount -l /mnt
exec /bin/sh -c '
	ip link set lo up
	: >/run/machine-is-ready
	while :; do sleep 1000 & wait; done'
"""


class NoNamespaces(RuntimeError):
    """This machine does not let us make namespaces; the text says why."""


@cache
def why_no_namespaces() -> str:
    """Return why there can be no machines here and what helps, '' when they can."""
    if os.geteuid() != 0:
        return "namespaces with several users need root: sudo tools/test tails"
    for program in ("unshare", "nsenter", "setpriv"):
        if shutil.which(program) is None:
            return f"{program} is missing: apt install util-linux"
    tried = subprocess.run(
        ['unshare', '--mount', '--net', '--pid', '--uts', '--ipc', '--fork', '--',
         'sh', '-c', 'mount --make-rprivate / && mount -t proc proc /proc'],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if tried.returncode != 0:
        reason = " ".join(tried.stderr.split()) or f"exit code {tried.returncode}"
        return (
            f"no namespaces on this machine ({reason}): run it where root may mount"
            " and unshare, as in a virtual machine or a container with --privileged"
        )
    return ""


def complete(environment: Mapping[str, str] | None) -> dict[str, str]:
    """All of a program's environment: what is given, and what every program needs."""
    return {"PATH": PATH, "LANG": "C.UTF-8", **(environment or {})}


class Computer(ABC):
    """Runs programs that are apart from those of this machine."""

    name: str
    _children: list[Child]

    @abstractmethod
    def command(
        self,
        argv: Sequence[str],
        ids: tuple[int, int] = ROOT_IDS,
        environment: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Return what to run out here so that argv runs in there."""

    def run(
        self,
        argv: Sequence[str],
        ids: tuple[int, int] = ROOT_IDS,
        *,
        environment: Mapping[str, str] | None = None,
        given: str = "",
        check: bool = True,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its errors are in what is raised.

        :param given: standard input
        :param check: raise when it fails
        """
        done = subprocess.run(
            self.command(argv, ids, environment),
            input=given,
            capture_output=True,
            check=False,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                f"{self.name}: {argv} ended with {done.returncode}:"
                f" {done.stdout}{done.stderr}"
            )
        return done

    def start(
        self,
        argv: Sequence[str],
        log: Path,
        ids: tuple[int, int] = ROOT_IDS,
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a program that goes on; it ends with the machine."""
        child = Child(
            self.command(argv, ids, environment),
            log=log,
            environment={"PATH": PATH},
            folder=Path("/"),
            as_root=True,
        )
        self._children.append(child)
        return child


class Machine(Computer):
    """Namespaces that last as long as this object, and end with this program.

    Everything that runs in it is killed with its first process, also when this
    program is killed without a chance to tidy up.
    """

    def __init__(
        self, name: str, root: Path, folder: Path, binds: Sequence[str] = ()
    ) -> None:
        """Start an empty machine.

        :param root: the Debian that it sees as /; it may write there
        :param folder: for logs
        :param binds: folders of ours that it sees, as 'ours:its'; 'ours:its:ro' where
            it may not write there
        """
        reason = why_no_namespaces()
        if reason:
            raise NoNamespaces(reason)
        self.name = name
        self._folder = folder
        self._init = Child(
            [
                'setpriv', '--pdeathsig', 'KILL', '--',
                'unshare', '--mount', '--net', '--pid', '--uts', '--ipc',
                '--propagation', 'private', '--fork', '--kill-child', '--',
                '/bin/sh', '-c', INIT, 'machine', str(root), name, *binds,
            ],
            log=folder / f'{name}.log',
            environment={'PATH': PATH},
            folder=Path('/'),
            as_root=True,
        )  # fmt: skip
        self._children: list[Child] = []
        try:
            self.pid = wait_for(f"{name} has a process", self._first_process)
            wait_for(f"{name} is ready", self._is_ready)
        except BaseException:
            self.stop()
            raise

    @property
    def running(self) -> bool:
        """Whether the machine has not been stopped."""
        return self._init.running

    @property
    def files(self) -> Path:
        """Its / as this program sees it, with all that is mounted there."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def network(self) -> Path:
        """Its network, for nsenter --net."""
        return Path(f"/proc/{self.pid}/ns/net")

    def command(
        self,
        argv: Sequence[str],
        ids: tuple[int, int] = ROOT_IDS,
        environment: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Return what to run out here so that argv runs in there."""
        variables = complete(environment)
        return [
            'nsenter', f'--target={self.pid}', '--mount', '--net', '--pid', '--uts',
            '--ipc', '--root', '--wd', f'--setuid={ids[0]}', f'--setgid={ids[1]}',
            '--', 'env', '-i', *(f'{k}={v}' for k, v in variables.items()), *argv,
        ]  # fmt: skip

    def processes(self, ids: tuple[int, int]) -> dict[int, str]:
        """The processes of a user in the machine: their numbers there, and their
        commands."""
        found = {}
        for folder in (self.files / "proc").glob("[0-9]*"):
            try:
                if folder.stat().st_uid == ids[0]:
                    text = (folder / "cmdline").read_bytes().decode(errors="replace")
                    found[int(folder.name)] = text.replace("\0", " ").strip()
            except FileNotFoundError:
                continue
        return {pid: text for pid, text in found.items() if text}

    def stop(self) -> None:
        """End the machine and all that runs in it."""
        self._init.kill()
        for child in self._children:
            child.kill()
        self._children.clear()

    def _first_process(self) -> int | None:
        if not self._init.running:
            log = (self._folder / f"{self.name}.log").read_text(errors="replace")
            raise RuntimeError(f"{self.name} did not start: {log}")
        return _child_of(self._init.pid)

    def _is_ready(self) -> bool:
        return (
            self._first_process() is not None
            and (self.files / "run" / "machine-is-ready").exists()
        )


def _child_of(pid: int) -> int | None:
    """The only child of a process, once it has one."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return None
    return int(text.split()[0]) if text.split() else None


def connect(
    one: Machine, other: Machine, addresses: tuple[str, str], name: str = "eth0"
) -> None:
    """Lay a cable between two machines; the first sends everything through it.

    :param addresses: with the length of the network, as in '10.1.0.2/24'
    :param name: of the interface, in the first machine
    """
    number = addresses[1].split(".")[2]
    peer = f"to-{one.name}-{number}"
    # By a descriptor: in there the number of the machine's process means nothing
    network = os.open(one.network, os.O_RDONLY)
    try:
        done = subprocess.run(
            ['nsenter', f'--target={other.pid}', '--mount', '--net', '--pid', '--root',
             '--wd', '--', 'env', '-i', f'PATH={PATH}', 'ip', 'link', 'add', peer,
             'type', 'veth', 'peer', 'name', name,
             'netns', f'/proc/self/fd/{network}'],
            check=False, capture_output=True, text=True, pass_fds=[network],
        )  # fmt: skip
    finally:
        os.close(network)
    if done.returncode != 0:
        raise RuntimeError(f"no cable to {one.name}: {done.stderr}")
    for machine, interface, address in (
        (one, name, addresses[0]),
        (other, peer, addresses[1]),
    ):
        # The kernel's own greetings would have to be told from a leak
        machine.run(
            ["sh", "-c", f"echo 1 >/proc/sys/net/ipv6/conf/{interface}/disable_ipv6"]
        )
        machine.run(["ip", "address", "add", address, "dev", interface])
        machine.run(["ip", "link", "set", interface, "up"])
    one.run(["ip", "route", "add", "default", "via", addresses[1].split("/")[0]])
