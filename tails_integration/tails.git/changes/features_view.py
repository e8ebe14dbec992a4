# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# For usr/lib/python3/dist-packages/tps_frontend/views/features_view.py, beside the
# others.


class Gajim(Feature):
    pass
