# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The widgets for the GTK that this Gajim runs on."""

from __future__ import annotations

from typing import Any

import gi

kit: Any

if gi.get_required_version("Gtk") == "3.0":
    from .gtk3 import kit as _gtk3

    kit = _gtk3
else:
    from .gtk4 import kit as _gtk4

    kit = _gtk4
