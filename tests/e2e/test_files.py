# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files: encrypted on one Gajim, opened on the other, and nothing in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from omemo_plugin.bridge.files.links import parse_link
from tests.e2e.conversation import start_all
from tests.e2e.conversation import tell
from tests.support.folders import files_below
from tests.support.gajim.program import Gajim
from tests.support.gajim.scene import BUILT_IN
from tests.support.gajim.scene import GAJIM_OMEMO
from tests.support.gajim.scene import OURS
from tests.support.gajim.scene import Scene
from tests.support.waiting import wait_for

NAME = "the-hidden-entrance.png"

PAIRS = [
    pytest.param("bookworm", OURS, "trixie", OURS, id="1.7-2.1"),
    pytest.param("trixie", OURS, "bookworm", OURS, id="2.1-1.7"),
    pytest.param("forky", OURS, "bookworm", OURS, id="2.6-1.7"),
    pytest.param("bookworm", OURS, "trixie", BUILT_IN, id="1.7-built-in"),
    pytest.param("trixie", OURS, "bookworm", GAJIM_OMEMO, id="2.1-gajim-omemo"),
    pytest.param("bookworm", GAJIM_OMEMO, "trixie", OURS, id="gajim-omemo-2.1"),
]


def draw(path: Path) -> bytes:
    """A picture that is worth keeping."""
    from PIL import Image

    image = Image.effect_noise((320, 200), 60)
    image.save(path, format="PNG")
    return path.read_bytes()


def downloaded(gajim: Gajim, content: bytes) -> list[Path]:
    """The pictures with some content that Gajim has put on the disk."""
    return [
        path
        for path, data in files_below(gajim.home)
        if path.suffix == ".png" and data == content
    ]


@pytest.mark.parametrize(("one", "one_omemo", "other", "other_omemo"), PAIRS)
def test_a_picture(
    new_scene: Callable[..., Scene],
    tmp_path: Path,
    one: str,
    one_omemo: str,
    other: str,
    other_omemo: str,
) -> None:
    scene = new_scene("ann", "ben")
    ann = scene.gajim(one, "ann", one_omemo, trusts_server=True)
    ben = scene.gajim(other, "ben", other_omemo, trusts_server=True)
    start_all([ben, ann])
    ann.open_chat(ben.account.jid, "OMEMO")
    ben.open_chat(ann.account.jid, "OMEMO")
    if one_omemo == OURS:
        tell(ann, ben, "first")
        tell(ben, ann, "back")
    else:
        tell(ben, ann, "first")
        tell(ann, ben, "back")
    content = draw(tmp_path / NAME)
    path = ann.offer(tmp_path / NAME)
    ann.send_file(ben.account.jid, str(path))
    row = ben.wait_for_file()
    assert row.encryption is not None
    wait_for("the picture has been opened", lambda: downloaded(ben, content))
    ben.screenshot(f"picture-{other}-{other_omemo}")
    (file,) = parse_link(row.text).sources
    key = f"{file.iv.hex()}{file.key.hex()}"
    assert len(key) in (88, 96)
    stored = [data for _path, data in files_below(scene.server.folder)]
    assert not [data for data in stored if content[:64] in data or key.encode() in data]
    if one_omemo == OURS:
        assert not [data for data in stored if NAME.encode() in data]
    if ann.has_our_plugin:
        assert key not in ann.log.read_text(errors="replace")
