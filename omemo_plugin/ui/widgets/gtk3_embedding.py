# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Widgets that are put among Gajim's own, in GTK 3."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import gi

gi.require_version("Gtk", "3.0")

from gi.repository import Atk  # noqa: E402
from gi.repository import Gdk  # noqa: E402
from gi.repository import GLib  # noqa: E402
from gi.repository import Gtk  # noqa: E402
from gi.repository import Pango  # noqa: E402

from . import gtk3 as widgets  # noqa: E402
from .style import TONES  # noqa: E402

# Emitted when a window may have come onto the screen
VISIBILITY_SIGNALS = ("map", "window-state-event")

# In pixels: less than half of a small window
_LOW = 220
# A choice with wider lines takes several
_CHOICE_WIDTH = 260


def as_widget(theirs: object) -> Gtk.Widget:
    """
    One of Gajim's widgets, of which only the members that Gajim gave it are known.

    Raises:
        TypeError: it is not a widget.
    """
    if not isinstance(theirs, Gtk.Widget):
        raise TypeError(type(theirs).__name__)
    return theirs


def as_grid(theirs: object) -> Gtk.Grid:
    """
    The same of a grid.

    Raises:
        TypeError: it is not a grid.
    """
    if not isinstance(theirs, Gtk.Grid):
        raise TypeError(type(theirs).__name__)
    return theirs


def attach(grid: Gtk.Grid, widget: Gtk.Widget, left: int, top: int) -> None:
    """Put something into a grid."""
    widget.set_halign(Gtk.Align.START)
    grid.attach(widget, left, top, 1, 1)
    widget.show_all()


def set_icon(image: Gtk.Image, name: str, tone: str) -> None:
    """Give an image one of our pictures in its colour."""
    clear_classes(image)
    image.set_from_icon_name(name, Gtk.IconSize.MENU)
    widgets.add_classes(image, (tone,))


def name_image(image: Gtk.Image, name: str) -> None:
    """Say what an image stands for, where nothing beside it does."""
    image.get_accessible().set_role(Atk.Role.IMAGE)
    widgets.describe(image, name)


def clear_classes(image: Gtk.Widget) -> None:
    """Take our colours off an image."""
    for tone in TONES:
        image.get_style_context().remove_class(tone)


def attach_wide(grid: Gtk.Grid, widget: Gtk.Widget, top: int) -> None:
    """Put something into the first column of a grid, over its whole width."""
    widget.set_hexpand(True)
    grid.attach(widget, 0, top, 1, 1)
    widget.show_all()


def alert(*children: Gtk.Widget, text: str, classes: Sequence[str] = ()) -> Gtk.Box:
    """
    A box that a screen reader speaks of at once.

    Args:
        text: what it says.
    """
    made = widgets.column(*children, spacing=6, classes=classes)
    made.get_accessible().set_role(Atk.Role.ALERT)
    return widgets.describe(made, text)


def say(widget: Gtk.Widget, text: str) -> None:
    """Have a screen reader say that a text has changed."""
    # Before ATK 2.50 nothing can be announced; a name that changes is spoken
    widget.get_accessible().set_name(text)


def wide_button(
    child: Gtk.Widget,
    clicked: Callable[[], None],
    *,
    name: str,
    classes: Sequence[str] = (),
) -> Gtk.Button:
    """A button with something else than a text in it."""
    made = Gtk.Button(hexpand=True)
    widgets.add_classes(made, ("flat", *classes))
    made.add(child)
    made.connect("clicked", lambda _button: clicked())
    return widgets.describe(made, name)


def flow(*children: Gtk.Widget, in_window: bool = False) -> Gtk.FlowBox:
    """
    Buttons beside each other, in several lines where there is no room.

    Args:
        in_window: they are in a part of a window that is scrolled, and may be one
            below the other.
    """
    made = Gtk.FlowBox(
        selection_mode=Gtk.SelectionMode.NONE,
        column_spacing=6,
        row_spacing=6,
        # Where nothing is scrolled, room for one below the other would be kept
        # free, however wide it is
        min_children_per_line=1 if in_window else 2,
        max_children_per_line=6,
        hexpand=True,
    )
    for child in children:
        if in_window:
            _wrap_words(child)
        made.add(child)
        # The button takes the focus, not the place it stands in
        place = child.get_parent()
        if place is not None:
            place.set_can_focus(False)
    return made


def _wrap_words(button: Gtk.Widget) -> None:
    """Let the words on a button take several lines where there is no room."""
    words = button.get_child() if isinstance(button, Gtk.Button) else None
    if isinstance(words, Gtk.Label):
        words.set_line_wrap(True)
        words.set_justify(Gtk.Justification.CENTER)


def rename(box: Gtk.Box, text: str) -> None:
    """Put other words into the first label of a box, which has a name."""
    for child in box.get_children():
        if isinstance(child, Gtk.Label):
            for name in child.get_style_context().list_classes():
                child.get_style_context().remove_class(name)
            child.set_text(text)
            # A name may be cut
            child.set_ellipsize(Pango.EllipsizeMode.NONE)
            child.set_line_wrap(True)
            child.set_xalign(0)
            widgets.add_classes(child, ("dim-label", "omemo-heading"))
            return


def insert_below(grid: Gtk.Grid, above: Gtk.Widget, widget: Gtk.Widget) -> None:
    """Put something into a grid, in a line of its own below another widget."""
    # The stubs have no types for this
    left, top = grid.child_get(above, "left-attach", "top-attach")  # type: ignore[no-untyped-call]
    grid.insert_row(top + 1)
    grid.attach(widget, left, top + 1, 1, 1)
    widget.show_all()


def add_line_above(grid: Gtk.Grid, below: Gtk.Widget) -> None:
    """Add an empty line to a grid, above one of its widgets."""
    # The stubs have no types for this
    (top,) = grid.child_get(below, "top-attach")  # type: ignore[no-untyped-call]
    grid.insert_row(top)


def put_near(
    grid: Gtk.Grid, other: Gtk.Widget, widget: Gtk.Widget, *, above: bool
) -> None:
    """
    Put something, which may be in the grid already, in place of another widget that is
    hidden.

    Args:
        above: in the line above instead.
    """
    left, top = grid.child_get(other, "left-attach", "top-attach")  # type: ignore[no-untyped-call]
    if widget.get_parent() is grid:
        grid.remove(widget)
    grid.attach(widget, left, top - 1 if above else top, 1, 1)
    widget.show_all()


def is_visible(window: Gtk.Window) -> bool:
    """Whether a window is on the screen, and not minimised."""
    surface = window.get_window()
    if surface is None or not window.get_mapped():
        return False
    return not surface.get_state() & Gdk.WindowState.ICONIFIED


def low(child: Gtk.Widget) -> Gtk.Widget:
    """Something that takes a part of the window's height at most, and is scrolled
    then."""
    made = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
    made.add(child)

    def fit(*_args: object) -> None:
        # A scrolled window asks how high its child is without saying how wide
        width = made.get_allocated_width()
        needed, _natural = child.get_preferred_height_for_width(max(1, width))
        height = min(needed, _LOW)
        if height != made.get_min_content_height():
            GLib.idle_add(made.set_min_content_height, height)

    made.connect("size-allocate", fit)
    return made


def put_in_place_of(box: Gtk.Box, old: Gtk.Widget, new: Gtk.Widget) -> None:
    """Put something into a box where something else was."""
    place = box.get_children().index(old)
    old.destroy()
    widgets.append(box, new)
    box.reorder_child(new, place)


def take_focus(widget: Gtk.Widget) -> None:
    """Let the keyboard be there now."""
    widget.grab_focus()


def holds_focus(widget: Gtk.Widget) -> bool:
    """Whether the keyboard is somewhere in it."""
    return focused_in(widget) is not None


def focused_in(widget: Gtk.Widget) -> Gtk.Widget | None:
    """The part of it that has the keyboard; None if it is elsewhere."""
    root = widget.get_toplevel()
    focus = root.get_focus() if isinstance(root, Gtk.Window) else None
    return focus if focus is not None and is_in(focus, widget) else None


def is_in(inner: Gtk.Widget, widget: Gtk.Widget) -> bool:
    """Whether it is a part of another one, or the other one itself."""
    return inner is widget or inner.is_ancestor(widget)


def on_key(
    widget: Gtk.Widget, keys: Sequence[str], pressed: Callable[[], bool]
) -> Callable[[], None]:
    """
    Be told of keys before the widget that has the focus.

    Args:
        keys: their names in GDK.
        pressed: returns whether nobody else is to be told.

    Returns:
        Ends that.
    """

    def press(_widget: Gtk.Widget, event: Gdk.EventKey) -> bool:
        if event.state & Gdk.ModifierType.CONTROL_MASK:
            return False
        return Gdk.keyval_name(event.keyval) in keys and pressed()

    handler = widget.connect("key-press-event", press)
    return lambda: widget.disconnect(handler)


def lead_keyboard(inside: Gtk.Widget) -> Callable[[], None]:
    """
    Let Tab and Shift+Tab go through the buttons in a list, and out of it. A list of
    rows that do not take the focus themselves keeps it away from what is in them: GTK
    asks the nearest row, which says that it has taken it, and has not. And a box that
    takes the focus itself lets nothing that is in it have it.

    Returns:
        Ends that.
    """

    def focus(_inside: Gtk.Widget, direction: Gtk.DirectionType) -> bool:
        forward = direction is Gtk.DirectionType.TAB_FORWARD
        if not forward and direction is not Gtk.DirectionType.TAB_BACKWARD:
            return False
        root = inside.get_toplevel()
        now = root.get_focus() if isinstance(root, Gtk.Window) else None
        found = _next_button(inside, now, forward=forward)
        if found is None:
            # The next widget after the list gets it
            inside.stop_emission_by_name("focus")
            return False
        found.grab_focus()
        _scroll_to(inside, found)
        return True

    handler = inside.connect("focus", focus)
    boxes = [one for one in _boxes_around(inside) if one.get_can_focus()]
    for box in boxes:
        box.set_can_focus(False)

    def end() -> None:
        inside.disconnect(handler)
        for box in boxes:
            box.set_can_focus(True)

    return end


def _boxes_around(widget: Gtk.Widget) -> Iterator[Gtk.Box]:
    parent = widget.get_parent()
    while parent is not None:
        if isinstance(parent, Gtk.Box):
            yield parent
        parent = parent.get_parent()


def _next_button(
    inside: Gtk.Widget, now: Gtk.Widget | None, *, forward: bool
) -> Gtk.Widget | None:
    """The next button in a list, from the widget that has the focus."""
    found: Gtk.Widget | None = None
    is_past = now is None or not now.is_ancestor(inside)
    for widget in _all_in(inside):
        if widget is now:
            if not forward:
                return found
            is_past = True
        elif isinstance(widget, Gtk.Button) and (
            widget.get_mapped() and widget.get_sensitive() and widget.get_can_focus()
        ):
            if forward and is_past:
                return widget
            found = widget
    return None if forward else found


def _all_in(widget: Gtk.Widget) -> Iterator[Gtk.Widget]:
    for child in widget.get_children() if isinstance(widget, Gtk.Container) else ():
        yield child
        yield from _all_in(child)


def _scroll_to(inside: Gtk.Widget, widget: Gtk.Widget) -> None:
    """Scroll a list so that something in it can be seen."""
    place = widget.translate_coordinates(inside, 0, 0)
    scrolled = inside.get_ancestor(Gtk.ScrolledWindow)
    if place is not None and isinstance(scrolled, Gtk.ScrolledWindow):
        top = place[1]
        bottom = top + widget.get_allocated_height()
        scrolled.get_vadjustment().clamp_page(top, bottom)


def name_menu_entries(button: Gtk.MenuButton) -> Callable[[], None]:
    """
    Let a screen reader say what the entries of a menu are called. In GTK 3 it does.

    Returns:
        Ends that.
    """
    del button
    return lambda: None


def search(text: str, changed: Callable[[str], None]) -> Gtk.SearchEntry:
    """
    A line to search with.

    Args:
        text: says for what.
        changed: gets what was typed, a moment after the last letter.
    """
    made = Gtk.SearchEntry(placeholder_text=text)
    made.connect("search-changed", lambda one: changed(one.get_text()))
    widgets.describe(made, text)
    return made


def choice(
    text: str,
    values: Sequence[tuple[str, str]],
    chosen: str,
    changed: Callable[[str], None],
) -> Gtk.Box:
    """One of several, with words beside it."""
    made = Gtk.ComboBoxText(valign=Gtk.Align.CENTER)
    for value, written in values:
        made.append(value, written)
    for cell in made.get_cells():
        # It would be as wide as the longest line
        cell.set_property("wrap-mode", Pango.WrapMode.WORD_CHAR)
        cell.set_property("wrap-width", _CHOICE_WIDTH)
    made.set_active_id(chosen)
    widgets.describe(made, text)
    made.connect("changed", lambda one: changed(one.get_active_id()))
    return widgets.row(widgets.expand(widgets.label(text)), made, spacing=12)
