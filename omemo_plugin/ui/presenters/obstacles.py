# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps the plugin from being switched on. This module needs no library."""

from __future__ import annotations

from dataclasses import dataclass

from ...i18n import _


@dataclass(frozen=True)
class Obstacle:
    """
    Attributes:
        text: what is wrong, and what to do.
        command: what helps, to be run in a terminal; '' where nothing of the
            kind does.
        is_other_plugin: another plugin is in the way, which can be switched off.
    """

    text: str
    command: str = ""
    is_other_plugin: bool = False


def programs_missing(packages: str) -> Obstacle:
    """
    Args:
        packages: names of Debian packages, with spaces between them.
    """
    # Translators: {packages} are names of Debian packages; the command stays
    text = _(
        "Some programs are missing. Run “sudo apt install {packages}”, then start "
        "Gajim again."
    )
    return Obstacle(
        text.format(packages=packages), command=f"sudo apt install {packages}"
    )


def cannot_start(error: str) -> Obstacle:
    """
    Args:
        error: what Python says of it.
    """
    # Translators: {error} is an English text for a report
    text = _("The plugin could not be started. Please report this: {error}")
    return Obstacle(text.format(error=error))


def other_is_on(version: str) -> Obstacle:
    """
    Args:
        version: of gajim-omemo.
    """
    # Translators: {version} is a number such as 2.9
    text = _(
        "Switch the other OMEMO plugin off first (version {version}), then start "
        "Gajim again."
    )
    return Obstacle(text.format(version=version), is_other_plugin=True)
