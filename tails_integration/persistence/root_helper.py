# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part that needs root: our lines in persistence.conf.

It is started by pkexec with one word, and takes nothing else from the user who starts
it: no path, no name, no environment. Tails refuses a persistence.conf that is not a
plain file of its own user with mode 0600 and without an ACL, puts it aside and
begins an empty one; so a new one is made ready beside it and takes its place in one
step.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import stat
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..base.errors import EXIT_DONE
from ..base.errors import EXIT_USAGE
from ..base.errors import Refused
from ..base.errors import TailsError
from ..base.i18n import _
from ..base.processes import require_closed
from ..base.system import System
from . import conf_file
from .bindings import HISTORY
from .bindings import KEPT
from .bindings import STORAGE
from .bindings import Binding

ENABLE = "enable"
ENABLE_HISTORY = "enable-history"
DISABLE = "disable"
DISABLE_HISTORY = "disable-history"
WORDS = (ENABLE, ENABLE_HISTORY, DISABLE, DISABLE_HISTORY)

USER_ID = 1000
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}

TPSCLI = "/usr/local/lib/tpscli"
SYSTEMCTL = "/usr/bin/systemctl"
BUSCTL = "/usr/bin/busctl"
SERVICE = "tails-persistent-storage.service"
BUS_NAME = "org.boum.tails.PersistentStorage"
OBJECT = "/org/boum/tails/PersistentStorage/Features/CustomFeature{number}"
INTERFACE = "org.boum.tails.PersistentStorage.Feature"
# Tails numbers the lines that belong to no feature; this many are never reached
_FEATURES_MAX = 64

CONF = STORAGE / "persistence.conf"
_NEW = "persistence.conf.tails-gajim"
_MODE = 0o600
_ACL = "system.posix_acl_access"

# linux/fs.h; Tails sets "synchronous" on the file, and it has to stay
_GETFLAGS = 0x80086601
_SETFLAGS = 0x40086602


class StorageNotThere(Refused):
    """There is nothing to write to."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The Persistent Storage is not there or not unlocked. Restart Tails,"
                " unlock it in the Welcome Screen, then try again."
            )
        )


class ConfUnusable(TailsError):
    """persistence.conf is not as Tails wants it, so it is left alone."""


class Conf:
    """persistence.conf on the disk."""

    def __init__(self, system: System, owner: tuple[int, int]) -> None:
        self._path = system.file(str(CONF))
        self._owner = owner

    def read(self) -> str:
        """Read it, if Tails would accept it.

        Raises:
            StorageNotThere: It is not there.
            ConfUnusable: It is not as it should be.
        """
        try:
            number = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            raise StorageNotThere from None
        except OSError as error:
            raise ConfUnusable(_unusable(str(error.strerror))) from error
        with os.fdopen(number, encoding="utf-8") as file:
            self._check(number)
            try:
                return file.read()
            except ValueError as error:
                raise ConfUnusable(_unusable(_("it is not UTF-8"))) from error

    def _check(self, number: int) -> None:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            raise ConfUnusable(_unusable(_("it is not a plain file")))
        if (state.st_uid, state.st_gid) != self._owner:
            raise ConfUnusable(_unusable(_("it belongs to somebody else")))
        if stat.S_IMODE(state.st_mode) != _MODE:
            raise ConfUnusable(_unusable(_("its mode is not 0600")))
        if _ACL in os.listxattr(number):
            raise ConfUnusable(_unusable(_("it has an ACL")))

    def write(self, text: str) -> None:
        """Put a new one in its place, in one step that a power cut cannot halve."""
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with suppress(FileNotFoundError):
                os.unlink(_NEW, dir_fd=folder)
            number = os.open(
                _NEW,
                os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW,
                _MODE,
                dir_fd=folder,
            )
            with os.fdopen(number, "w", encoding="utf-8") as file:
                os.fchown(number, *self._owner)
                # The folder may pass an ACL on to what is made in it
                with suppress(OSError):
                    os.removexattr(number, _ACL)
                os.fchmod(number, _MODE)
                self._copy_flags(number)
                file.write(text)
                file.flush()
                os.fsync(number)
            os.rename(_NEW, self._path.name, src_dir_fd=folder, dst_dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)

    def _copy_flags(self, number: int) -> None:
        """Copy the attributes that chattr has set, where the file system has any."""
        try:
            with self._path.open("rb") as old:
                flags = fcntl.ioctl(old, _GETFLAGS, struct.pack("l", 0))
            fcntl.ioctl(number, _SETFLAGS, flags)
        except OSError:
            return


def enable(system: System, owner: tuple[int, int], bindings: Sequence[Binding]) -> bool:
    """Add the lines that are missing, and put the folders in place now.

    Returns:
        False if they take effect when Tails starts the next time.

    Raises:
        TailsError: Nothing was changed.
    """
    conf = Conf(system, owner)
    before = conf.read()
    text = conf_file.with_bindings(before, bindings)
    for binding in bindings:
        _require_plain_path(system, binding)
    if text != before:
        conf.write(text)
    _reload(system)
    for binding in bindings:
        if not is_bound(system, binding):
            _switch(system, "activate", binding)
    _keep_text(conf, text)
    return all(is_bound(system, binding) for binding in bindings)


def disable(
    system: System, owner: tuple[int, int], bindings: Sequence[Binding]
) -> bool:
    """Remove our lines. The stored files stay on the storage.

    Returns:
        False if the folders are let go only when Tails restarts.
    """
    conf = Conf(system, owner)
    before = conf.read()
    text = conf_file.without_bindings(before, bindings)
    for binding in bindings:
        if is_bound(system, binding):
            _switch(system, "deactivate", binding)
    # Deactivating takes lines out by itself, and comments with them
    if conf.read() != text:
        conf.write(text)
    _reload(system)
    _keep_text(conf, text)
    return not any(is_bound(system, binding) for binding in bindings)


def is_bound(system: System, binding: Binding) -> bool:
    """Whether a folder of the user's is the one on the storage now."""
    try:
        text = system.file("/proc/self/mountinfo").read_text()
    except OSError:
        return False
    points = {line.split()[4] for line in text.splitlines() if line}
    return str(binding.target) in points


def _require_plain_path(system: System, binding: Binding) -> None:
    """Refuse a path with a symbolic link in it: Tails would not activate it."""
    for part in (binding.target, *binding.target.parents):
        if system.file(str(part)).is_symlink():
            raise Refused(
                _(
                    "{path} is a link, which Tails does not allow here. Put a folder"
                    " in its place, then try again."
                ).format(path=part)
            )


def _reload(system: System) -> None:
    system.run([SYSTEMCTL, "reload", SERVICE])


def _switch(system: System, word: str, binding: Binding) -> None:
    """Switch one of Tails' custom features, if there is one for our folder.

    They have numbers, which may be others after each switch, so it is looked for
    by what Tails calls it.
    """
    for number in range(_FEATURES_MAX):
        answer = system.run([
            BUSCTL, '--system', 'get-property', BUS_NAME,
            OBJECT.format(number=number), INTERFACE, 'Description',
        ])  # fmt: skip
        if answer.returncode != 0:
            continue
        try:
            words = shlex.split(answer.stdout)
        except ValueError:
            continue
        if len(words) > 1 and words[1].endswith(f"({binding.target})"):
            system.run([TPSCLI, word, f"CustomFeature{number}"])
            return


def _keep_text(conf: Conf, text: str) -> None:
    """Tails sorts the lines and drops comments when a feature is switched; what the
    user wrote comes back, if nothing else has changed."""
    now = conf.read()
    if now != text and _as_set(now) == _as_set(text):
        conf.write(text)


def _as_set(text: str) -> set[conf_file.ConfEntry]:
    return set(conf_file.entries(text))


def owner_of_conf() -> tuple[int, int]:
    """Tails' user for the Persistent Storage.

    Raises:
        TailsError: There is no such user.
    """
    import grp
    import pwd

    name = "tails-persistent-storage"
    try:
        return pwd.getpwnam(name).pw_uid, grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise TailsError(_("This Tails has no Persistent Storage service.")) from error


def _unusable(reason: str) -> str:
    return _(
        "persistence.conf was left alone, because {reason}. Open Persistent Storage"
        " once and restart Tails, then try again."
    ).format(reason=reason)


def main(argv: Sequence[str], system: System | None = None) -> int:
    """Carry out one command as root, for the user of the desktop."""
    if len(argv) != 2 or argv[1] not in WORDS:
        sys.stderr.write(f"one of: {' '.join(WORDS)}\n")
        return EXIT_USAGE
    if system is None:
        if os.environ.get("PKEXEC_UID") != str(USER_ID) or os.geteuid() != 0:
            sys.stderr.write("to be started by pkexec, for the user of the desktop\n")
            return EXIT_USAGE
        system = System(Path("/"), ENVIRONMENT, USER_ID)
        os.environ.clear()
        os.environ.update(ENVIRONMENT)
        os.umask(0o077)
    try:
        if not system.is_tails():
            raise Refused(_("This system is not Tails, so nothing was changed."))
        require_closed(system)
        owner = owner_of_conf()
        word = argv[1]
        if word == ENABLE:
            now = enable(system, owner, KEPT)
        elif word == ENABLE_HISTORY:
            now = enable(system, owner, (*KEPT, HISTORY))
        elif word == DISABLE_HISTORY:
            now = disable(system, owner, (HISTORY,))
        else:
            now = disable(system, owner, (*KEPT, HISTORY))
    except TailsError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write("now\n" if now else "next start\n")
    return EXIT_DONE
