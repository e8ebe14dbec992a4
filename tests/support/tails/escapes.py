# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a confined Gajim must not be able to do: on paper, and where it is enforced."""

from __future__ import annotations

HOME = "/home/amnesia"
RUNTIME = "/run/user/1000"

# Programs that would run outside, or that run other programs
PROGRAMS = (
    "/usr/lib/x86_64-linux-gnu/glib-2.0/gio-launch-desktop",
    "/usr/libexec/gio-launch-desktop",
    "/usr/bin/gio-launch-desktop",
    "/usr/bin/xdg-open",
    "/usr/bin/gio",
    "/usr/local/bin/tor-browser",
    "/bin/sh",
    "/usr/bin/dash",
    "/usr/bin/bash",
    "/usr/bin/env",
    "/usr/bin/sudo",
    "/usr/bin/pkexec",
    "/usr/bin/dbus-launch",
    "/usr/bin/systemd-run",
    "/usr/bin/gcc",
    "/usr/bin/ld",
    "/usr/bin/gjs",
    "/usr/share/tails-gajim/tails_integration/bin/launch",
    "/usr/share/tails-gajim/tails_integration/bin/persistence-helper",
    f"{HOME}/.local/share/gajim/program",
    f"{HOME}/.cache/gajim/program",
    f"{HOME}/Gajim/program",
    f"{RUNTIME}/tails-gajim/program",
    "/tmp/program",
    "/dev/shm/program",
)

# Sockets through which another program of the user can be made to run something
SOCKETS = (
    f"{RUNTIME}/gnupg/S.gpg-agent",
    f"{RUNTIME}/gnupg/S.gpg-agent.ssh",
    f"{RUNTIME}/systemd/private",
    f"{RUNTIME}/systemd/notify",
    f"{RUNTIME}/keyring/control",
    f"{RUNTIME}/keyring/ssh",
    f"{RUNTIME}/keyring/pkcs11",
    f"{RUNTIME}/gcr/ssh",
    f"{RUNTIME}/gvfsd/socket-x",
    f"{RUNTIME}/snapd-session-agent.socket",
    "/tmp/ssh-abc/agent.1",
    "/tmp/dbus-abc",
    "/run/tor/control",
    "/run/docker.sock",
    "/run/cups/cups.sock",
)

# Files that must not be read, and files that another program would run or obey
SECRETS = (
    f"{HOME}/.gnupg/private-keys-v1.d/key",
    f"{HOME}/.ssh/id_ed25519",
    f"{HOME}/.purple/accounts.xml",
    f"{HOME}/.thunderbird/profile/logins.json",
    f"{HOME}/.tor-browser/profile.default/places.sqlite",
    f"{HOME}/.local/share/keyrings/login.keyring",
    f"{HOME}/Passwords.kdbx",
    f"{HOME}/Persistent/Passwords.kdbx",
    f"{HOME}/Persistent/list.txt",
    f"{HOME}/Persistent/Tor Browser/download.pdf",
    f"{HOME}/Tor Browser/download.pdf",
    f"{HOME}/Documents/list.txt",
    f"{HOME}/.bash_history",
    f"{RUNTIME}/doc/abc/list.txt",
    "/live/persistence/TailsData_unlocked/persistence.conf",
    "/usr/lib/live/mount/persistence/x",
    "/run/nosymfollow/live/persistence/TailsData_unlocked/gajim/config/x",
    "/etc/tor/torrc",
    "/etc/shadow",
    "/media/amnesia/stick/list.txt",
    "/tmp/list.txt",
    "/dev/sda",
)
OBEYED = (
    f"{HOME}/.bashrc",
    f"{HOME}/.profile",
    f"{HOME}/.config/autostart/x.desktop",
    f"{HOME}/.config/systemd/user/x.service",
    f"{HOME}/.config/dconf/user",
    f"{HOME}/.config/mimeapps.list",
    f"{HOME}/.config/gtk-3.0/gtk.css",
    f"{HOME}/.config/gtk-4.0/gtk.css",
    f"{HOME}/.local/share/applications/org.gajim.Gajim.desktop",
    f"{HOME}/.local/share/dbus-1/services/x.service",
    f"{HOME}/.local/share/gnome-shell/extensions/x/extension.js",
    f"{HOME}/.local/bin/x",
    f"{HOME}/.local/lib/python3.11/site-packages/x.py",
    f"{HOME}/.local/share/gajim/plugins/x/__init__.py",
    f"{HOME}/Persistent/x",
    "/usr/share/gajim/plugins/x/__init__.py",
    "/usr/share/tails-gajim/tails_integration/policy.py",
    "/usr/lib/python3/dist-packages/x.py",
    "/etc/gajim/app-overrides.json",
)
