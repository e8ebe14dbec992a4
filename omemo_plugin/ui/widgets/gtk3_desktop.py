# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialogs, the clipboard, and drag and drop in GTK 3."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Gdk  # noqa: E402
from gi.repository import GdkPixbuf  # noqa: E402
from gi.repository import Gtk  # noqa: E402

# Nothing else holds a dialog while it is open
_open: set[Gtk.FileChooserNative] = set()


def copy(widget: Gtk.Widget, text: str) -> None:
    clipboard = Gtk.Clipboard.get_default(widget.get_display())
    clipboard.set_text(text, -1)


def ask(
    parent: Gtk.Window | None,
    title: str,
    text: str,
    yes: str,
    no: str,
    agreed: Callable[[], None],
) -> None:
    """Ask before something that cannot be undone. Escape means no."""
    dialog = Gtk.MessageDialog(
        transient_for=parent,
        modal=True,
        message_type=Gtk.MessageType.WARNING,
        text=title,
        secondary_text=text,
    )
    dialog.add_button(no, Gtk.ResponseType.CANCEL)
    dialog.add_button(yes, Gtk.ResponseType.YES)
    dialog.set_default_response(Gtk.ResponseType.CANCEL)

    def answered(_dialog: object, response: int) -> None:
        dialog.destroy()
        if response == Gtk.ResponseType.YES:
            agreed()

    dialog.connect("response", answered)
    dialog.show_all()


def save(
    parent: Gtk.Window | None,
    title: str,
    file_name: str,
    chosen: Callable[[Path], None],
) -> None:
    """Ask where to save a file."""
    dialog = Gtk.FileChooserNative(
        title=title, transient_for=parent, action=Gtk.FileChooserAction.SAVE
    )
    dialog.set_do_overwrite_confirmation(True)
    dialog.set_current_name(file_name)

    def answered(_dialog: object, response: int) -> None:
        name = dialog.get_filename()
        _open.discard(dialog)
        dialog.destroy()
        if response == Gtk.ResponseType.ACCEPT and name:
            chosen(Path(name))

    dialog.connect("response", answered)
    _open.add(dialog)
    dialog.show()


def open_file(
    parent: Gtk.Window | None,
    title: str,
    name: str,
    types: Sequence[str],
    chosen: Callable[[Path], None],
) -> None:
    """Ask which file to open."""
    dialog = Gtk.FileChooserNative(
        title=title, transient_for=parent, action=Gtk.FileChooserAction.OPEN
    )
    only = Gtk.FileFilter()
    only.set_name(name)
    for one in types:
        only.add_mime_type(one)
    dialog.add_filter(only)

    def answered(_dialog: object, response: int) -> None:
        file_name = dialog.get_filename()
        _open.discard(dialog)
        dialog.destroy()
        if response == Gtk.ResponseType.ACCEPT and file_name:
            chosen(Path(file_name))

    dialog.connect("response", answered)
    _open.add(dialog)
    dialog.show()


def paste(
    widget: Gtk.Widget,
    got_text: Callable[[str], None],
    got_image: Callable[[bytes], None],
    nothing: Callable[[], None],
) -> None:
    """Look into the clipboard. An image comes before a text."""
    clipboard = Gtk.Clipboard.get_default(widget.get_display())

    def image(_clipboard: object, pixbuf: GdkPixbuf.Pixbuf | None) -> None:
        if pixbuf is None:
            clipboard.request_text(text)
            return
        _ok, data = pixbuf.save_to_bufferv("png", [], [])
        got_image(data)

    def text(_clipboard: object, found: str | None) -> None:
        if found and found.strip():
            got_text(found)
        else:
            nothing()

    clipboard.request_image(image)


def accept_drops(
    widget: Gtk.Widget,
    got_text: Callable[[str], None],
    got_image: Callable[[bytes], None],
) -> None:
    """Take what is dragged here: images, and texts. A file comes as the text of
    its URI."""
    widget.drag_dest_set(Gtk.DestDefaults.ALL, [], Gdk.DragAction.COPY)
    targets = Gtk.TargetList.new([])
    targets.add_uri_targets(0)
    targets.add_image_targets(1, False)
    targets.add_text_targets(2)
    widget.drag_dest_set_target_list(targets)

    def received(
        _widget: object,
        _context: object,
        _x: int,
        _y: int,
        data: Gtk.SelectionData,
        kind: int,
        _time: int,
    ) -> None:
        if kind == 0:
            for uri in data.get_uris()[:1]:
                got_text(uri)
        elif kind == 1:
            pixbuf = data.get_pixbuf()
            if pixbuf is not None:
                got_image(pixbuf.save_to_bufferv("png", [], [])[1])
        else:
            got_text(data.get_text() or "")

    widget.connect("drag-data-received", received)
