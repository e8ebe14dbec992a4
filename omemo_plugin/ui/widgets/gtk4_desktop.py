# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialogs, the clipboard, and drag and drop in GTK 4."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import cast

import gi

gi.require_version("Gtk", "4.0")

from gi.repository import Gio  # noqa: E402
from gi.repository import GLib  # noqa: E402
from gi.repository import GObject  # noqa: E402

if TYPE_CHECKING:
    # The stubs know both toolkits; GTK 3 has the plain names
    from gi.repository import _Gdk4 as Gdk
    from gi.repository import _Gtk4 as Gtk
else:
    from gi.repository import Gdk
    from gi.repository import Gtk


def copy(widget: Gtk.Widget, text: str) -> None:
    widget.get_clipboard().set(text)


def ask(
    parent: Gtk.Window | None,
    title: str,
    text: str,
    yes: str,
    no: str,
    agreed: Callable[[], None],
) -> None:
    """Ask before something that cannot be undone. Escape means no."""
    dialog = Gtk.AlertDialog(message=title, detail=text, buttons=[no, yes])
    dialog.set_cancel_button(0)
    dialog.set_default_button(0)

    def answered(_dialog: object, result: Gio.AsyncResult) -> None:
        try:
            answer = dialog.choose_finish(result)
        except GLib.Error:
            return
        if answer == 1:
            agreed()

    dialog.choose(parent, None, answered)


def save(
    parent: Gtk.Window | None,
    title: str,
    file_name: str,
    chosen: Callable[[Path], None],
) -> None:
    """Ask where to save a file."""
    dialog = Gtk.FileDialog(title=title, initial_name=file_name)

    def answered(_dialog: object, result: Gio.AsyncResult) -> None:
        try:
            file: Gio.File = dialog.save_finish(result)
        except GLib.Error:
            return
        path = file.get_path()
        if path is not None:
            chosen(Path(path))

    dialog.save(parent, None, answered)


def open_file(
    parent: Gtk.Window | None,
    title: str,
    name: str,
    types: Sequence[str],
    chosen: Callable[[Path], None],
) -> None:
    """Ask which file to open."""
    only = Gtk.FileFilter(name=name)
    for one in types:
        only.add_mime_type(one)
    filters = Gio.ListStore.new(Gtk.FileFilter)
    filters.append(only)
    dialog = Gtk.FileDialog(title=title, filters=filters)

    def answered(_dialog: object, result: Gio.AsyncResult) -> None:
        try:
            file: Gio.File = dialog.open_finish(result)
        except GLib.Error:
            return
        path = file.get_path()
        if path is not None:
            chosen(Path(path))

    dialog.open(parent, None, answered)


def paste(
    widget: Gtk.Widget,
    got_text: Callable[[str], None],
    got_image: Callable[[bytes], None],
    nothing: Callable[[], None],
) -> None:
    """Look into the clipboard. An image comes before a text."""
    clipboard = widget.get_clipboard()

    def image(_clipboard: object, result: Gio.AsyncResult) -> None:
        try:
            texture = clipboard.read_texture_finish(result)
        except GLib.Error:
            texture = None
        if texture is None:
            clipboard.read_text_async(None, text)
        else:
            got_image(texture.save_to_png_bytes().get_data())

    def text(_clipboard: object, result: Gio.AsyncResult) -> None:
        try:
            found = clipboard.read_text_finish(result)
        except GLib.Error:
            found = None
        if found and found.strip():
            got_text(found)
        else:
            nothing()

    clipboard.read_texture_async(None, image)


def accept_drops(
    widget: Gtk.Widget,
    got_text: Callable[[str], None],
    got_image: Callable[[bytes], None],
) -> None:
    """Take what is dragged here: images, and texts. A file comes as the text of
    its URI."""
    # The stubs want a class
    nothing = cast("type[object]", GObject.TYPE_NONE)
    target = Gtk.DropTarget.new(nothing, Gdk.DragAction.COPY)
    target.set_gtypes([Gdk.FileList, Gdk.Texture, str])

    def dropped(_target: object, value: object, _x: float, _y: float) -> bool:
        if isinstance(value, Gdk.FileList):
            for file in value.get_files()[:1]:
                got_text(file.get_uri())
        elif isinstance(value, Gdk.Texture):
            got_image(value.save_to_png_bytes().get_data())
        else:
            got_text(str(value))
        return True

    target.connect("drop", dropped)
    widget.add_controller(target)
