# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The corpus, as it is and changed at random. `tools/fuzz` does the second for
longer. An input that was found to fail is put into the corpus.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from .targets import TARGETS

CORPUS = Path(__file__).parents[2] / "corpus"
# Whole stanzas are changed by their structure: tests/support/fuzz
FILES = sorted(
    path
    for path in CORPUS.glob("*/*")
    if path.is_file() and path.parent.name != "stanzas"
)

fuzz = settings(
    max_examples=int(os.environ.get("OMEMO_FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

# Bytes on which parsers have failed
PIECES = [
    *(b"<", b">", b"/", b'"', b"'", b"&", b"&amp;", b"&#0;", b"&#x202e;", b"&x;"),
    *(b"]]>", b"<![CDATA[", b"<!--", b"<?x?>", b"<!DOCTYPE x [", b' xmlns=""'),
    *(b"?", b"#", b";", b"=", b"%", b"%2f", b"%00", b"%ff", b"%25", b"@", b":"),
    *(b"[", b"]", b"[::1]", b"..", b"../", b"\\", b"\n", b"\r", b"\t", b" ", b"+"),
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xef\xbc\x97"),
    *(b"-1", b"0", b"2147483648", b"1_000", b"9" * 5000, b"A" * 44, b"0" * 88),
    *(b"\xe2\x80\xae", b"\xcc\x81" * 40, b".desktop", b"con", b"~", b"."),
    *(b"xmpp:", b"aesgcm://", b"https://", b"http://", b"//", b"127.0.0.1"),
]


@st.composite
def changed(draw: st.DrawFn, files: list[Path]) -> bytes:
    """A file of the corpus with up to six changes."""
    data = draw(st.sampled_from(files)).read_bytes()
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 1, 2, 4, 16, 64]))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            new = draw(st.binary(max_size=8))
        elif kind == 1:
            new = draw(st.sampled_from(PIECES))
        elif kind == 2:
            # Doubled
            new = data[start : start + length] * 2
        elif kind == 3:
            other = draw(st.sampled_from(files)).read_bytes()
            at = draw(st.integers(0, len(other)))
            new = other[at : at + draw(st.integers(0, 200))]
        else:
            new = b""
        data = data[:start] + new + data[start + length :]
    return data


def test_every_target_has_a_corpus() -> None:
    assert {path.parent.name for path in FILES} == set(TARGETS)


@pytest.mark.parametrize(
    "path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES]
)
def test_corpus(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_changed_corpus(target: str) -> None:
    files = [path for path in FILES if path.parent.name == target]

    @fuzz
    @given(changed(files))
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()


@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes(target: str) -> None:
    @fuzz
    @given(st.binary(max_size=200))
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()
