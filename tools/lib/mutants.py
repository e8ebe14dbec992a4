# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Makes mutants with mutmut, keeps the results of several runs, and reports the mutants
that no test has noticed. For tools/mutate, which runs it in the folder of the mutants.

    mutants.py begin [NUMBER]    make the mutants, and choose so many to be run; keep
                                 what a test has noticed in files that are the same
    mutants.py todo              print the mutants that have not been run
    mutants.py report EXPLAINED  add the results of the last run, and report
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import json
import random
import re
import sys
from functools import cache
from pathlib import Path

from mutmut.__main__ import SourceFileMutationData
from mutmut.__main__ import copy_also_copy_files
from mutmut.__main__ import copy_src_dir
from mutmut.__main__ import create_mutants
from mutmut.__main__ import ensure_config_loaded
from mutmut.__main__ import walk_source_files

# The exit code of the tests for each mutant; None for one that was not run
Results = dict[str, int | None]

RESULTS = Path("results.json")

# The hashes of the files that the results are about
SOURCES = Path("sources.json")

# Of mutmut: no test failed, and no test runs the function
SURVIVED = (0, 33)

# Of mutmut: it is not run
LEFT_OUT = 34

# Of pytest and of the system: somebody has stopped the tests; and see mutation_run.py
NOT_DONE = (2, -2, -15, 35)

# Of mutmut and of the system
TIMED_OUT = (36, 24, -24, 152, 255)

# The words of an error or of a line in the log: tests do not look at them
MESSAGE = re.compile(
    r"""^[-+]\s*(?:raise\s|super\(\).__init__\(|log\.\w+\(|(?:f?"[^"]*",?)$"""
    r"""|return\s[A-Z]\w+\((?:"[^"]*"|None)\)$)"""
)


def last_run() -> Results:
    """The exit code of the tests for each mutant; None where they are not done."""
    found: Results = {}
    for path in walk_source_files():
        data = SourceFileMutationData(path=path)
        data.load()
        found |= data.exit_code_by_key
    return {name: None if code in NOT_DONE else code for name, code in found.items()}


def begin(number: int | None) -> None:
    """
    Make the mutants, and note them as not yet run, except those that change words
    alone. What a test has noticed in a file that is still the same is noticed: so
    tests for those that survived can be tried quickly.

    Args:
        number: of mutants to be run, None for all. The same sources have the same
            sample, so that a mutant can be looked at again.
    """
    known: Results = {}
    if SOURCES.exists():
        same = dict(hashes().items() & json.loads(SOURCES.read_text()).items())
        known = {
            name: code
            for name, code in json.loads(RESULTS.read_text()).items()
            if code not in (None, *SURVIVED, *TIMED_OUT)
            and name.rpartition(".")[0] in same
        }
    with contextlib.redirect_stdout(None):
        copy_src_dir()
        create_mutants(max_children=1)
        copy_also_copy_files()
    names = sorted(last_run())
    if number is not None:
        # No key is made with it
        names = sorted(random.Random(0).sample(names, min(number, len(names))))  # noqa: S311
    words = {name: LEFT_OUT for name in names if is_of_words(changed_lines(name))}
    results = {name: words.get(name, known.get(name)) for name in names}
    save(results)
    todo = sum(code is None for code in results.values())
    print(f"{len(names)} mutants, {todo} of them are run", file=sys.stderr)


def hashes() -> dict[str, str]:
    """The hash of each module's source."""
    return {
        ".".join(path.with_suffix("").parts): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in walk_source_files()
    }


def save(results: Results) -> None:
    RESULTS.write_text(json.dumps(results, indent=1))
    SOURCES.write_text(json.dumps(hashes(), indent=1))


@cache
def functions_of(module: str) -> dict[str, list[str]]:
    """The lines of each function in a module with its mutants."""
    text = Path("mutants", *module.split(".")).with_suffix(".py").read_text()
    lines = text.splitlines()
    return {
        node.name: [
            line.replace(f"def {node.name}(", "def ")
            for line in lines[node.lineno - 1 : node.end_lineno]
        ]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def changed_lines(mutant: str) -> list[str]:
    module, _, name = mutant.rpartition(".")
    functions = functions_of(module)
    original = functions[f"{name.rpartition('__mutmut_')[0]}__mutmut_orig"]
    diff = difflib.unified_diff(original, functions[name], lineterm="", n=0)
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


def is_of_words(lines: list[str]) -> bool:
    return bool(lines) and all(MESSAGE.match(line) for line in lines)


def is_explained(mutant: str, lines: list[str], known: list[tuple[str, str]]) -> bool:
    removed = "\n".join(line[1:] for line in lines if line.startswith("-"))
    function = function_of(mutant)
    return is_of_words(lines) or any(
        one == function and source in removed for one, source in known
    )


def report(results: Results, known: list[tuple[str, str]]) -> None:
    tried = [code for code in results.values() if code not in (None, LEFT_OUT)]
    survived = [name for name, code in results.items() if code in SURVIVED]
    unexplained = 0
    for name in survived:
        lines = changed_lines(name)
        if not is_explained(name, lines, known):
            unexplained += 1
            print(function_of(name), f"({name.rpartition('_')[2]})", *lines, sep="\n")
            print()
    slow = [name for name, code in results.items() if code in TIMED_OUT]
    if slow:
        # Most of them loop; on a busy machine the tests may only have been slow
        print("Took too long, and count as noticed:", *slow, sep="\n")
    words = sum(code == LEFT_OUT for code in results.values())
    print(
        f"{len(results)} mutants, {words} of words alone, {len(tried)} run, "
        f"{len(survived)} survived, {unexplained} of them "
        f"({100 * unexplained / max(1, len(tried)):.1f} %) not explained"
    )


def main() -> None:
    ensure_config_loaded()
    command, *arguments = sys.argv[1:]
    if command == "begin":
        begin(int(arguments[0]) if arguments else None)
        return
    results: Results = json.loads(RESULTS.read_text())
    if command == "todo":
        print("\n".join(name for name, code in results.items() if code is None))
        return
    found = last_run()
    results = {
        name: found.get(name) if code is None else code
        for name, code in results.items()
    }
    save(results)
    report(results, explanations(Path(arguments[0])))


if __name__ == "__main__":
    main()
