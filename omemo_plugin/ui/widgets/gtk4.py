# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The widgets of the windows in GTK 4 (Gajim 2). `gtk3.py` has the same
functions; what is written on them looks and speaks the same with both.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import TypeVar

import gi

gi.require_version("Gtk", "4.0")

from gi.repository import Pango  # noqa: E402

if TYPE_CHECKING:
    # The stubs know both toolkits; GTK 3 has the plain names
    from gi.repository import _Gdk4 as Gdk
    from gi.repository import _Gtk4 as Gtk
else:
    from gi.repository import Gdk
    from gi.repository import Gtk

from .painter import Painter  # noqa: E402

# A function that only changes a widget returns it with its own type
W = TypeVar("W", bound=Gtk.Widget)

# Names of widgets


def describe(widget: W, name: str = "", description: str = "") -> W:
    """Set the name of a widget for a screen reader."""
    if name:
        # A button is labelled by what is written on it, and that would win
        widget.reset_relation(Gtk.AccessibleRelation.LABELLED_BY)
        widget.update_property([Gtk.AccessibleProperty.LABEL], [name])
    if description:
        widget.update_property([Gtk.AccessibleProperty.DESCRIPTION], [description])
    return widget


def undescribe(widget: Gtk.Widget) -> None:
    """Leave it to the toolkit what is said."""
    widget.reset_property(Gtk.AccessibleProperty.LABEL)


def group(widget: W, name: str) -> W:
    """Say that what is inside belongs together, and what it is."""
    # A role can only be given before the widget is shown
    widget.set_accessible_role(Gtk.AccessibleRole.GROUP)
    return describe(widget, name)


def announce(widget: W, text: str) -> W:
    """Let a screen reader say a text that has just appeared."""
    if text:
        widget.connect(
            "map",
            lambda one: one.announce(text, Gtk.AccessibleAnnouncementPriority.MEDIUM),
        )
    return widget


def set_text(widget: Gtk.Label, text: str) -> None:
    """Change a label and let a screen reader say it."""
    widget.set_text(text)
    widget.announce(text, Gtk.AccessibleAnnouncementPriority.MEDIUM)


def add_classes(widget: W, classes: Sequence[str]) -> W:
    for name in classes:
        if name:
            widget.add_css_class(name)
    return widget


def set_visible(widget: Gtk.Widget, visible: bool) -> None:
    widget.set_visible(visible)


def tooltip(widget: W, text: str) -> W:
    # GTK would go through the whole window again for the text that is there
    if (widget.get_tooltip_text() or "") != text:
        widget.set_tooltip_text(text or None)
    return widget


# Windows


def window(
    title: str, parent: Gtk.Window | None, width: int, height: int
) -> Gtk.Window:
    """A window that Escape closes."""
    made = Gtk.Window(title=title, default_width=width, default_height=height)
    made.add_css_class("omemo-window")
    if parent is not None:
        made.set_transient_for(parent)
        made.set_application(parent.get_application())
    keys = Gtk.EventControllerKey()

    def pressed(_keys: object, value: int, _code: int, _state: object) -> bool:
        if value == Gdk.KEY_Escape:
            made.close()
            return True
        return False

    keys.connect("key-pressed", pressed)
    made.add_controller(keys)
    return made


def set_title(made: Gtk.Window, title: str) -> None:
    made.set_title(title)


def set_content(made: Gtk.Window, child: Gtk.Widget) -> None:
    made.set_child(child)


def on_close(made: Gtk.Window, call: Callable[[], None]) -> None:
    """Be told once when a window is closed."""

    def closed(_window: object) -> bool:
        call()
        return False

    made.connect("close-request", closed)


def on_gone(widget: Gtk.Widget, call: Callable[[], None]) -> None:
    """Be told when a widget in a window of Gajim's is gone."""
    widget.connect("unrealize", lambda _widget: call())


def present(made: Gtk.Window) -> None:
    made.present()


def focus(widget: Gtk.Widget) -> None:
    """Set the widget that has the keyboard when the window opens."""
    widget.connect("map", lambda one: one.grab_focus())


def focus_text(label: Gtk.Label) -> None:
    """Put the keyboard on a text, for screen readers: Enter does nothing there."""

    def take(_label: Gtk.Label) -> None:
        label.grab_focus()
        # GTK selects all of it
        label.select_region(0, 0)

    label.set_selectable(True)
    label.connect("map", take)
    take(label)


def close(made: Gtk.Window) -> None:
    made.close()


def root_of(widget: Gtk.Widget) -> Gtk.Window | None:
    """The window a widget is in; None if it is in none."""
    found = widget.get_root()
    return found if isinstance(found, Gtk.Window) else None


# Boxes


def column(
    *children: Gtk.Widget, spacing: int = 6, classes: Sequence[str] = ()
) -> Gtk.Box:
    return _box(Gtk.Orientation.VERTICAL, children, spacing, classes)


def row(
    *children: Gtk.Widget, spacing: int = 6, classes: Sequence[str] = ()
) -> Gtk.Box:
    return _box(Gtk.Orientation.HORIZONTAL, children, spacing, classes)


def _box(
    orientation: Gtk.Orientation,
    children: Sequence[Gtk.Widget],
    spacing: int,
    classes: Sequence[str],
) -> Gtk.Box:
    made = Gtk.Box(orientation=orientation, spacing=spacing)
    add_classes(made, classes)
    for child in children:
        made.append(child)
    return made


def append(box: Gtk.Box, *children: Gtk.Widget) -> None:
    for child in children:
        box.append(child)


def clear(box: Gtk.Box) -> None:
    child = box.get_first_child()
    while child is not None:
        box.remove(child)
        child = box.get_first_child()


def expand(widget: W, *, vertically: bool = False) -> W:
    if vertically:
        widget.set_vexpand(True)
    else:
        widget.set_hexpand(True)
    return widget


def centre(widget: W) -> W:
    widget.set_halign(Gtk.Align.CENTER)
    return widget


def top(widget: W) -> W:
    widget.set_valign(Gtk.Align.START)
    return widget


def scrolled(child: Gtk.Widget) -> Gtk.ScrolledWindow:
    made = Gtk.ScrolledWindow(
        hscrollbar_policy=Gtk.PolicyType.NEVER, vexpand=True, hexpand=True
    )
    made.set_child(child)
    return made


def expander(
    text: str, child: Gtk.Widget, *, opened: bool = False, name: str = ""
) -> Gtk.Expander:
    """
    Args:
        name: what a screen reader says, where the text is not enough.
    """
    made = Gtk.Expander(label_widget=label(text), expanded=opened)
    made.set_child(child)
    return describe(made, name or text)


def is_open(made: Gtk.Expander) -> bool:
    return bool(made.get_expanded())


# Texts and pictures


def label(
    text: str,
    *,
    classes: Sequence[str] = (),
    selectable: bool = False,
    centred: bool = False,
) -> Gtk.Label:
    made = Gtk.Label(
        label=text,
        wrap=True,
        wrap_mode=Pango.WrapMode.WORD_CHAR,
        xalign=0.5 if centred else 0.0,
        selectable=selectable,
        justify=Gtk.Justification.CENTER if centred else Gtk.Justification.LEFT,
    )
    return add_classes(made, classes)


def heading(text: str, *, classes: Sequence[str] = ()) -> Gtk.Label:
    made = Gtk.Label(
        label=text,
        wrap=True,
        wrap_mode=Pango.WrapMode.WORD_CHAR,
        xalign=0.0,
        accessible_role=Gtk.AccessibleRole.HEADING,
    )
    return add_classes(made, ("omemo-heading", *classes))


def icon(name: str, size: int, *, classes: Sequence[str] = ()) -> Gtk.Image:
    """A picture. What it says is written beside it, so it is silent."""
    made = Gtk.Image(
        icon_name=name,
        pixel_size=size,
        accessible_role=Gtk.AccessibleRole.PRESENTATION,
    )
    return add_classes(made, classes)


def markup(
    make: Callable[[bool], str], *, name: str, classes: Sequence[str] = ()
) -> Gtk.Label:
    """
    A text with colours that depend on the background.

    Args:
        make: gives the markup; its argument says whether the background is
            dark.
        name: what a screen reader says.
    """
    # It has lines of its own, and more where there is no room for them
    made = Gtk.Label(xalign=0.0, selectable=True, use_markup=True, wrap=True)
    add_classes(made, classes)

    def draw(*_args: object) -> None:
        made.set_markup(make(is_dark(made)))
        # A label's name is its text whenever that is set
        describe(made, name)

    made.connect("map", draw)
    draw()
    return made


def is_dark(widget: Gtk.Widget) -> bool:
    """Whether light text is written on a dark background here."""
    colour = widget.get_color()
    return bool(colour.red + colour.green + colour.blue > 1.5)


def drawing(
    draw: Callable[[Painter, int, int], None], size: int, *, name: str
) -> Gtk.DrawingArea:
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


# Buttons


def button(
    text: str,
    clicked: Callable[[], None],
    *,
    name: str = "",
    classes: Sequence[str] = (),
) -> Gtk.Button:
    """
    Args:
        name: what a screen reader says, where the text is not enough.
    """
    made = Gtk.Button(label=text)
    add_classes(made, classes)
    made.connect("clicked", lambda _button: clicked())
    return describe(made, name)


def menu_button(
    text: str, entries: Sequence[tuple[str, str, Callable[[], None]]], *, name: str
) -> Gtk.MenuButton:
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
) -> Gtk.Box:
    """A switch with its words beside it."""
    made = Gtk.Switch(active=active, valign=Gtk.Align.CENTER)
    describe(made, name or text, description)
    made.connect("notify::active", lambda one, _what: changed(one.get_active()))
    words = column(label(text), spacing=2)
    if description:
        append(words, label(description, classes=("dim-label", "omemo-small")))
    return row(expand(words), made, spacing=12)


def entry(name: str, placeholder: str, activated: Callable[[str], None]) -> Gtk.Entry:
    """A line to type in. Enter is told, with what was typed."""
    made = Gtk.Entry(placeholder_text=placeholder)
    made.connect("activate", lambda one: activated(one.get_text()))
    return describe(made, name)


def text_of(made: Gtk.Entry) -> str:
    """The text in an entry."""
    return str(made.get_text())


def on_text(made: Gtk.Entry, changed: Callable[[str], None]) -> None:
    """Be told what is typed into an entry."""
    made.connect("changed", lambda one: changed(one.get_text()))


def set_entry(made: Gtk.Entry, text: str) -> None:
    """Put a text into an entry."""
    made.set_text(text)


def hide_text(made: Gtk.Entry) -> None:
    """Show dots instead of what is typed."""
    made.set_visibility(False)
    made.set_input_purpose(Gtk.InputPurpose.PASSWORD)


def redraw(area: Gtk.Widget) -> None:
    """Have a drawing painted again."""
    area.queue_draw()


def radios(
    values: Sequence[tuple[str, str]], changed: Callable[[str], None]
) -> Gtk.Box:
    """One of several, of which none is chosen at first."""
    made = column(spacing=2)
    first: Gtk.CheckButton | None = None
    for value, written in values:
        one = Gtk.CheckButton(label=written, group=first)
        first = first or one

        def toggled(button: Gtk.CheckButton, value: str = value) -> None:
            if button.get_active():
                changed(value)

        one.connect("toggled", toggled)
        append(made, one)
    return made


def check(text: str, changed: Callable[[bool], None]) -> Gtk.CheckButton:
    """Something to tick."""
    made = Gtk.CheckButton(label=text)
    made.connect("toggled", lambda one: changed(one.get_active()))
    return made


def is_checked(made: Gtk.CheckButton) -> bool:
    return bool(made.get_active())


def set_label(made: Gtk.CheckButton, text: str) -> None:
    """Change what is written on a button."""
    made.set_label(text)


def set_sensitive(made: Gtk.Widget, sensitive: bool) -> None:
    """Set whether a widget can be used."""
    made.set_sensitive(sensitive)
