# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Runs mutmut, and has each mutant noticed sooner: by itself it sorts the tests by the
time that they take to clean up, and knows nothing of what they have noticed before.
For tools/mutate, which runs it in the folder of the mutants.

    mutation_run.py [--quick] [MUTANT...]

With --quick only the tests that are most likely to notice a mutant are run; mutmut
notes the others as suspicious.
"""

from __future__ import annotations

import functools
import gc
import math
import resource
import secrets
import sys
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import mutmut
import mutmut.__main__
import pytest
import x3dh.base_state
import xeddsa
from mutmut.__main__ import PytestRunner
from mutmut.__main__ import mangled_name_from_mutant_name

# A line for each mutant that was noticed: its function, and the test that failed
NOTICED = Path("noticed.txt")

# Most mutants are noticed by one of so many tests, and pytest takes longer to find two
# hundred tests than to run a few
FIRST = 15

# Of mutmut, the exit code of tests that have not said enough
SUSPICIOUS = 35


class Watcher:
    """A plugin of pytest that measures whole tests, and remembers what failed."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.failed: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed = report.nodeid


class SameKeys:
    """
    Stands in for `secrets` where prekeys are made. Each new engine makes hundreds of
    them, which is a third of the time of many tests; here every mutant gets the same
    ones, and they are derived once.
    """

    choice = staticmethod(secrets.choice)

    def __init__(self) -> None:
        self._made: list[bytes] = []
        self._given = 0
        derive = functools.lru_cache(maxsize=None)(xeddsa.priv_to_curve25519_pub)
        xeddsa.priv_to_curve25519_pub = derive
        x3dh.base_state.secrets = self

    def begin(self) -> None:
        """Give the first one again."""
        self._given = 0

    def token_bytes(self, size: int) -> bytes:
        if self._given == len(self._made):
            self._made.append(secrets.token_bytes(32))
        self._given += 1
        return self._made[self._given - 1][:size]


class Runner(PytestRunner):  # type: ignore[misc]  # mutmut has no types
    """Runs those tests first that are likely to notice the mutant, and quick."""

    quick = False

    def __init__(self) -> None:
        super().__init__()
        self.failed: str | None = None
        self.all_passed = False
        self.keys = SameKeys()

    def execute_pytest(
        self, params: list[str], plugins: Collection[object] = ()
    ) -> int:
        watcher = Watcher()
        # Nobody reads why a test has failed
        code: int = super().execute_pytest(
            [*params, "--tb=native"], plugins=[*plugins, watcher]
        )
        if code == 0:
            mutmut.duration_by_test.update(watcher.seconds)
        self.failed = watcher.failed
        return code

    def run_stats(self, *, tests: Collection[str]) -> int:
        code: int = super().run_stats(tests=tests)
        self.all_passed = code == 0 and not tests
        return code

    def run_tests(self, *, mutant_name: str | None, tests: Collection[str]) -> int:
        self.keys.begin()
        if mutant_name is None and self.all_passed:
            return 0
        if mutant_name is None:
            code: int = super().run_tests(mutant_name=None, tests=tests)
            return code
        # A collection would write to all the memory that is shared with the parent
        gc.freeze()
        function = mangled_name_from_mutant_name(mutant_name)
        ordered = in_order(function, tests)
        limit_time(ordered[:FIRST])
        code = super().run_tests(mutant_name=mutant_name, tests=ordered[:FIRST])
        if code == 0 and ordered[FIRST:]:
            if self.quick:
                return SUSPICIOUS
            limit_time(ordered[FIRST:])
            code = super().run_tests(mutant_name=mutant_name, tests=ordered[FIRST:])
        if self.failed is not None:
            with NOTICED.open("a") as file:
                file.write(f"{function}\t{self.failed}\n")
        return code


def limit_time(tests: Collection[str]) -> None:
    """Have the system end this process if it takes much longer than these tests do:
    mutmut waits for the thirtyfold time of all of them."""
    seconds = sum(mutmut.duration_by_test.get(test, 0) for test in tests)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + 10 + 3 * seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (min(limit, most), most))


def in_order(function: str, tests: Collection[str]) -> list[str]:
    """What has noticed other changes of the same function will notice this one."""
    here: Counter[str] = Counter()
    anywhere: Counter[str] = Counter()
    lines = NOTICED.read_text().splitlines() if NOTICED.exists() else []
    for line in lines:
        where, _, test = line.partition("\t")
        anywhere[test] += 1
        here[test] += where == function

    def promise(test: str) -> float:
        likely = 20 * here[test] + anywhere[test] + 1
        return likely / (mutmut.duration_by_test.get(test, 0) + 0.01)

    return sorted(tests, key=promise, reverse=True)


def main() -> None:
    mutants = sys.argv[1:]
    if mutants[:1] == ["--quick"]:
        Runner.quick = True
        del mutants[0]
    mutmut.__main__.PytestRunner = Runner
    mutmut.__main__.cli(["run", "--max-children", "1", *mutants])


if __name__ == "__main__":
    main()
