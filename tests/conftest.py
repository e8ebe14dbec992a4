# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for the tests of all parts."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

# When no test begins any more, in seconds since 1970
DEADLINE_VARIABLE = "OMEMO_TEST_DEADLINE"


@pytest.hookimpl(optionalhook=True)  # type: ignore[untyped-decorator]  # of pytest 7
def pytest_configure_node(node: Any) -> None:
    """Start pytest in the main thread of a worker."""
    # pytest-xdist is not installed for all parts
    from tests.support.parallel import free_main_thread

    free_main_thread(node.gateway)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin no test after the deadline, if there is one."""
    deadline = os.environ.get(DEADLINE_VARIABLE)
    if deadline and time.time() > int(deadline):
        part = Path(item.nodeid).parts[1]
        pytest.skip(f"no time was left; run it with: tools/test {part} -k NAME")
