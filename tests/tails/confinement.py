# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays the trace of a real session against the AppArmor profile."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tails_integration.install.activation import APPARMOR
from tests.support.tails import apparmor
from tests.support.tails import bus_rules
from tests.support.tails.gajim import SOCKET
from tests.support.tails.root import USER_IDS
from tests.support.tails.tails import Tails
from tests.support.tails.trace import confined_accesses
from tests.support.tails.wayland import PLACE

# Of the rig and not of Tails: the test's plugin, a session bus in /tmp, and where the
# compositor is, which Tails has in the user's folder of /run. Python
# looks for a library with a compiler where there is one, and takes a refusal for none.
# GStreamer's compiler (Orc) would write code into a file to execute it, which must not
# be possible, and uses memory alone where it is refused
OF_TEST = re.compile(
    rf"{re.escape(SOCKET)}|.*/gajim_test_driver/.*|/tmp/dbus-\w+"
    rf"|/{re.escape(str(PLACE))}/[\w-]+"
    r"|/usr/(bin|lib/gcc|libexec/gcc)/.*(gcc|ld|collect2|lto_plugin)[^/]*"
    r"|/run/user/1000/orcexec\.\w+"
)


def check_confined(tails: Tails, trace: Path, artefacts: Path) -> set[str]:
    """Each file that Gajim has used in a session is allowed by the profile.

    :returns: their paths
    """
    shutil.copy(trace, artefacts / "trace.txt")
    profile = flat_profile(tails, artefacts)
    with trace.open(errors="replace") as lines:
        used = set(confined_accesses(list(lines)))
    assert len(used) > 500, "Gajim was not traced"
    missing = sorted(
        f"{path} {access.modes}"
        for access in used
        for path in [resolve(tails.machine.files, access.path)]
        if not OF_TEST.fullmatch(path)
        and not profile.allows(
            path, access.modes, owner=is_own(tails.machine.files, path)
        )
    )
    (artefacts / "missing.txt").write_text("\n".join(missing))
    assert missing == []
    return {access.path for access in used}


def check_messages(tails: Tails, artefacts: Path) -> set[str]:
    """Each message that Gajim has sent or got on a bus is allowed by the profile. It
    has to run still.

    :returns: the interfaces and members, as in 'org.freedesktop.Notifications.Notify'
    """
    assert tails.bus_log is not None
    found = tails.bus_log.messages()
    profile = flat_profile(tails, artefacts)
    missing = sorted(str(one) for one in found if not bus_rules.allows(profile, one))
    (artefacts / "messages.txt").write_text("\n".join(sorted(map(str, found))))
    (artefacts / "missing-messages.txt").write_text("\n".join(missing))
    assert missing == []
    return {f"{one.interface}.{one.member}" for one in found}


def flat_profile(tails: Tails, artefacts: Path) -> apparmor.Profile:
    """The profile with all that it includes in this Tails."""
    printed = tails.machine.run(
        [apparmor.PARSER, "--skip-kernel-load", "--preprocess", str(APPARMOR)]
    )
    (artefacts / "profile.txt").write_text(printed.stdout)
    return apparmor.parse(printed.stdout)


def resolve(root: Path, path: str) -> str:
    """Follow links as the kernel does for a program whose / is `root`."""
    parts = [part for part in path.split("/") if part]
    done: list[str] = []
    links = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            done[-1:] = []
            continue
        place = root.joinpath(*done, part)
        try:
            target = str(place.readlink())
        except OSError:
            done.append(part)
            continue
        links += 1
        if links > 40:
            break
        if target.startswith("/"):
            done = []
        parts = [p for p in target.split("/") if p and p != "."] + parts
    is_folder = path.endswith("/") or root.joinpath(*done).is_dir()
    return "/" + "/".join(done) + ("/" if is_folder and done else "")


def is_own(root: Path, path: str) -> bool:
    """Whether a file belongs to the user, or is gone."""
    try:
        return (root / path.lstrip("/")).lstat().st_uid == USER_IDS[0]
    except OSError:
        return True
