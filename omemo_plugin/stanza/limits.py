# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The limits of everything that is read from the wire. Each is far above what legal
clients send and far below what could stall the program.
"""

from __future__ import annotations

# What one XMPP server accepts in a stanza is less (Prosody: 512 KiB)
PAYLOAD_BYTES_MAX = 1 << 20

# A ratchet message with its key exchange has about 250 bytes
KEY_BYTES_MAX = 2048

# Five times what this plugin puts into a stanza: other senders may not have a
# limit, and a large room shall not become unreadable
KEYS_MAX = 5000

# RFC 7622, 3.1: three parts of at most 1023 bytes, and two separators
JID_BYTES_MAX = 3071

# The engine uses fewer; it sees these to be able to tell the user
LISTED_DEVICES_MAX = 1000

# In code points. XEP-0384 0.9.1 recommends 53. A label is signed, so a longer
# one is dropped and not cut
LABEL_LENGTH_MAX = 256

# XEP-0384 wants about 100
PREKEYS_MAX = 1000

ENVELOPE_BYTES_MAX = PAYLOAD_BYTES_MAX
ENVELOPE_DEPTH_MAX = 32
ENVELOPE_ELEMENTS_MAX = 4096

# More than this plugin puts into one: its own are cut at 200. To take over so many
# takes 25 ms of the main loop
TRUST_DECISIONS_MAX = 400

# Shared files. Programs send one source and one or two hashes; a file name has at
# most 255 bytes on most disks; the address fits a link of a file (`media/uri`)
FILE_SOURCES_MAX = 5
FILE_HASHES_MAX = 16
FILE_NAME_MAX = 255
FILE_URL_MAX = 2048
FILE_SIZE_MAX = (1 << 63) - 1
# Files in one message; what is above is named, and not fetched
FILES_MAX = 20
