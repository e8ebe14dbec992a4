# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "My QR code"."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from ...bridge.i18n import _
from ...verify.fingerprint import spoken
from ..presenters.code import Code
from ..presenters.code import Matrix
from ..toolkit import kit
from .fingerprint import fingerprint

log = logging.getLogger("gajim.p.omemo_plugin")

_SIZE = 400


def paint(context: Any, matrix: Matrix, width: int, height: int) -> None:
    """
    Paint a code, black on white whatever the theme is: it is read by cameras.
    Each module is a whole number of pixels, so its edges are sharp.
    """
    count = len(matrix)
    scale = max(1, min(width, height) // count)
    side = scale * count
    left, top = (width - side) // 2, (height - side) // 2
    context.set_source_rgb(1, 1, 1)
    context.rectangle(left, top, side, side)
    context.fill()
    context.set_source_rgb(0, 0, 0)
    for y, line in enumerate(matrix):
        for x, dark in enumerate(line):
            if dark:
                context.rectangle(left + x * scale, top + y * scale, scale, scale)
    context.fill()


def open_code(code: Code, parent: Any) -> Any:
    """Show it."""
    window = kit.window(code.title, parent, 480, 680)
    content = kit.column(spacing=12, classes=("omemo-page",))
    if code.problem:
        kit.append(content, kit.label(code.problem))
    else:
        matrix = code.matrix()
        side = max(_SIZE // len(matrix), 4) * len(matrix)
        area = kit.drawing(
            lambda context, width, height: paint(context, matrix, width, height),
            side,
            name=code.spoken,
        )
        kit.append(content, kit.centre(area))
    jid = kit.label(code.jid, classes=("omemo-heading",), selectable=True, centred=True)
    kit.append(content, jid)
    groups = code.fingerprint()
    if groups:
        said = _("Fingerprint: {digits}").format(digits=spoken("".join(groups)))
        kit.append(content, kit.centre(fingerprint(groups, said)))
        kit.append(content, kit.label(code.help, centred=True))
        said = kit.announce(kit.label("", classes=("omemo-small",), centred=True), "")
        buttons = _buttons(code, window, said)
        kit.append(content, kit.centre(kit.row(*buttons)), said)
        # Otherwise all of the first text would be selected
        kit.focus(buttons[0])
    kit.set_content(window, kit.scrolled(content))
    kit.present(window)
    return window


def _buttons(code: Code, window: Any, said: Any) -> list[Any]:
    def copy_uri() -> None:
        kit.copy(window, code.uri())
        kit.set_text(said, _("The link is in the clipboard."))

    def copy_fingerprints() -> None:
        kit.copy(window, code.fingerprints_text())
        kit.set_text(said, _("The fingerprints are in the clipboard."))

    def save() -> None:
        kit.save(window, _("Save the QR code"), code.file_name, write)

    def write(path: Path) -> None:
        try:
            path.write_bytes(code.png())
        except OSError as error:
            log.info("The code was not saved: %s", type(error).__name__)
            kit.set_text(said, _("It could not be saved there. Choose another folder."))
        else:
            kit.set_text(said, _("The image has been saved."))

    buttons = [
        kit.button(_("Copy link"), copy_uri),
        kit.button(_("Copy fingerprints"), copy_fingerprints),
    ]
    if not code.problem:
        buttons.append(kit.button(_("Save image…"), save))
    return buttons
