# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""SECURITY.md claims what a test shows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Each claim in these is a list item that names its cases
CLAIMS = (
    "What the plugin protects",
    "What OMEMO 0.3 cannot protect",
    "The same for cryptographers",
)

# Assumptions and limits
NO_CLAIMS = ("**Adversary.**", "**Not claimed**")


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.*)$", (ROOT / "SECURITY.md").read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cases(text: str) -> set[int]:
    """The numbers after "case" or "cases"."""
    return {
        int(number)
        for group in re.findall(r"\bcases? ((?:\d+(?:, | and )?)+)", text)
        for number in re.findall(r"\d+", group)
    }


@cache
def cases_with_a_test() -> frozenset[int]:
    return frozenset(
        int(number)
        for path in (ROOT / "tests").rglob("test_*.py")
        for numbers in re.findall(r"^def test_case((?:_\d+)+)_", path.read_text(), re.M)
        for number in numbers.split("_")[1:]
    )


def listed() -> dict[int, str]:
    """The cases of the list, with their lines."""
    found: dict[int, str] = {}
    for line in (ROOT / "docs/security-cases.md").read_text().splitlines():
        match = re.match(r"\| (\d+)(?:–(\d+))? \|", line)
        if match:
            first, last = int(match[1]), int(match[2] or match[1])
            found.update(dict.fromkeys(range(first, last + 1), line))
    return found


@pytest.mark.parametrize("section", CLAIMS)
def test_each_claim_names_its_case(section: str) -> None:
    items = re.findall(r"^- (.*)$", sections()[section], re.M)
    assert items
    without = [
        item for item in items if not cases(item) and not item.startswith(NO_CLAIMS)
    ]
    assert without == []


def test_the_cases_of_the_claims_are_tested() -> None:
    named = cases((ROOT / "SECURITY.md").read_text())
    assert named
    assert named - cases_with_a_test() == set()
    assert named - listed().keys() == set()


def test_the_listed_cases_are_tested() -> None:
    missing = {
        number
        for number, line in listed().items()
        if number not in cases_with_a_test() and "○" not in line
    }
    assert missing == set()


def test_tests_are_of_listed_cases() -> None:
    assert cases_with_a_test() - listed().keys() == set()
