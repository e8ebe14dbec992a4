# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gajim made ready for Tails. It stands alone, and imports nothing of the plugin."""

__version__ = "0.1.0"
