# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about Tails 7.6.2 that the merge request relies on; none of its code.

`tools/tails-tree` checks the merge request against a whole tree; these facts replace
the tree where there is none.
"""

from __future__ import annotations

# Steps of the feature that Tails defines: patterns, and descriptions of snapshots
STEPS = (
    r'^I start "([^"]+)" via GNOME Activities Overview$',
    r"^the network is plugged$",
    r"^Tor is ready$",
    r"^I shutdown Tails and wait for the computer to power off$",
    r"^I monitor the network connections of (.*)$",
    r"^I see that (.+) is properly stream isolated(?: after (\d+) seconds)?$",
    r'^I start Tails from( DVD| USB drive "[^"]+")?( with network unplugged)?'
    r"( and I login( with persistence enabled)?)?$",
)
SNAPSHOTS = (
    "I have started Tails from DVD without network and logged in",
    "I have started Tails from DVD and logged in and the network is connected",
    "I have started Tails without network from a USB drive with a persistent partition"
    " enabled and logged in",
)

# By file, lines that the edits look for, one each
ANCHORS = {
    "config/chroot_local-includes/usr/lib/python3/dist-packages/tps/configuration"
    "/features.py": "class SSHClient(Feature):\n",
    "config/chroot_local-includes/usr/lib/python3/dist-packages/tps_frontend/views"
    "/features_view.py": "class SSHClient(Feature):\n",
    "config/chroot_local-includes/usr/share/tails/persistent-storage"
    "/features_view.ui.in": (
        '  <child>\n    <object class="HdyActionRow" id="ssh_client_row">\n'
    ),
    "config/chroot_local-packageslists/tails-common.list": "gddrescue\n",
    "features/step_definitions/tor.rb": "  'tails-upgrade-frontend-wrapper' => {\n",
    "wiki/src/contribute/design/application_isolation.mdwn": (
        "Hacks to support the Live system usecase\n"
    ),
    "wiki/src/contribute/design/persistence.mdwn": '<a id="configuration-file"></a>\n',
    "wiki/src/contribute/design/stream_isolation.mdwn": (
        "Consider Pidgin with several accounts\n"
    ),
    "wiki/src/contribute/release_process/test.mdwn": "\n",
    "wiki/src/doc/about/features.mdwn": "- [Pidgin](https://pidgin.im/)\n",
    "wiki/src/doc/advanced_topics/dino.mdwn": (
        "We are considering *Dino* as an option\n"
    ),
    "wiki/src/doc/anonymous_internet.index.mdwn": (
        "- [[Chatting with *Pidgin* and OTR|anonymous_internet/pidgin]]\n"
    ),
    "wiki/src/doc/persistent_storage/configure.mdwn": '<a id="pidgin"></a>\n',
}
