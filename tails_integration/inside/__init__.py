# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed within Gajim's own process, before Gajim begins.

Settings alone cannot keep Gajim on Tor: it forgets the proxy in places, and takes
a direct connection for one that is missing. Each module here closes one such place,
and can be left out when Gajim has closed it.
"""
