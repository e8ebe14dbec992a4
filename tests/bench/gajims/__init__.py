# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OMEMO costs real Gajims: this plugin, what else does OMEMO there, and none."""
