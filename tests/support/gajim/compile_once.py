# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets all Gajims of a run share what Python has compiled of the plugin.

A profile is new for each test, and so Python would compile the whole plugin at each
start, which is a tenth of it. Python runs this file before a program whose PYTHONPATH
names the folder that it is in as `sitecustomize.py`. What is kept beside it is found by
the source itself: a file that was changed is compiled.
"""

from __future__ import annotations

import importlib
import marshal
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

VARIABLE = "OMEMO_TEST_COMPILED"
"""Of the tests: the folder."""

_NAME = "sitecustomize"

# With what Python's own loader uses it knows a source file again, and gives a
# compiled one that was made somewhere else its place
_imp: Any = importlib.import_module("_imp")
_compile: Any = SourceFileLoader.source_to_code


def offer_in(folder: Path) -> None:
    """Make a folder such as PYTHONPATH is to name."""
    (folder / f"{_NAME}.py").write_bytes(Path(__file__).read_bytes())


def _compile_once(self: object, data: Any, path: str, **options: Any) -> Any:
    """The code of a source file, from the folder if it is there."""
    digest = f"{len(data)}-{_imp.source_hash(0, data).hex()}"
    kept = Path(__file__).with_name(f"{sys.implementation.cache_tag}-{digest}")
    try:
        code = marshal.loads(kept.read_bytes())  # noqa: S302  # of these tests
    except (OSError, EOFError, ValueError, TypeError):
        code = _compile(self, data, path, **options)
        _keep(kept, marshal.dumps(code))
        return code
    _imp._fix_co_filename(code, path)
    return code


def _keep(path: Path, content: bytes) -> None:
    """Others may be reading the file, or writing it."""
    new = path.with_suffix(f".{os.getpid()}")
    try:
        new.write_bytes(content)
        new.replace(path)
    except OSError:
        # It is compiled again, then
        return


if __name__ == _NAME:
    loader: Any = SourceFileLoader
    loader.source_to_code = _compile_once
