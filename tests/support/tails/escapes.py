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

# What would run a program outside, or tell what other programs do: a bus, a path, an
# interface and a member
CALLS = (
    "session /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager"
    ".StartTransientUnit",
    "session /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager.SetEnvironment",
    "session /org/freedesktop/DBus org.freedesktop.DBus.UpdateActivationEnvironment",
    "session /org/freedesktop/DBus org.freedesktop.DBus.Monitoring.BecomeMonitor",
    "session /org/freedesktop/portal/desktop org.freedesktop.portal.Background"
    ".RequestBackground",
    "session /org/freedesktop/portal/desktop org.freedesktop.portal.DynamicLauncher"
    ".Install",
    "session /org/freedesktop/portal/desktop org.freedesktop.portal.ScreenCast"
    ".CreateSession",
    "session /org/freedesktop/portal/desktop org.freedesktop.portal.RemoteDesktop"
    ".CreateSession",
    "session /org/freedesktop/portal/documents org.freedesktop.portal.Documents.Add",
    "session /org/freedesktop/portal/Flatpak org.freedesktop.portal.Flatpak.Spawn",
    "session /org/freedesktop/secrets org.freedesktop.Secret.Service.SearchItems",
    "session /org/gtk/vfs/mounttracker org.gtk.vfs.MountTracker.MountLocation",
    "session /org/gnome/Shell org.gnome.Shell.Eval",
    "session /org/gnome/Shell/Extensions org.gnome.Shell.Extensions.EnableExtension",
    "session /org/gnome/SessionManager org.gnome.SessionManager.Setenv",
    "session /org/gnome/SessionManager org.gnome.SessionManager.Shutdown",
    "session /ca/desrt/dconf/Writer/user ca.desrt.dconf.Writer.Change",
    "session /org/freedesktop/FileManager1 org.freedesktop.FileManager1.ShowItems",
    "session /org/gnome/Terminal/Factory0 org.gnome.Terminal.Factory0.CreateInstance",
    "session /org/gnome/Nautilus org.freedesktop.Application.Open",
    "session /org/gajim/dbus/RemoteObject org.gajim.dbus.RemoteInterface.execute",
    "session /org/gtk/Settings org.freedesktop.DBus.Properties.Set",
    "session /org/freedesktop/IBus org.freedesktop.IBus.RegisterComponent",
    "accessibility /org/a11y/atspi/registry/deviceeventcontroller"
    " org.a11y.atspi.DeviceEventController.RegisterKeystrokeListener",
    "accessibility /org/a11y/atspi/registry/deviceeventcontroller"
    " org.a11y.atspi.DeviceEventController.GenerateKeyboardEvent",
    "accessibility /org/a11y/atspi/registry org.a11y.atspi.Registry.RegisterEvent",
    "accessibility /org/a11y/atspi/accessible/root org.a11y.atspi.Accessible"
    ".GetChildren",
    "accessibility /org/a11y/atspi/accessible/7 org.a11y.atspi.Text.GetText",
    "system /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager.StartUnit",
    "system /org/freedesktop/login1 org.freedesktop.login1.Manager.PowerOff",
    "system /org/freedesktop/NetworkManager org.freedesktop.NetworkManager"
    ".AddAndActivateConnection",
    "system /org/freedesktop/PolicyKit1/Authority org.freedesktop.PolicyKit1.Authority"
    ".CheckAuthorization",
    "system /org/boum/tails/PersistentStorage org.boum.tails.PersistentStorage.Delete",
)
