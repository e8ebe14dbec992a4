# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the pages of the help."""

from __future__ import annotations

from enum import Enum


class HelpPage(Enum):
    """The pages, by the names of their files."""

    CONTENTS = "contents"
    FIRST_STEPS = "first-steps"
    READING = "reading"
    WARNINGS = "warnings"
    VERIFYING = "verifying"
    TROUBLE = "trouble"
