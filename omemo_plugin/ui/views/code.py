# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The window "My QR code"."""

from __future__ import annotations

import logging
from pathlib import Path

from ...i18n import _
from ...verify.fingerprint import spoken
from ..presenters.code import Code
from ..presenters.code import Matrix
from ..presenters.help_page import HelpPage
from ..widgets.painter import Painter
from ..widgets.toolkit import Button
from ..widgets.toolkit import Label
from ..widgets.toolkit import Widget
from ..widgets.toolkit import Window
from ..widgets.toolkit import desktop
from ..widgets.toolkit import embedding
from ..widgets.toolkit import widgets
from .fingerprint import fingerprint
from .help import help_on_f1

log = logging.getLogger("gajim.p.omemo_plugin")

# With what is around it, it fits into a window of 400 pixels
_SIZE = 340


def paint(context: Painter, matrix: Matrix, width: int, height: int) -> None:
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


def code_area(code: Code, size: int) -> Widget:
    """
    The picture; or the reason why there is none.

    Args:
        size: of a side, in pixels; the picture may be a bit larger.
    """
    if code.problem:
        return widgets.label(code.problem)
    matrix = code.matrix()
    side = max(size // len(matrix), 4) * len(matrix)
    area = widgets.drawing(
        lambda context, width, height: paint(context, matrix, width, height),
        side,
        name=code.spoken,
    )
    return widgets.centre(area)


def open_code(code: Code, parent: Window | None) -> Window:
    """Show it."""
    window = widgets.window(code.title, parent, 480, 680)
    help_on_f1(window, HelpPage.VERIFYING)
    content = widgets.column(spacing=12, classes=("omemo-page",))
    widgets.append(content, code_area(code, _SIZE))
    jid = widgets.label(
        code.jid, classes=("omemo-heading",), selectable=True, centred=True
    )
    widgets.append(content, jid)
    groups = code.fingerprint()
    if groups:
        shown = _("Fingerprint: {digits}").format(digits=spoken("".join(groups)))
        widgets.append(content, widgets.centre(fingerprint(groups, shown)))
        widgets.append(content, widgets.label(code.help, centred=True))
        said = widgets.announce(
            widgets.label("", classes=("omemo-small",), centred=True), ""
        )
        buttons = _buttons(code, window, said)
        widgets.append(content, embedding.flow(*buttons, in_window=True), said)
        # Otherwise all of the first text would be selected
        widgets.focus(buttons[0])
    widgets.set_content(window, widgets.scrolled(content))
    widgets.present(window)
    return window


def _buttons(code: Code, window: Window, said: Label) -> list[Button]:
    def copy_uri() -> None:
        desktop.copy(window, code.uri())
        widgets.set_text(said, _("The link is in the clipboard."))

    def copy_fingerprints() -> None:
        desktop.copy(window, code.fingerprints_text())
        widgets.set_text(said, _("The fingerprints are in the clipboard."))

    def save() -> None:
        desktop.save(window, _("Save the QR code"), code.file_name, write)

    def write(path: Path) -> None:
        try:
            path.write_bytes(code.png())
        except OSError as error:
            log.info("The code was not saved: %s", type(error).__name__)
            widgets.set_text(
                said, _("It could not be saved there. Choose another folder.")
            )
        else:
            widgets.set_text(said, _("The image has been saved."))

    buttons = [
        widgets.button(_("Copy link"), copy_uri),
        widgets.button(_("Copy fingerprints"), copy_fingerprints),
    ]
    if not code.problem:
        buttons.append(widgets.button(_("Save image…"), save))
    return buttons
