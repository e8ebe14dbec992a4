# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Translations of the words on screen."""

from __future__ import annotations

import gettext

_translation = gettext.translation("tails-gajim", fallback=True)

_ = _translation.gettext
ngettext = _translation.ngettext
