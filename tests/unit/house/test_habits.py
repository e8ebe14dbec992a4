# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lists of tests, checks, tools and packages that stand in several files agree."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
LIBRARY = REPOSITORY / "tools" / "lib"

SUITES = ("bookworm", "trixie")

# There is nothing that make could run without the user's choice
TAKE_ARGUMENTS = {"fresh-machine", "mutate", "tails-tree"}


def found(pattern: str, path: str) -> list[str]:
    return re.findall(pattern, (REPOSITORY / path).read_text(), re.MULTILINE)


def parts() -> list[str]:
    """The parts of tools/test."""
    (names,) = found(r"^all='(.*)'$", "tools/test")
    return names.split()


@pytest.mark.parametrize("part", parts())
def test_gitlab_runs_each_part_of_the_tests(part: str) -> None:
    assert found(rf"^    - tools/test {part}$", ".gitlab-ci.yml")


@pytest.mark.parametrize("suite", SUITES)
def test_packages_are_built_for_each_suite_in_each_pipeline(suite: str) -> None:
    assert found(rf"^\s*for suite in .*\b{suite}\b", ".ci/run")
    assert found(rf"SUITE: \[.*\b{suite}\b.*\]", ".gitlab-ci.yml")
    assert found(rf"^    RELEASE: {suite}$", "debian/salsa-ci.yml")


def test_pre_commit_has_a_hook_for_each_check() -> None:
    checks = found(r"^check (\S+) ", "tools/lib/lint")
    assert len(checks) > 5
    hooks = found(r"^        entry: tools/lib/lint (\S+)$", ".pre-commit-config.yaml")
    assert hooks == checks


def test_make_help_names_each_tool() -> None:
    listed = subprocess.run(
        ["sed", "-n", "s/^\t//p", REPOSITORY / "Makefile"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    tools = {path.name for path in (REPOSITORY / "tools").iterdir() if path.is_file()}
    assert tools > TAKE_ARGUMENTS
    missing = {tool for tool in tools if f"tools/{tool}" not in listed}
    assert missing == TAKE_ARGUMENTS


@pytest.mark.parametrize(
    "wanted", sorted(path.name for path in LIBRARY.glob("requirements-*.in"))
)
def test_packages_from_pypi_are_pinned_with_hashes(wanted: str) -> None:
    """A list that is older than its .in file lacks what was added to that."""
    pinned = (LIBRARY / wanted).with_suffix(".txt").read_text().replace("\\\n", "")
    lines = [line for line in pinned.splitlines() if re.match(r"[a-z0-9]", line)]
    assert all(re.match(r"\S+==\S+ .*--hash=sha256:", line) for line in lines)
    names = {re.split("==", line)[0] for line in lines}
    for name in found(r"^([A-Za-z][A-Za-z0-9-]*)", f"tools/lib/{wanted}"):
        assert name.lower() in names


def test_tests_that_share_a_gajim_are_run_by_one_worker() -> None:
    """Or else each worker starts one, for each of the tests that it is given."""
    (listed,) = found(r"(?s)^SHARED = \((.*?)^\)", "tests/e2e/conftest.py")
    names = set(re.findall(r'"(\w+)"', listed))
    sharing = {
        path.stem
        for path in (REPOSITORY / "tests" / "e2e").glob("test_*.py")
        if re.search(
            r"^def test_\w+\([^)]*\bstage: Stage\b|\bnew_lasting_scene\b",
            path.read_text(),
            re.MULTILINE,
        )
    }
    assert len(sharing) > 10
    assert sharing <= names


def test_names_that_may_be_unused_are_there() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    names = set(project["tool"]["vulture"]["ignore_names"])
    sources = [
        path.read_text()
        for folder in ("omemo_plugin", "tails_integration", "tools")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix == ".py" or path.name == "bundle"
    ]
    words = set(re.findall(r"\w+", "\n".join(sources)))
    assert {name for name in names if "*" not in name} <= words
