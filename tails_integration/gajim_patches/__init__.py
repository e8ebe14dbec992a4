# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches that are applied inside Gajim's process before Gajim starts.

Settings alone cannot keep Gajim on Tor: some requests use no proxy, and a proxy that
is missing becomes a direct connection. Each module fixes one such problem, and can be
removed when Gajim has fixed it.
"""
