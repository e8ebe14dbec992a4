# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Widgets that are put among Gajim's own, in GTK 4."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gi

gi.require_version("Gtk", "4.0")


if TYPE_CHECKING:
    from gi.repository import _Gdk4 as Gdk
    from gi.repository import _Gtk4 as Gtk
else:
    from gi.repository import Gdk
    from gi.repository import Gtk
from gi.repository import Pango  # noqa: E402

from . import gtk4 as widgets  # noqa: E402
from .style import TONES  # noqa: E402

# Emitted when a window may have come onto the screen
VISIBILITY_SIGNALS = ("map", "notify::suspended")

# In pixels: less than half of a small window
_LOW = 220


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
    widget.set_visible(True)


def set_icon(image: Gtk.Image, name: str, tone: str) -> None:
    """Give an image one of our pictures in its colour."""
    clear_classes(image)
    image.set_from_icon_name(name)
    widgets.add_classes(image, (tone,))


def name_image(image: Gtk.Image, name: str) -> None:
    """Say what an image stands for, where nothing beside it does."""
    widgets.describe(image, name)


def clear_classes(image: Gtk.Widget) -> None:
    """Take our colours off an image."""
    for tone in TONES:
        image.remove_css_class(tone)


def attach_wide(grid: Gtk.Grid, widget: Gtk.Widget, top: int) -> None:
    """Put something into the first column of a grid, over its whole width."""
    widget.set_hexpand(True)
    grid.attach(widget, 0, top, 1, 1)
    widget.set_visible(True)


def alert(*children: Gtk.Widget, text: str, classes: Sequence[str] = ()) -> Gtk.Box:
    """
    A box that a screen reader speaks of at once.

    Args:
        text: what it says.
    """
    made = Gtk.Box(
        orientation=Gtk.Orientation.VERTICAL,
        spacing=6,
        accessible_role=Gtk.AccessibleRole.ALERT,
    )
    widgets.add_classes(made, classes)
    widgets.append(made, *children)
    widgets.describe(made, text)
    made.connect(
        "map", lambda one: one.announce(text, Gtk.AccessibleAnnouncementPriority.HIGH)
    )
    return made


def say(widget: Gtk.Widget, text: str) -> None:
    """Have a screen reader say that a text has changed."""
    widget.announce(text, Gtk.AccessibleAnnouncementPriority.MEDIUM)


def wide_button(
    child: Gtk.Widget,
    clicked: Callable[[], None],
    *,
    name: str,
    classes: Sequence[str] = (),
) -> Gtk.Button:
    """A button with something else than a text in it."""
    made = Gtk.Button(child=child, hexpand=True)
    widgets.add_classes(made, ("flat", *classes))
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
        # A screen reader would speak of a table
        accessible_role=Gtk.AccessibleRole.GROUP,
    )
    for child in children:
        if in_window:
            _wrap_words(child)
        made.append(
            Gtk.FlowBoxChild(
                child=child,
                # The button takes the focus, not the place it stands in
                focusable=False,
                # A cell is called what its button is called, and spoken twice
                accessible_role=Gtk.AccessibleRole.GENERIC,
            )
        )
    return made


def _wrap_words(button: Gtk.Widget) -> None:
    """Let the words on a button take several lines where there is no room."""
    words = button.get_child() if isinstance(button, Gtk.Button) else None
    if isinstance(words, Gtk.Label):
        words.set_wrap(True)
        words.set_natural_wrap_mode(Gtk.NaturalWrapMode.NONE)
        words.set_justify(Gtk.Justification.CENTER)


def rename(box: Gtk.Box, text: str) -> None:
    """Put other words into the first label of a box, which has a name."""
    child = box.get_first_child()
    while child is not None:
        if isinstance(child, Gtk.Label):
            child.set_css_classes(["dim-label", "omemo-heading"])
            child.set_text(text)
            # A name may be cut
            child.set_ellipsize(Pango.EllipsizeMode.NONE)
            child.set_wrap(True)
            child.set_xalign(0)
            return
        child = child.get_next_sibling()


def insert_below(grid: Gtk.Grid, above: Gtk.Widget, widget: Gtk.Widget) -> None:
    """Put something into a grid, in a line of its own below another widget."""
    left, top, _width, _height = grid.query_child(above)
    grid.insert_row(top + 1)
    grid.attach(widget, left, top + 1, 1, 1)


def add_line_above(grid: Gtk.Grid, below: Gtk.Widget) -> None:
    """Add an empty line to a grid, above one of its widgets."""
    _left, top, _width, _height = grid.query_child(below)
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
    left, top, _width, _height = grid.query_child(other)
    if widget.get_parent() is grid:
        grid.remove(widget)
    grid.attach(widget, left, top - 1 if above else top, 1, 1)


def is_visible(window: Gtk.Window) -> bool:
    """Whether a window is on the screen, and not minimised."""
    return bool(window.get_mapped()) and not window.is_suspended()


def low(child: Gtk.Widget) -> Gtk.Widget:
    """Something that takes a part of the window's height at most, and is scrolled
    then."""
    made = Gtk.ScrolledWindow(
        hscrollbar_policy=Gtk.PolicyType.NEVER,
        propagate_natural_height=True,
        max_content_height=_LOW,
    )
    made.set_child(child)
    return made


def put_in_place_of(box: Gtk.Box, old: Gtk.Widget, new: Gtk.Widget) -> None:
    """Put something into a box where something else was."""
    box.insert_child_after(new, old)
    box.remove(old)


def take_focus(widget: Gtk.Widget) -> None:
    """Let the keyboard be there now."""
    widget.grab_focus()


def holds_focus(widget: Gtk.Widget) -> bool:
    """Whether the keyboard is somewhere in it."""
    return focused_in(widget) is not None


def focused_in(widget: Gtk.Widget) -> Gtk.Widget | None:
    """The part of it that has the keyboard; None if it is elsewhere."""
    root = widget.get_root()
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
    controller = Gtk.EventControllerKey(propagation_phase=Gtk.PropagationPhase.CAPTURE)

    def press(
        _keys: Gtk.EventControllerKey, key: int, _code: int, state: Gdk.ModifierType
    ) -> bool:
        if state & Gdk.ModifierType.CONTROL_MASK:
            return False
        return Gdk.keyval_name(key) in keys and pressed()

    controller.connect("key-pressed", press)
    widget.add_controller(controller)
    return lambda: widget.remove_controller(controller)


def lead_keyboard(inside: Gtk.Widget) -> Callable[[], None]:
    """
    Let Tab and Shift+Tab go through the buttons in a list. In GTK 4 they do.

    Returns:
        Ends that.
    """
    del inside
    return lambda: None


def name_menu_entries(button: Gtk.MenuButton) -> Callable[[], None]:
    """
    Let a screen reader say what the entries of a menu are called: GTK 4 gives those of
    a menu model no names.

    Returns:
        Ends that.
    """

    def opened(_button: Gtk.MenuButton, _what: object) -> None:
        popover = button.get_popover()
        if button.get_active() and popover is not None:
            _name_entries(popover)

    handler = button.connect("notify::active", opened)
    return lambda: button.disconnect(handler)


def _name_entries(inside: Gtk.Widget) -> None:
    child = inside.get_first_child()
    while child is not None:
        if child.get_css_name() == "modelbutton":
            # Underscores stand before the letters that are keys
            text = str(child.get_property("text") or "").replace("_", "")
            widgets.describe(child, text)
        _name_entries(child)
        child = child.get_next_sibling()


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
    """
    One of several, with words beside it.

    Args:
        values: what it is, and what is written.
    """
    made = Gtk.DropDown(
        model=Gtk.StringList.new([written for _value, written in values]),
        factory=_wrapped_lines(),
    )
    keys = [value for value, _written in values]
    if chosen in keys:
        made.set_selected(keys.index(chosen))
    made.set_valign(Gtk.Align.CENTER)
    widgets.describe(made, text)
    made.connect(
        "notify::selected", lambda one, _what: changed(keys[one.get_selected()])
    )
    return widgets.row(widgets.expand(widgets.label(text)), made, spacing=12)


def _wrapped_lines() -> Gtk.SignalListItemFactory:
    """Makes the lines of a list, which would be as wide as the longest one."""
    factory = Gtk.SignalListItemFactory()

    def set_up(_factory: object, item: Gtk.ListItem) -> None:
        item.set_child(widgets.label(""))

    def bind(_factory: object, item: Gtk.ListItem) -> None:
        shown, line = item.get_item(), item.get_child()
        if isinstance(shown, Gtk.StringObject) and isinstance(line, Gtk.Label):
            line.set_text(shown.get_string())

    factory.connect("setup", set_up)
    factory.connect("bind", bind)
    return factory
