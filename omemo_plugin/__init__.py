# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

# Gajim looks at every name of this module and expects each to be a class, so
# there is exactly one. It is looked up late: the pure layers below can then be
# imported where there is no Gajim.


def __getattr__(name: str) -> object:
    if name == "OmemoPlugin":
        from .plugin import OmemoPlugin

        return OmemoPlugin
    raise AttributeError(name)


def __dir__() -> list[str]:
    return ["OmemoPlugin"]
