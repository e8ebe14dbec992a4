# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Stanzas of clients, written by hand in the forms seen on the wire. Key material is made
up, its length and first bytes are real.
"""

from __future__ import annotations

from base64 import b64encode
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import fromstring

LEGACY_NS = "eu.siacs.conversations.axolotl"
OMEMO_2_NS = "urn:xmpp:omemo:2"


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def key(data: bytes) -> str:
    """A key of the legacy protocol, with its type in front."""
    return b64(b"\x05" + data)


# Version byte, then the ratchet key: an ordinary message
RATCHET = b"\x33\x0a\x21\x05" + b"r" * 32 + b"\x10\x01\x18\x00\x22\x30" + b"c" * 56
# Version byte, then the id of the prekey: a key exchange
EXCHANGE = b"\x33\x08\x2a\x12\x21\x05" + b"b" * 32 + RATCHET
# The same in OMEMO 2, which has no version byte
RATCHET_2 = b"\x0a\x10" + b"m" * 16 + b"\x12\x20" + b"c" * 40
EXCHANGE_2 = b"\x08\x2a\x10\x07\x1a\x20" + b"i" * 32 + RATCHET_2

# As Conversations, Gajim, Dino and Profanity write it
LEGACY = f'''
<encrypted xmlns="{LEGACY_NS}">
  <header sid="27183">
    <key rid="31415">{b64(RATCHET)}</key>
    <key prekey="true" rid="12321">{b64(EXCHANGE)}</key>
    <iv>{b64(b"i" * 12)}</iv>
  </header>
  <payload>{b64(b"ciphertext")}</payload>
</encrypted>'''

# As libsignal's first users wrote it: iv in front, sixteen bytes, broken lines
LEGACY_OLD = f'''
<encrypted xmlns="{LEGACY_NS}">
  <payload>
    Y2lwaGVydGV4
    dA==
  </payload>
  <header sid="27183">
    <iv>
      {b64(b"i" * 16)}
    </iv>
    <key rid="31415">
      {b64(RATCHET)[:60]}
      {b64(RATCHET)[60:]}
    </key>
  </header>
</encrypted>'''

# A key transport, as python-omemo writes it
LEGACY_EMPTY = f'''
<encrypted xmlns="{LEGACY_NS}"><header sid="27183"><key rid="31415"
 prekey="1">{b64(EXCHANGE)}</key><iv>{b64(b"i" * 12)}</iv></header></encrypted>'''

# As Converse writes it
OMEMO_2 = f'''
<encrypted xmlns="{OMEMO_2_NS}">
  <header sid="27183">
    <keys jid="juliet@capulet.lit">
      <key rid="31415">{b64(RATCHET_2)}</key>
    </keys>
    <keys jid="romeo@montague.lit">
      <key rid="1337">{b64(RATCHET_2)}</key>
      <key kex="true" rid="12321">{b64(EXCHANGE_2)}</key>
    </keys>
  </header>
  <payload>{b64(b"c" * 272)}</payload>
</encrypted>'''

# As QXmpp writes the message after its empty key exchange: `kex` is missing
# though it is one
OMEMO_2_UNMARKED = f'''
<encrypted xmlns="{OMEMO_2_NS}"><header sid="27183"><keys jid="juliet@capulet.lit">
<key rid="31415">{b64(EXCHANGE_2)}</key></keys></header>
<payload>{b64(b"c" * 272)}</payload></encrypted>'''

OMEMO_2_EMPTY = f'''
<encrypted xmlns="{OMEMO_2_NS}"><header sid="27183"><keys jid="juliet@capulet.lit">
<key rid="31415" kex="true">{b64(EXCHANGE_2)}</key></keys></header></encrypted>'''

LEGACY_LIST = f'''
<list xmlns="{LEGACY_NS}"><device id="12345"/><device id="4223"/></list>'''

OMEMO_2_LIST = f'''
<devices xmlns="{OMEMO_2_NS}">
  <device id="12345"/>
  <device id="4223" label="Gajim on Ubuntu Linux" labelsig="{b64(b"s" * 64)}"/>
</devices>'''

LEGACY_BUNDLE = f'''
<bundle xmlns="{LEGACY_NS}">
  <signedPreKeyPublic signedPreKeyId="1">
    {key(b"S" * 32)}
  </signedPreKeyPublic>
  <signedPreKeySignature>{b64(b"s" * 64)}</signedPreKeySignature>
  <identityKey>{key(b"I" * 32)}</identityKey>
  <prekeys>
    <preKeyPublic preKeyId="1">{key(b"1" * 32)}</preKeyPublic>
    <preKeyPublic preKeyId="2">{key(b"2" * 32)}</preKeyPublic>
    <preKeyPublic preKeyId="16777214">{key(b"3" * 32)}</preKeyPublic>
  </prekeys>
</bundle>'''

# In another order
OMEMO_2_BUNDLE = f'''
<bundle xmlns="{OMEMO_2_NS}">
  <prekeys>
    <pk id="1">{b64(b"1" * 32)}</pk>
    <pk id="2">{b64(b"2" * 32)}</pk>
  </prekeys>
  <ik>{b64(b"I" * 32)}</ik>
  <spks>{b64(b"s" * 64)}</spks>
  <spk id="1">{b64(b"S" * 32)}</spk>
</bundle>'''

# QXmpp after a restart
OMEMO_2_BUNDLE_HOLLOW = f'''
<bundle xmlns="{OMEMO_2_NS}"><ik/><spk id="0"/><spks/><prekeys>
<pk id="1">{b64(b"1" * 32)}</pk></prekeys></bundle>'''

# XEP-0384 0.9.1, "SCE Profile": Converse has no <to> and no <time>
ENVELOPE_CONVERSE = b"""<envelope xmlns='urn:xmpp:sce:1'>
  <content>
    <body xmlns='jabber:client'>
     Hello World!
    </body>
  </content>
  <rpad>C1DHN9HK-9A25tSmwK4hU!Jji9%GKYK^syIlHJT9TnI4</rpad>
  <from jid='romeo@montague.lit'/>
</envelope>"""

# QXmpp, a trust message
ENVELOPE_TRUST = (
    b'<envelope xmlns="urn:xmpp:sce:1"><time stamp="2026-11-23T04:06:49.991Z"/>'
    b'<to jid="sam@localhost"/><from jid="rita@localhost"/><rpad>xZ81</rpad>'
    b'<content><trust-message xmlns="urn:xmpp:tm:1" usage="urn:xmpp:atm:1" '
    b'encryption="urn:xmpp:omemo:2"><key-owner jid="rita@localhost"><trust>'
    b"kEMGWP9lFfDFssePN9Thyl2qK8eRzxLvzbgv/rBYDng=</trust></key-owner>"
    b"</trust-message></content></envelope>"
)

# Only a chat state
ENVELOPE_STATE = (
    b'<envelope xmlns="urn:xmpp:sce:1"><content>'
    b'<active xmlns="http://jabber.org/protocol/chatstates"/></content>'
    b'<rpad/><from jid="romeo@montague.lit"/></envelope>'
)

# ElementTree's way of writing namespaces
ENVELOPE_PREFIXED = (
    b'<ns0:envelope xmlns:ns0="urn:xmpp:sce:1" xmlns:ns1="jabber:client">'
    b"<ns0:content><ns1:body>Hello</ns1:body></ns0:content><ns0:rpad>x</ns0:rpad>"
    b'<ns0:from jid="romeo@montague.lit"/></ns0:envelope>'
)

MESSAGES = {
    "legacy": LEGACY,
    "legacy-old": LEGACY_OLD,
    "legacy-empty": LEGACY_EMPTY,
    "omemo2": OMEMO_2,
    "omemo2-unmarked": OMEMO_2_UNMARKED,
    "omemo2-empty": OMEMO_2_EMPTY,
}
LISTS = {"legacy": LEGACY_LIST, "omemo2": OMEMO_2_LIST}
BUNDLES = {"legacy": LEGACY_BUNDLE, "omemo2": OMEMO_2_BUNDLE}
ENVELOPES = {
    "converse": ENVELOPE_CONVERSE,
    "trust": ENVELOPE_TRUST,
    "state": ENVELOPE_STATE,
    "prefixed": ENVELOPE_PREFIXED,
}


def xml(text: str) -> Element:
    return fromstring(text)
