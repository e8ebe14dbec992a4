# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
These tests need Gajim's own modules, though no running Gajim. Where it is not
installed, the files that need it say so and are left out.
"""

from __future__ import annotations

import warnings

import pytest

NEEDS_GAJIM = (
    "test_account.py",
    "test_errands.py",
    "test_lines.py",
    "test_many_devices.py",
    "test_pep.py",
    "test_previews.py",
    "test_quiet.py",
    "test_receive.py",
    "test_saving.py",
    "test_send.py",
    "test_trust.py",
)


def _why_not() -> str:
    try:
        import gi

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                gi.require_version("Gdk", "3.0")
                import gajim.common.app
            except (ImportError, ValueError):
                gi.require_version("Gdk", "4.0")
                import gajim.common.app  # noqa: F401
    except (ImportError, ValueError) as error:
        return str(error)
    return ""


WHY_NOT = _why_not()
collect_ignore = list(NEEDS_GAJIM) if WHY_NOT else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if WHY_NOT:
        terminalreporter.write_line(
            f"left out {', '.join(NEEDS_GAJIM)}: {WHY_NOT}; "
            "to run them: apt install gajim"
        )


@pytest.fixture(autouse=True)
def _no_real_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
