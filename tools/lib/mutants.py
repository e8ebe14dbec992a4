# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Keeps the results of mutmut over several runs, and reports the mutants that no test
has noticed. For tools/mutate, which runs it in the folder of the mutants.

    mutants.py sample NUMBER     make the mutants, and choose so many to be run
    mutants.py todo              print the mutants that have not been run
    mutants.py report EXPLAINED  add the results of the last run, and report
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import sys
from pathlib import Path

from mutmut.__main__ import SourceFileMutationData
from mutmut.__main__ import copy_also_copy_files
from mutmut.__main__ import copy_src_dir
from mutmut.__main__ import create_mutants
from mutmut.__main__ import ensure_config_loaded
from mutmut.__main__ import get_diff_for_mutant
from mutmut.__main__ import walk_source_files

RESULTS = Path("results.json")

# Of mutmut: no test failed, and no test runs the function
SURVIVED = (0, 33)

# The words of an error or of a line in the log: tests do not look at them
MESSAGE = re.compile(
    r"""^[-+]\s*(?:raise\s|super\(\).__init__\(|log\.\w+\(|(?:f?"[^"]*",?)$)"""
)


def all_results() -> dict[str, int | None]:
    """The exit code of the tests for each mutant; None for one that was not run."""
    found: dict[str, int | None] = {}
    for path in walk_source_files():
        data = SourceFileMutationData(path=path)
        data.load()
        found |= data.exit_code_by_key
    return found


def sample(number: int) -> None:
    """Make the mutants, and note some of them as not yet run. The same sources have
    the same sample, so that a mutant can be looked at again."""
    with contextlib.redirect_stdout(None):
        copy_src_dir()
        create_mutants(max_children=1)
        copy_also_copy_files()
    names = sorted(all_results())
    # No key is made with it
    chosen = random.Random(0).sample(names, min(number, len(names)))  # noqa: S311
    RESULTS.write_text(json.dumps(dict.fromkeys(sorted(chosen)), indent=1))
    print(f"{len(chosen)} of {len(names)} mutants are run", file=sys.stderr)


def changed_lines(mutant: str) -> list[str]:
    # It prints the name as well
    with contextlib.redirect_stdout(None):
        diff = get_diff_for_mutant(mutant).splitlines()
    return [
        line
        for line in diff
        if line[:1] in ("-", "+") and not line.startswith(("---", "+++"))
    ]


def function_of(mutant: str) -> str:
    """`stanza.pep.parse_bundle` for `omemo_plugin.stanza.pep.x_parse_bundle__mutmut_1`,
    with the class in front of a method."""
    module, _, name = mutant.removeprefix("omemo_plugin.").rpartition(".")
    name = name.rpartition("__mutmut_")[0]
    # mutmut has this letter around the name of a class
    name = name.removeprefix("x\u01c1").removeprefix("x_").replace("\u01c1", ".")
    return f"{module}.{name}"


def explanations(path: Path) -> list[tuple[str, str]]:
    """Function and piece of the unchanged source, from lines 'function: source'."""
    entries = [
        line.partition(": ")
        for line in path.read_text().splitlines()
        if line and not line.startswith("#")
    ]
    return [(function, source) for function, _, source in entries]


def is_explained(mutant: str, lines: list[str], known: list[tuple[str, str]]) -> bool:
    if lines and all(MESSAGE.match(line) for line in lines):
        return True
    removed = "\n".join(line[1:] for line in lines if line.startswith("-"))
    function = function_of(mutant)
    return any(one == function and source in removed for one, source in known)


def main() -> None:
    ensure_config_loaded()
    if sys.argv[1] == "sample":
        sample(int(sys.argv[2]))
        return
    results: dict[str, int | None] = {}
    if RESULTS.exists():
        results = json.loads(RESULTS.read_text())
    if sys.argv[1] == "todo":
        print("\n".join(name for name, code in results.items() if code is None))
        return
    found = all_results()
    for name in results or found:
        code = found.get(name)
        if results.get(name) is None:
            results[name] = code
    RESULTS.write_text(json.dumps(results, indent=1))
    known = explanations(Path(sys.argv[2]))
    run = [name for name, code in results.items() if code is not None]
    survived = [name for name in run if results[name] in SURVIVED]
    unexplained = 0
    for name in survived:
        lines = changed_lines(name)
        if not is_explained(name, lines, known):
            unexplained += 1
            print(function_of(name), f"({name.rpartition('_')[2]})", *lines, sep="\n")
            print()
    print(
        f"{len(results)} mutants, {len(run)} run, {len(survived)} survived, "
        f"{unexplained} of them ({100 * unexplained / max(1, len(run)):.1f} %) "
        "not explained"
    )


if __name__ == "__main__":
    main()
