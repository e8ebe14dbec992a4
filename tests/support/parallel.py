# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Chooses the end-to-end tests that one pytest-xdist worker runs together, and their
order.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


def is_worker(config: pytest.Config) -> bool:
    """Whether this process only runs the tests that another pytest gives it."""
    return hasattr(config, "workerinput")


def worker_name() -> str:
    """pytest-xdist's name for this worker; '' if there are no workers."""
    return os.environ.get("PYTEST_XDIST_WORKER", "")


def longest_first(items: list[pytest.Item], modules: Sequence[str]) -> None:
    """Sort the tests of these modules to the front.

    A long test that begins last leaves the other workers without work.

    :param modules: names of modules, as in 'test_soak', the longest first
    """
    rank = {name: number for number, name in enumerate(modules)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


class SceneScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker one test at a time, or all tests that share a scene."""

    shared: Sequence[str] = ()
    """Modules in which all tests with the same first parameter share a scene: with the
    same word, or with the same name if that does not begin with a word, as '1.7-to-2.1'
    does not."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, test = nodeid.partition("::")
        if module.rpartition("/")[2].removesuffix(".py") not in self.shared:
            return nodeid
        parameter = re.search(r"\[([a-z]+|[^\]]+)", test)
        return f"{module}[{parameter[1] if parameter else ''}]"


def free_main_thread(gateway: Any) -> None:
    """
    Wait until the main thread of a worker has nothing to do.

    xdist asks each worker for its version before it starts pytest there. If the
    main thread of the worker has not quite returned from that, execnet 1 starts
    pytest in another thread, where no handler of a signal can be set.

    :param gateway: execnet's, of the worker
    """
    for _time in range(2):
        while gateway.remote_status().numexecuting:
            time.sleep(0.02)
        # The task is off the list a moment before the thread is free
        time.sleep(0.1)
