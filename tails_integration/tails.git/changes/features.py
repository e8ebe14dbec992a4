# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
#
# For usr/lib/python3/dist-packages/tps/configuration/features.py, beside Pidgin,
# where Feature, Binding and ConflictingApp are known.


class Gajim(Feature):
    Id = "Gajim"
    translatable_name = "Gajim"
    # History, downloads and logs lie beside these folders, and are not kept
    Bindings = (
        Binding("gajim/config", "/home/amnesia/.config/gajim"),
        Binding(
            "gajim/plugins_data", "/home/amnesia/.local/share/gajim/plugins_data"
        ),
        Binding("gajim/cert_store", "/home/amnesia/.local/share/gajim/cert_store"),
    )
    conflicting_apps = (
        ConflictingApp(
            name="Gajim",
            desktop_id="org.gajim.Gajim.desktop",
            process_names=["gajim", "gajim.real"],
        ),
    )
