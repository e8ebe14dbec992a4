# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The widgets of the windows in GTK 3 (Gajim 1). `gtk4/kit.py` has the same
functions, and says what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Atk  # noqa: E402
from gi.repository import Gdk  # noqa: E402
from gi.repository import Gtk  # noqa: E402
from gi.repository import Pango  # noqa: E402

from ..style import CSS  # noqa: E402
from ..style import ICONS  # noqa: E402
from ..style import TONES  # noqa: E402

TOOLKIT = 3

_provider: Any = None


def start() -> None:
    """Make the plugin's icons and style known."""
    global _provider  # noqa: PLW0603
    Gtk.IconTheme.get_default().append_search_path(str(ICONS))
    if _provider is None:
        _provider = Gtk.CssProvider()
        _provider.load_from_data(CSS.encode())
        Gtk.StyleContext.add_provider_for_screen(
            Gdk.Screen.get_default(),
            _provider,
            Gtk.STYLE_PROVIDER_PRIORITY_APPLICATION,
        )


def stop() -> None:
    """Take the style back."""
    global _provider  # noqa: PLW0603
    if _provider is not None:
        screen = Gdk.Screen.get_default()
        Gtk.StyleContext.remove_provider_for_screen(screen, _provider)
        _provider = None


# What is said of a widget


def describe(widget: Any, name: str = "", description: str = "") -> Any:
    """What a screen reader says of a widget."""
    accessible = widget.get_accessible()
    if name:
        accessible.set_name(name)
    if description:
        accessible.set_description(description)
    return widget


def undescribe(widget: Any) -> None:
    """Leave it to the toolkit what is said."""
    widget.get_accessible().set_name("")


def group(widget: Any, name: str) -> Any:
    """Say that what is inside belongs together, and what it is."""
    widget.get_accessible().set_role(Atk.Role.PANEL)
    return describe(widget, name)


def announce(widget: Any, text: str) -> Any:
    """Let a screen reader say a text that has just appeared."""
    del text
    # Screen readers speak these when they are shown
    widget.get_accessible().set_role(Atk.Role.NOTIFICATION)
    return widget


def set_text(widget: Any, text: str) -> None:
    """Change a label and let a screen reader say it."""
    widget.set_text(text)
    widget.get_accessible().set_name(text)


def add_classes(widget: Any, classes: Sequence[str]) -> Any:
    for name in classes:
        if name:
            widget.get_style_context().add_class(name)
    return widget


def set_visible(widget: Any, visible: bool) -> None:
    widget.set_no_show_all(not visible)
    widget.set_visible(visible)
    if visible:
        widget.show_all()


def tooltip(widget: Any, text: str) -> Any:
    widget.set_tooltip_text(text or None)
    return widget


# Windows


def window(title: str, parent: Any, width: int, height: int) -> Any:
    """A window that Escape closes."""
    made = Gtk.Window(title=title, default_width=width, default_height=height)
    add_classes(made, ("omemo-window",))
    if parent is not None:
        made.set_transient_for(parent)
        made.set_application(parent.get_application())

    def pressed(_window: Any, event: Any) -> bool:
        if event.keyval == Gdk.KEY_Escape:
            made.close()
            return True
        return False

    made.connect("key-press-event", pressed)
    return made


def set_title(made: Any, title: str) -> None:
    made.set_title(title)


def set_content(made: Any, child: Any) -> None:
    old = made.get_child()
    if old is not None:
        made.remove(old)
    made.add(child)
    child.show_all()


def on_close(made: Any, call: Callable[[], None]) -> None:
    """Be told once when a window is closed."""
    made.connect("destroy", lambda _window: call())


def on_gone(widget: Any, call: Callable[[], None]) -> None:
    """Be told when a widget in a window of Gajim's is gone."""
    widget.connect("destroy", lambda _widget: call())


def present(made: Any) -> None:
    made.show_all()
    made.present()


def focus(widget: Any) -> None:
    """Where the keyboard is when the window opens."""
    widget.connect("map", lambda one: one.grab_focus())


def close(made: Any) -> None:
    made.destroy()


def root_of(widget: Any) -> Any:
    """The window a widget is in."""
    return widget.get_toplevel()


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
        made.pack_start(child, False, True, 0)
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
        made.add(child)
        # The button takes the focus, not the place it stands in
        child.get_parent().set_can_focus(False)
    return made


def append(box: Any, *children: Any) -> None:
    for child in children:
        box.pack_start(child, False, True, 0)
        child.show_all()


def clear(box: Any) -> None:
    for child in box.get_children():
        child.destroy()


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
    made.add(child)
    return made


def expander(text: str, child: Any, *, opened: bool = False) -> Any:
    made = Gtk.Expander(label=text, expanded=opened)
    made.add(child)
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
    made = label(text, classes=("omemo-heading", *classes))
    made.get_accessible().set_role(Atk.Role.HEADING)
    return made


def icon(name: str, size: int, *, classes: Sequence[str] = ()) -> Any:
    """A picture. What it says is written beside it, so it is silent."""
    made = Gtk.Image.new_from_icon_name(name, Gtk.IconSize.MENU)
    made.set_pixel_size(size)
    made.get_accessible().set_role(Atk.Role.REDUNDANT_OBJECT)
    return add_classes(made, classes)


def markup(
    make: Callable[[bool], str], *, name: str, classes: Sequence[str] = ()
) -> Any:
    """A text with colours that depend on the background."""
    made = Gtk.Label(xalign=0.0, selectable=True, use_markup=True)
    add_classes(made, classes)
    describe(made, name)

    def draw(*_args: Any) -> None:
        made.set_markup(make(is_dark(made)))

    made.connect("map", draw)
    draw()
    return made


def is_dark(widget: Any) -> bool:
    """Whether light text is written on a dark background here."""
    colour = widget.get_style_context().get_color(Gtk.StateFlags.NORMAL)
    return bool(colour.red + colour.green + colour.blue > 1.5)


def drawing(draw: Callable[[Any, int, int], None], size: int, *, name: str) -> Any:
    """A square that is painted."""
    made = Gtk.DrawingArea(width_request=size, height_request=size)
    made.get_accessible().set_role(Atk.Role.IMAGE)

    def paint(area: Any, context: Any) -> bool:
        draw(context, area.get_allocated_width(), area.get_allocated_height())
        return False

    made.connect("draw", paint)
    return describe(made, name)


# What can be clicked


def button(
    text: str,
    clicked: Callable[[], None],
    *,
    name: str = "",
    classes: Sequence[str] = (),
) -> Any:
    made = Gtk.Button(label=text)
    add_classes(made, classes)
    made.connect("clicked", lambda _button: clicked())
    return describe(made, name)


def icon_button(icon_name: str, clicked: Callable[[], None], *, name: str) -> Any:
    made = Gtk.Button.new_from_icon_name(icon_name, Gtk.IconSize.MENU)
    made.set_tooltip_text(name)
    made.connect("clicked", lambda _button: clicked())
    return describe(made, name)


def menu_button(
    text: str, entries: Sequence[tuple[str, str, Callable[[], None]]], *, name: str
) -> Any:
    """A button with a menu."""
    popover = Gtk.Popover()
    inside = column(spacing=2)
    for written, spoken, call in entries:

        def clicked(call: Callable[[], None] = call) -> None:
            popover.popdown()
            call()

        entry = button(written, clicked, name=spoken, classes=("flat",))
        append(inside, entry)
    popover.add(inside)
    inside.show_all()
    made = Gtk.MenuButton(label=f"{text} ▾", popover=popover)
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
    """One of several, with words beside it."""
    made = Gtk.ComboBoxText(valign=Gtk.Align.CENTER)
    for value, written in values:
        made.append(value, written)
    made.set_active_id(chosen)
    describe(made, text)
    made.connect("changed", lambda one: changed(one.get_active_id()))
    return row(expand(label(text)), made, spacing=12)


# Widgets of Gajim's


def attach(grid: Any, widget: Any, left: int, top: int) -> None:
    """Put something into a grid."""
    widget.set_halign(Gtk.Align.START)
    grid.attach(widget, left, top, 1, 1)
    widget.show_all()


def set_icon(image: Any, name: str, tone: str) -> None:
    """Give an image one of our pictures in its colour."""
    clear_classes(image)
    image.set_from_icon_name(name, Gtk.IconSize.MENU)
    add_classes(image, (tone,))


def clear_classes(image: Any) -> None:
    """Take our colours off an image."""
    for tone in TONES:
        image.get_style_context().remove_class(tone)


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
    clipboard = Gtk.Clipboard.get_default(widget.get_display())
    clipboard.set_text(text, -1)


def ask(
    parent: Any, title: str, text: str, yes: str, no: str, agreed: Callable[[], None]
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

    def answered(_dialog: Any, response: int) -> None:
        dialog.destroy()
        if response == Gtk.ResponseType.YES:
            agreed()

    dialog.connect("response", answered)
    dialog.show_all()


def save(
    parent: Any, title: str, file_name: str, chosen: Callable[[Path], None]
) -> None:
    """Ask where to save a file."""
    dialog = Gtk.FileChooserNative(
        title=title, transient_for=parent, action=Gtk.FileChooserAction.SAVE
    )
    dialog.set_do_overwrite_confirmation(True)
    dialog.set_current_name(file_name)

    def answered(_dialog: Any, response: int) -> None:
        name = dialog.get_filename()
        dialog.destroy()
        if response == Gtk.ResponseType.ACCEPT and name:
            chosen(Path(name))

    # Nothing else holds it while it is open
    dialog.connect("response", answered)
    parent.omemo_dialog = dialog
    dialog.show()


def open_file(
    parent: Any,
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

    def answered(_dialog: Any, response: int) -> None:
        file_name = dialog.get_filename()
        dialog.destroy()
        if response == Gtk.ResponseType.ACCEPT and file_name:
            chosen(Path(file_name))

    dialog.connect("response", answered)
    parent.omemo_dialog = dialog
    dialog.show()


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
    clipboard = Gtk.Clipboard.get_default(widget.get_display())

    def image(_clipboard: Any, pixbuf: Any) -> None:
        if pixbuf is None:
            clipboard.request_text(text)
            return
        _ok, data = pixbuf.save_to_bufferv("png", [], [])
        got_image(data)

    def text(_clipboard: Any, found: str | None) -> None:
        if found and found.strip():
            got_text(found)
        else:
            nothing()

    clipboard.request_image(image)


def accept_drops(
    widget: Any, got_text: Callable[[str], None], got_image: Callable[[bytes], None]
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
        _widget: Any, _context: Any, _x: int, _y: int, data: Any, kind: int, _time: int
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
