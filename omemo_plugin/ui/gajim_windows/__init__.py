# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Gajim's windows, as far as something of ours is put into them. All that differs
between its versions there is here. Each change can be taken back, and where a
Gajim is not as it is known, it stays as it is.
"""
