# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Loading python-omemo. Each test is a Python of its own, since what is loaded
stays loaded.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GAJIM_OMEMO = Path("/usr/share/gajim/plugins/omemo")

PRELUDE = f"""
import logging, sys, types
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from omemo_plugin.engine.errors import LibraryMissing
from omemo_plugin.engine.libraries import load
"""

USE = """
import tempfile
from omemo_plugin.engine.engine import OmemoEngine
with tempfile.TemporaryDirectory() as folder:
    engine = OmemoEngine.open(Path(folder) / 'keys.db', 'ann@test')
    assert len(engine.fingerprint) == 64
    engine.close()
"""


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_name_taken_by_a_plugin() -> None:
    """Gajim has put gajim-omemo's folder in the way, and keeps it."""
    run(
        """
plugin = types.ModuleType('omemo')
backend = types.ModuleType('omemo.backend')
sys.modules['omemo'] = plugin
sys.modules['omemo.backend'] = backend
load()
assert sys.modules['omemo'] is plugin
assert sys.modules['omemo.backend'] is backend
"""
        + USE
    )


def test_name_is_left_free() -> None:
    """A gajim-omemo that is loaded later must not find python-omemo's parts."""
    run(
        """
load()
assert not [name for name in sys.modules if name.split('.')[0] == 'omemo']
"""
        + USE
    )


def test_loaded_again_after_an_update_of_the_plugin() -> None:
    run(
        """
load()
for name in [name for name in sys.modules if name.startswith('omemo_plugin')]:
    del sys.modules[name]
from omemo_plugin.engine.libraries import load
load()
"""
        + USE
    )


@pytest.mark.skipif(
    not GAJIM_OMEMO.is_dir(), reason="needs Debian 12: apt install gajim-omemo"
)
@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_gajim_omemo_itself_goes_on_to_work(first: str) -> None:
    theirs = f"""
import importlib.util
def load_theirs():
    spec = importlib.util.spec_from_file_location(
        'omemo',
        {str(GAJIM_OMEMO / "__init__.py")!r},
        submodule_search_locations=[{str(GAJIM_OMEMO)!r}],
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules['omemo'] = module
    importlib.import_module('omemo.backend.util')
"""
    calls = ["load()", "load_theirs()"]
    if first == "theirs":
        calls.reverse()
    run(
        theirs
        + "\n".join(calls)
        + f"""
assert sys.modules['omemo.backend'].__path__[0] == {str(GAJIM_OMEMO / "backend")!r}
"""
        + USE
    )


def test_missing_libraries_are_named() -> None:
    out = run(
        """
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ('twomemo', 'omemo'):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Finder)
try:
    load()
except LibraryMissing as error:
    print(error)
"""
    )
    assert "python3-omemo" in out
    assert "python3-twomemo" in out
    assert "python3-x3dh" not in out


def test_libraries_log_no_secrets() -> None:
    out = run(
        """
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
load()
logging.getLogger('omemo.session_manager').debug('a secret')
logging.getLogger('oldmemo').debug('a secret')
"""
        + USE
    )
    assert "secret" not in out
