# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the tests of all parts."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.hookimpl(optionalhook=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_configure_node(node: Any) -> None:
    """Start pytest in the main thread of a worker."""
    # pytest-xdist is not installed for all parts
    from tests.support.parallel import free_main_thread

    free_main_thread(node.gateway)
