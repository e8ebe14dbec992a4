# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short names for tests whose parameter is a stanza."""

from __future__ import annotations

import pytest


def pytest_make_parametrize_id(
    config: pytest.Config, val: object, argname: str
) -> str | None:
    """A name with line breaks cannot be given to pytest; it numbers these."""
    del config
    return argname if isinstance(val, str) and "\n" in val else None
