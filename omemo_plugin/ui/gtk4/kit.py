# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The widgets of the windows in GTK 4 (Gajim 2). `gtk3/kit.py` has the same
functions; what is written on them looks and speaks the same with both.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "4.0")

from gi.repository import Gdk  # noqa: E402
from gi.repository import Gio  # noqa: E402
from gi.repository import GLib  # noqa: E402
from gi.repository import GObject  # noqa: E402
from gi.repository import Gtk  # noqa: E402
from gi.repository import Pango  # noqa: E402

from ..style import CSS  # noqa: E402
from ..style import ICONS  # noqa: E402
from ..style import TONES  # noqa: E402

TOOLKIT = 4

_provider: Any = None


def start() -> None:
    """Make the plugin's icons and style known."""
    global _provider  # noqa: PLW0603
    display = Gdk.Display.get_default()
    Gtk.IconTheme.get_for_display(display).add_search_path(str(ICONS))
    if _provider is None:
        _provider = Gtk.CssProvider()
        _provider.load_from_string(CSS)
        Gtk.StyleContext.add_provider_for_display(
            display, _provider, Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION
        )


def stop() -> None:
    """Take the style back."""
    global _provider  # noqa: PLW0603
    if _provider is not None:
        display = Gdk.Display.get_default()
        Gtk.StyleContext.remove_provider_for_display(display, _provider)
        _provider = None


# What is said of a widget


def describe(widget: Any, name: str = "", description: str = "") -> Any:
    """What a screen reader says of a widget."""
    if name:
        # A button is labelled by what is written on it, and that would win
        widget.reset_relation(Gtk.AccessibleRelation.LABELLED_BY)
        widget.update_property([Gtk.AccessibleProperty.LABEL], [name])
    if description:
        widget.update_property([Gtk.AccessibleProperty.DESCRIPTION], [description])
    return widget


def undescribe(widget: Any) -> None:
    """Leave it to the toolkit what is said."""
    widget.reset_property(Gtk.AccessibleProperty.LABEL)


def group(widget: Any, name: str) -> Any:
    """Say that what is inside belongs together, and what it is."""
    # A role can only be given before the widget is shown
    widget.set_accessible_role(Gtk.AccessibleRole.GROUP)
    return describe(widget, name)


def announce(widget: Any, text: str) -> Any:
    """Let a screen reader say a text that has just appeared."""
    if text:
        widget.connect(
            "map",
            lambda one: one.announce(text, Gtk.AccessibleAnnouncementPriority.MEDIUM),
        )
    return widget


def set_text(widget: Any, text: str) -> None:
    """Change a label and let a screen reader say it."""
    widget.set_text(text)
    widget.announce(text, Gtk.AccessibleAnnouncementPriority.MEDIUM)


def add_classes(widget: Any, classes: Sequence[str]) -> Any:
    for name in classes:
        if name:
            widget.add_css_class(name)
    return widget


def set_visible(widget: Any, visible: bool) -> None:
    widget.set_visible(visible)


def tooltip(widget: Any, text: str) -> Any:
    widget.set_tooltip_text(text or None)
    return widget


# Windows


def window(title: str, parent: Any, width: int, height: int) -> Any:
    """A window that Escape closes."""
    made = Gtk.Window(title=title, default_width=width, default_height=height)
    made.add_css_class("omemo-window")
    if parent is not None:
        made.set_transient_for(parent)
        made.set_application(parent.get_application())
    keys = Gtk.EventControllerKey()

    def pressed(_keys: Any, value: int, _code: int, _state: Any) -> bool:
        if value == Gdk.KEY_Escape:
            made.close()
            return True
        return False

    keys.connect("key-pressed", pressed)
    made.add_controller(keys)
    return made


def set_title(made: Any, title: str) -> None:
    made.set_title(title)


def set_content(made: Any, child: Any) -> None:
    made.set_child(child)


def on_close(made: Any, call: Callable[[], None]) -> None:
    """Be told once when a window is closed."""

    def closed(_window: Any) -> bool:
        call()
        return False

    made.connect("close-request", closed)


def on_gone(widget: Any, call: Callable[[], None]) -> None:
    """Be told when a widget in a window of Gajim's is gone."""
    widget.connect("unrealize", lambda _widget: call())


def present(made: Any) -> None:
    made.present()


def focus(widget: Any) -> None:
    """Where the keyboard is when the window opens."""
    widget.connect("map", lambda one: one.grab_focus())


def close(made: Any) -> None:
    made.close()


def root_of(widget: Any) -> Any:
    """The window a widget is in."""
    return widget.get_root()


# Boxes


def column(*children: Any, spacing: int = 6, classes: Sequence[str] = ()) -> Any:
    return _box(Gtk.Orientation.VERTICAL, children, spacing, classes)


def row(*children: Any, spacing: int = 6, classes: Sequence[str] = ()) -> Any:
    return _box(Gtk.Orientation.HORIZONTAL, children, spacing, classes)


def _box(
    orientation: Any, children: Sequence[Any], spacing: int, classes: Sequence[str]
) -> Any:
    made = Gtk.Box(orientation=orientation, spacing=spacing)
    add_classes(made, classes)
    for child in children:
        made.append(child)
    return made


def wrapping(*children: Any) -> Any:
    """Buttons beside each other, in several lines where there is no room."""
    made = Gtk.FlowBox(
        selection_mode=Gtk.SelectionMode.NONE,
        column_spacing=6,
        row_spacing=6,
        max_children_per_line=6,
        halign=Gtk.Align.START,
    )
    for child in children:
        made.append(child)
        # The button takes the focus, not the place it stands in
        child.get_parent().set_focusable(False)
    return made


def append(box: Any, *children: Any) -> None:
    for child in children:
        box.append(child)


def clear(box: Any) -> None:
    child = box.get_first_child()
    while child is not None:
        box.remove(child)
        child = box.get_first_child()


def expand(widget: Any, *, vertically: bool = False) -> Any:
    if vertically:
        widget.set_vexpand(True)
    else:
        widget.set_hexpand(True)
    return widget


def centre(widget: Any) -> Any:
    widget.set_halign(Gtk.Align.CENTER)
    return widget


def top(widget: Any) -> Any:
    widget.set_valign(Gtk.Align.START)
    return widget


def scrolled(child: Any) -> Any:
    made = Gtk.ScrolledWindow(
        hscrollbar_policy=Gtk.PolicyType.NEVER, vexpand=True, hexpand=True
    )
    made.set_child(child)
    return made


def expander(text: str, child: Any, *, opened: bool = False) -> Any:
    made = Gtk.Expander(label=text, expanded=opened)
    made.set_child(child)
    return made


def is_open(made: Any) -> bool:
    return bool(made.get_expanded())


# Texts and pictures


def label(
    text: str,
    *,
    classes: Sequence[str] = (),
    selectable: bool = False,
    centred: bool = False,
) -> Any:
    made = Gtk.Label(
        label=text,
        wrap=True,
        wrap_mode=Pango.WrapMode.WORD_CHAR,
        xalign=0.5 if centred else 0.0,
        selectable=selectable,
        justify=Gtk.Justification.CENTER if centred else Gtk.Justification.LEFT,
    )
    return add_classes(made, classes)


def heading(text: str, *, classes: Sequence[str] = ()) -> Any:
    made = Gtk.Label(
        label=text,
        wrap=True,
        wrap_mode=Pango.WrapMode.WORD_CHAR,
        xalign=0.0,
        accessible_role=Gtk.AccessibleRole.HEADING,
    )
    return add_classes(made, ("omemo-heading", *classes))


def icon(name: str, size: int, *, classes: Sequence[str] = ()) -> Any:
    """A picture. What it says is written beside it, so it is silent."""
    made = Gtk.Image(
        icon_name=name,
        pixel_size=size,
        accessible_role=Gtk.AccessibleRole.PRESENTATION,
    )
    return add_classes(made, classes)


def markup(
    make: Callable[[bool], str], *, name: str, classes: Sequence[str] = ()
) -> Any:
    """
    A text with colours that depend on the background.

    Args:
        make: gives the markup; its argument says whether the background is
            dark.
        name: what a screen reader says.
    """
    made = Gtk.Label(xalign=0.0, selectable=True, use_markup=True)
    add_classes(made, classes)

    def draw(*_args: Any) -> None:
        made.set_markup(make(is_dark(made)))
        # A label's name is its text whenever that is set
        describe(made, name)

    made.connect("map", draw)
    draw()
    return made


def is_dark(widget: Any) -> bool:
    """Whether light text is written on a dark background here."""
    colour = widget.get_color()
    return bool(colour.red + colour.green + colour.blue > 1.5)


def drawing(draw: Callable[[Any, int, int], None], size: int, *, name: str) -> Any:
    """
    A square that is painted.

    Args:
        draw: paints with cairo on so many pixels.
        name: what a screen reader says.
    """
    made = Gtk.DrawingArea(
        content_width=size,
        content_height=size,
        accessible_role=Gtk.AccessibleRole.IMG,
    )
    made.set_draw_func(
        lambda _area, context, width, height: draw(context, width, height)
    )
    return describe(made, name)


# What can be clicked


def button(
    text: str,
    clicked: Callable[[], None],
    *,
    name: str = "",
    classes: Sequence[str] = (),
) -> Any:
    """
    Args:
        name: what a screen reader says, where the text is not enough.
    """
    made = Gtk.Button(label=text)
    add_classes(made, classes)
    made.connect("clicked", lambda _button: clicked())
    return describe(made, name)


def icon_button(icon_name: str, clicked: Callable[[], None], *, name: str) -> Any:
    made = Gtk.Button(icon_name=icon_name, tooltip_text=name)
    made.connect("clicked", lambda _button: clicked())
    return describe(made, name)


def menu_button(
    text: str, entries: Sequence[tuple[str, str, Callable[[], None]]], *, name: str
) -> Any:
    """
    A button with a menu.

    Args:
        entries: what is written, what a screen reader says, what it does.
    """
    popover = Gtk.Popover()
    inside = column(spacing=2)
    for written, spoken, call in entries:

        def clicked(call: Callable[[], None] = call) -> None:
            popover.popdown()
            call()

        inside.append(button(written, clicked, name=spoken, classes=("flat",)))
    popover.set_child(inside)
    made = Gtk.MenuButton(label=text, popover=popover)
    return describe(made, name)


def switch(
    text: str,
    active: bool,
    changed: Callable[[bool], None],
    *,
    description: str = "",
    name: str = "",
) -> Any:
    """A switch with its words beside it."""
    made = Gtk.Switch(active=active, valign=Gtk.Align.CENTER)
    describe(made, name or text, description)
    made.connect("notify::active", lambda one, _what: changed(one.get_active()))
    words = column(label(text), spacing=2)
    if description:
        append(words, label(description, classes=("dim-label", "omemo-small")))
    return row(expand(words), made, spacing=12)


def choice(
    text: str,
    values: Sequence[tuple[str, str]],
    chosen: str,
    changed: Callable[[str], None],
) -> Any:
    """
    One of several, with words beside it.

    Args:
        values: what it is, and what is written.
    """
    made = Gtk.DropDown.new_from_strings([written for _value, written in values])
    keys = [value for value, _written in values]
    if chosen in keys:
        made.set_selected(keys.index(chosen))
    made.set_valign(Gtk.Align.CENTER)
    describe(made, text)
    made.connect(
        "notify::selected", lambda one, _what: changed(keys[one.get_selected()])
    )
    return row(expand(label(text)), made, spacing=12)


# Widgets of Gajim's


def attach(grid: Any, widget: Any, left: int, top: int) -> None:
    """Put something into a grid."""
    widget.set_halign(Gtk.Align.START)
    grid.attach(widget, left, top, 1, 1)
    widget.set_visible(True)


def set_icon(image: Any, name: str, tone: str) -> None:
    """Give an image one of our pictures in its colour."""
    clear_classes(image)
    image.set_from_icon_name(name)
    add_classes(image, (tone,))


def clear_classes(image: Any) -> None:
    """Take our colours off an image."""
    for tone in TONES:
        image.remove_css_class(tone)


def block(widget: Any, handler: Any) -> bool:
    """Keep a handler from being called. Returns whether there is one."""
    try:
        return bool(widget.handler_block_by_func(handler))
    except TypeError:
        return False


def unblock(widget: Any, handler: Any) -> None:
    widget.handler_unblock_by_func(handler)


# The desktop


def copy(widget: Any, text: str) -> None:
    widget.get_clipboard().set(text)


def ask(
    parent: Any, title: str, text: str, yes: str, no: str, agreed: Callable[[], None]
) -> None:
    """Ask before something that cannot be undone. Escape means no."""
    dialog = Gtk.AlertDialog(message=title, detail=text, buttons=[no, yes])
    dialog.set_cancel_button(0)
    dialog.set_default_button(0)

    def answered(_dialog: Any, result: Any) -> None:
        try:
            answer = dialog.choose_finish(result)
        except GLib.Error:
            return
        if answer == 1:
            agreed()

    dialog.choose(parent, None, answered)


def save(
    parent: Any, title: str, file_name: str, chosen: Callable[[Path], None]
) -> None:
    """Ask where to save a file."""
    dialog = Gtk.FileDialog(title=title, initial_name=file_name)

    def answered(_dialog: Any, result: Any) -> None:
        try:
            file: Gio.File = dialog.save_finish(result)
        except GLib.Error:
            return
        path = file.get_path()
        if path is not None:
            chosen(Path(path))

    dialog.save(parent, None, answered)


def open_file(
    parent: Any,
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

    def answered(_dialog: Any, result: Any) -> None:
        try:
            file: Gio.File = dialog.open_finish(result)
        except GLib.Error:
            return
        path = file.get_path()
        if path is not None:
            chosen(Path(path))

    dialog.open(parent, None, answered)


def entry(name: str, placeholder: str, activated: Callable[[str], None]) -> Any:
    """A line to type in. Enter is told, with what was typed."""
    made = Gtk.Entry(placeholder_text=placeholder)
    made.connect("activate", lambda one: activated(one.get_text()))
    return describe(made, name)


def text_of(made: Any) -> str:
    """What was typed into an entry."""
    return str(made.get_text())


def redraw(area: Any) -> None:
    """Have a drawing painted again."""
    area.queue_draw()


def paste(
    widget: Any,
    got_text: Callable[[str], None],
    got_image: Callable[[bytes], None],
    nothing: Callable[[], None],
) -> None:
    """Look into the clipboard. An image comes before a text."""
    clipboard = widget.get_clipboard()

    def image(_clipboard: Any, result: Any) -> None:
        try:
            texture = clipboard.read_texture_finish(result)
        except GLib.Error:
            texture = None
        if texture is None:
            clipboard.read_text_async(None, text)
        else:
            got_image(texture.save_to_png_bytes().get_data())

    def text(_clipboard: Any, result: Any) -> None:
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
    widget: Any, got_text: Callable[[str], None], got_image: Callable[[bytes], None]
) -> None:
    """Take what is dragged here: images, and texts. A file comes as the text of
    its URI."""
    target = Gtk.DropTarget.new(GObject.TYPE_NONE, Gdk.DragAction.COPY)
    target.set_gtypes([Gdk.FileList, Gdk.Texture, str])

    def dropped(_target: Any, value: Any, _x: float, _y: float) -> bool:
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
