# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of cairo's context that drawings use, as a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Protocol

if TYPE_CHECKING:
    import cairo


class Painter(Protocol):
    """A `cairo.Context`. Its own type takes a parameter since pycairo 1.24."""

    def set_source_rgb(self, red: float, green: float, blue: float, /) -> None: ...
    def set_source_surface(
        self, surface: cairo.Surface, x: float, y: float, /
    ) -> None: ...
    def rectangle(self, x: float, y: float, width: float, height: float, /) -> None: ...
    def translate(self, x: float, y: float, /) -> None: ...
    def scale(self, x: float, y: float, /) -> None: ...
    def fill(self) -> None: ...
    def paint(self) -> None: ...
