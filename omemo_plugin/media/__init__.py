# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted files (XEP-0454): links, ciphers, names and addresses."""
