# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The user's decisions about keys, and trust messages (XEP-0434, XEP-0450)."""
