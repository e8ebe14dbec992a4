# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine with Debian's kernel, whose / is that of a Tails.

It has no way out: the host can reach a port of it, and it can reach nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from ..processes import Child
from ..servers.hosts import debian_root
from ..servers.prosody import reserve_port
from ..waiting import wait_for
from . import vm_guest
from .machine import ROOT_IDS
from .machine import Computer
from .machine import complete

QEMU = "qemu-system-x86_64"
KVM = Path("/dev/kvm")
# What QEMU says where KVM is there and cannot run this kernel
KVM_ERROR = "KVM internal error"
# Or what the kernel would have said after so many seconds
FIRST_WORDS = "Linux version"
KVM_PATIENCE = 20
READY, BROKEN = "ready", "broken"
GUEST = Path("/usr/local/lib/vm_guest.py")
CLIENT = Path(__file__).with_name("vm_client.py")
# MiB: of memory, and free on the disk
MEMORY = 1024
FREE_SPACE = 400

# Debian's kernel enforces AppArmor without being asked
KERNEL = (
    f"root=/dev/vda rw console=ttyS0 panic=-1 net.ifnames=0 fsck.mode=skip init={GUEST}"
)


def why_no_virtual_machine() -> str:
    """Return what is missing and how to get it, '' when nothing is."""
    if os.uname().machine != "x86_64":
        return "the virtual machine is an x86_64; this machine is not"
    for program, package in (("mke2fs", "e2fsprogs"), (QEMU, "qemu-system-x86")):
        if shutil.which(program) is None:
            return f"{program} is missing: apt install {package}"
    return ""


def has_kvm() -> bool:
    """Whether the processor does the work itself."""
    return os.access(KVM, os.R_OK | os.W_OK)


class VirtualMachine(Computer):
    """Runs as long as this object, and ends with this program."""

    def __init__(self, suite: str, root: Path, folder: Path) -> None:
        """Make a disk of a folder, and start the machine.

        :param suite: whose kernel it has
        :param root: what becomes its /; the machine's agent is put there
        :param folder: for the disk and the logs
        """
        self.name = f"vm-{suite}"
        self._children: list[Child] = []
        self._folder = folder
        agent = root / GUEST.relative_to("/")
        agent.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(vm_guest.__file__, agent)
        agent.chmod(0o755)
        self._kernel_root = debian_root(suite, ("kernel",))
        self._disk = make_disk(root, folder / "disk")
        try:
            self._boot()
        except BaseException:
            self.stop()
            raise

    def _boot(self) -> None:
        for accelerator in ("kvm", "tcg") if has_kvm() else ("tcg",):
            with reserve_port() as reserved:
                self.port = int(reserved.getsockname()[1])
                self._start(accelerator)
                state = wait_for(f"{self.name} answers", self._state, 300, 0.5)
            if state == READY:
                return
            self._qemu.kill()
        raise RuntimeError(f"{self.name}: {self._log()[-4000:]}")

    def _start(self, accelerator: str) -> None:
        self.uses_kvm = accelerator == "kvm"
        self._started = time.monotonic()
        self._qemu = Child(
            _qemu(self._kernel_root, self._disk, accelerator, self.port),
            log=self._folder / "vm.log",
            environment={"PATH": os.environ["PATH"]},
            folder=self._folder,
            as_root=True,
        )

    def command(
        self,
        argv: Sequence[str],
        ids: tuple[int, int] = ROOT_IDS,
        environment: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Return what to run out here so that argv runs in there."""
        request = {
            "argv": list(argv), "ids": ids, "environment": complete(environment),
        }  # fmt: skip
        return [
            '/usr/bin/python3', '-I', str(CLIENT), str(self.port),
            json.dumps(request),
        ]  # fmt: skip

    def stop(self) -> None:
        """Pull the plug, and delete the disk."""
        for child in (*self._children, self._qemu):
            child.kill()
        (self._folder / "disk").unlink(missing_ok=True)

    def _is_silent(self) -> bool:
        """Whether the kernel should have said something, and has not."""
        late = time.monotonic() - self._started > KVM_PATIENCE
        log = self._log()
        return KVM_ERROR in log or (late and FIRST_WORDS not in log)

    def _log(self) -> str:
        return (self._folder / "vm.log").read_text(errors="replace")

    def _state(self) -> str:
        """READY, BROKEN where this accelerator is of no use, or ''."""
        if self.uses_kvm and self._is_silent():
            return BROKEN
        if not self._qemu.running:
            raise RuntimeError(f"{self.name} has ended: {self._log()[-4000:]}")
        try:
            done = self.run(["true"], check=False, timeout=10)
        except subprocess.TimeoutExpired:
            return ""
        return "" if done.returncode else READY


def make_disk(root: Path, disk: Path) -> Path:
    """Write a file system with what is in a folder; its holes take no room."""
    used = subprocess.run(
        ["du", "--summarize", "--block-size=M", root],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    size = int(used.stdout.split("M")[0]) * 5 // 4 + FREE_SPACE
    subprocess.run(
        ['mke2fs', '-q', '-t', 'ext4', '-O', '^has_journal', '-E', 'lazy_itable_init=1',
         '-d', root, disk, f'{size}M'],
        check=True, capture_output=True,
    )  # fmt: skip
    return disk


def _qemu(kernel_root: Path, disk: Path, accelerator: str, port: int) -> list[str]:
    (kernel,) = (kernel_root / "boot").glob("vmlinuz-*")
    (initrd,) = (kernel_root / "boot").glob("initrd.img-*")
    # KVM does not know one of the features that QEMU 7.2 takes from new processors
    processor = {"kvm": "host,arch-capabilities=off", "tcg": "max"}[accelerator]
    agent = f"tcp:127.0.0.1:{port}-:{vm_guest.AGENT_PORT}"
    return [
        QEMU, '-accel', accelerator, '-cpu', processor,
        '-smp', '2', '-m', str(MEMORY), '-display', 'none', '-serial', 'stdio',
        '-monitor', 'none', '-no-reboot',
        '-kernel', str(kernel), '-initrd', str(initrd), '-append', KERNEL,
        '-drive', f'file={disk},if=virtio,format=raw,cache=unsafe',
        '-netdev', f'user,id=net,restrict=on,hostfwd={agent}',
        '-device', 'virtio-net-pci,netdev=net', '-device', 'virtio-rng-pci',
    ]  # fmt: skip
