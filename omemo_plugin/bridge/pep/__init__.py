# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device lists and bundles on the server (XEP-0163), and the effects of the engine."""
