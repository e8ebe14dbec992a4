# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact that is no Gajim: our engine, and a client that knows no OMEMO.

It has real sessions, and so it can say everything that OMEMO allows, also what
no honest program says.
"""

from __future__ import annotations

import itertools
import queue
from collections.abc import Iterable
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import FetchBundle
from omemo_plugin.engine.effects import FetchDeviceList
from omemo_plugin.engine.effects import FetchTemporaryDevices
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.effects import PublishBundle
from omemo_plugin.engine.effects import PublishDeviceList
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.errors import ReceiveError
from omemo_plugin.engine.values import Bundle
from omemo_plugin.engine.values import Device
from omemo_plugin.engine.values import DeviceList
from omemo_plugin.engine.values import EncryptedMessage
from omemo_plugin.engine.values import ListedDevice
from omemo_plugin.engine.values import Protocol
from omemo_plugin.stanza.envelope import build_envelope
from omemo_plugin.stanza.envelope import parse_envelope
from omemo_plugin.stanza.message import build_encrypted
from omemo_plugin.stanza.message import find_encrypted
from omemo_plugin.stanza.pep import build_bundle
from omemo_plugin.stanza.pep import build_device_list
from omemo_plugin.stanza.pep import bundle_item_id
from omemo_plugin.stanza.pep import bundle_node
from omemo_plugin.stanza.pep import device_list_item_id
from omemo_plugin.stanza.pep import device_list_node
from omemo_plugin.stanza.pep import parse_bundle
from omemo_plugin.stanza.pep import parse_device_list
from omemo_plugin.stanza.writer import write_element

from ..engine.answers import answer_bundle
from ..engine.answers import answer_device_list
from ..engine.answers import owed_message
from ..servers.prosody import Prosody
from ..servers.prosody import XmppAccount
from ..waiting import PATIENCE
from ..waiting import wait_for
from .raw_client import RawClient

BOTH = tuple(Protocol)

PUBSUB = "http://jabber.org/protocol/pubsub"
BODY = "{jabber:client}body"
MUC = "http://jabber.org/protocol/muc"
MUC_USER = f"{{{MUC}#user}}"
OPTIONS = (
    "<publish-options><x xmlns='jabber:x:data' type='submit'>"
    "<field var='FORM_TYPE' type='hidden'>"
    f"<value>{PUBSUB}#publish-options</value></field>"
    "<field var='pubsub#access_model'><value>open</value></field>{more}"
    "</x></publish-options>"
)
MANY = "<field var='pubsub#max_items'><value>max</value></field>"

_numbers = itertools.count(1)


def xml(element: Element) -> str:
    """An element as it is sent."""
    return write_element(element).decode()


def publication(node: str, item_id: str, payload: str, *, many: bool = False) -> str:
    """The request that publishes an item which everybody may read."""
    options = OPTIONS.format(more=MANY if many else "")
    return (
        f"<pubsub xmlns='{PUBSUB}'><publish node='{node}'>"
        f"<item id='{item_id}'>{payload}</item></publish>{options}</pubsub>"
    )


class OmemoPeer:
    """One device of one account.

    :ivar protocols: what it publishes and speaks
    :ivar texts: what it has read
    :ivar contents: what the envelopes of OMEMO 2 had in them
    :ivar ids: of the messages that the texts came in
    """

    def __init__(
        self,
        server: Prosody,
        account: XmppAccount,
        folder: Path,
        protocols: Sequence[Protocol] = BOTH,
    ) -> None:
        """Connect, and publish the device."""
        self.protocols = tuple(protocols)
        self.texts: list[str] = []
        self.contents: list[tuple[Element, ...]] = []
        self.ids: dict[str, str] = {}
        self._occupants: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self.engine = OmemoEngine.open(folder / "keys.db", account.jid)
        self.client = RawClient(server, account)
        self.carry_out(self.engine.connected())
        self.carry_out(self.engine.catch_up_ended())

    def close(self) -> None:
        """End the connection, and close the key store."""
        self.client.close()
        self.engine.close()

    @property
    def jid(self) -> str:
        """The bare JID."""
        return self.engine.own_jid

    @property
    def name(self) -> str:
        """The account's name on its server."""
        return self.jid.partition("@")[0]

    @property
    def device(self) -> Device:
        """The device of this client, as others know it."""
        return Device(self.jid, self.engine.device_id)

    # -- what it publishes

    def bundle(self, protocol: Protocol) -> Bundle:
        """Its own bundle, as it is to be published."""
        return self.engine._core.prekeys[protocol].bundle()

    def publish_bundle(self, bundle: Bundle, device_id: int) -> None:
        """Publish any bundle as that of a device of this account."""
        self.publish_as_bundle(bundle.protocol, device_id, xml(build_bundle(bundle)))

    def publish_as_bundle(
        self, protocol: Protocol, device_id: int, payload: str
    ) -> None:
        """Publish anything in the place of a device's bundle."""
        self.publish(
            bundle_node(protocol, device_id),
            bundle_item_id(protocol, device_id),
            payload,
            many=protocol is Protocol.OMEMO_2,
        )

    def publish_list(self, protocol: Protocol, ids: Iterable[int]) -> None:
        """Publish a list of these devices."""
        devices = tuple(ListedDevice(device_id) for device_id in ids)
        self.publish(
            device_list_node(protocol),
            device_list_item_id(protocol),
            xml(build_device_list(DeviceList(protocol, devices))),
        )

    def publish(
        self, node: str, item_id: str, payload: str, *, many: bool = False
    ) -> None:
        """Publish an item that everybody may read."""
        answer = self.client.set(publication(node, item_id, payload, many=many))
        assert answer is not None, f"the server refuses an item in {node}"

    def fetch(self, jid: str, node: str, item_id: str = "") -> Element | None:
        """The payload of somebody's item, or of the newest."""
        which = f"<item id='{item_id}'/>" if item_id else ""
        answer = self.client.get(
            f"<pubsub xmlns='{PUBSUB}'><items node='{node}'>{which}</items></pubsub>",
            jid,
        )
        return None if answer is None else answer.find(f".//{{{PUBSUB}}}item/*")

    def bundle_of(self, device: Device, protocol: Protocol) -> Bundle | None:
        """The bundle that an account has published for a device."""
        item_id = bundle_item_id(protocol, device.device_id)
        node = bundle_node(protocol, device.device_id)
        found = self.fetch(device.jid, node, item_id)
        return None if found is None else parse_bundle(found, protocol)

    # -- what the engine wants

    def carry_out(self, effects: Iterable[Effect]) -> None:
        """Do all of it, and what follows."""
        todo = list(effects)
        while todo:
            todo += self._carry_out(todo.pop(0))

    def _carry_out(self, effect: Effect) -> list[Effect]:
        engine = self.engine
        if isinstance(effect, FetchDeviceList):
            jid, protocol = effect.jid, effect.protocol
            found = self.fetch(jid, device_list_node(protocol))
            devices = None if found is None else parse_device_list(found, protocol)
            return answer_device_list(engine, effect, devices)
        if isinstance(effect, FetchBundle):
            bundle = self.bundle_of(effect.device, effect.protocol)
            return answer_bundle(engine, effect, bundle)
        if isinstance(effect, PublishBundle):
            if effect.bundle.protocol not in self.protocols:
                return []
            self.publish_bundle(effect.bundle, effect.device_id)
            return engine.publication.bundle_published(effect.bundle)
        if isinstance(effect, PublishDeviceList):
            protocol = effect.device_list.protocol
            if protocol not in self.protocols:
                return []
            self.publish_list(protocol, sorted(effect.device_list.ids))
            return engine.keys.device_list_published(effect.device_list)
        if isinstance(effect, OweEmptyMessage):
            message = owed_message(engine, self.jid, effect)
            if message is not None:
                engine.flush()
                jid = effect.device.jid
                self.client.send(self.stanza(jid, self.encrypted([message])))
            return []
        if isinstance(effect, FetchTemporaryDevices):
            return engine.temporary.records_unavailable()
        return []

    # -- what it says

    def encrypt(
        self,
        text: str,
        *readers: str,
        content: Iterable[Element] = (),
        to: str | None = None,
        stamp: datetime | None = None,
    ) -> tuple[EncryptedMessage, ...]:
        """Encrypt a text for accounts, which will need no keys after this.

        :param content: what the envelope of OMEMO 2 has besides
        :param to: whom the envelope says it is for, if not the reader
        :param stamp: when the envelope says it was written, if not now
        """
        # The lists, and then the bundles
        for _ in range(3):
            self.carry_out(self.engine.outgoing.plan(readers).effects)
        assert self.engine.outgoing.plan(readers).ready, "keys are missing"
        body = Element(BODY)
        body.text = text
        envelope = build_envelope(
            [*([body] if text else []), *content],
            from_jid=self.jid,
            to_jid=to or readers[0],
            stamp=stamp or datetime.now(UTC),
        )
        plain = {Protocol.OMEMO_2: envelope}
        if text:
            # 0.3 carries nothing else
            plain[Protocol.LEGACY] = text.encode()
        wanted = {p: data for p, data in plain.items() if p in self.protocols}
        sent = self.engine.outgoing.encrypt(readers, wanted)
        self.engine.flush()
        return sent.messages

    @staticmethod
    def encrypted(messages: Iterable[EncryptedMessage]) -> str:
        """The elements of an encrypted message."""
        return "".join(xml(build_encrypted(message)) for message in messages)

    @staticmethod
    def stanza(
        to: str, content: str, kind: str = "chat", message_id: str | None = None
    ) -> str:
        """A message with some content."""
        number = message_id or f"peer-{next(_numbers)}"
        return (
            f"<message xmlns='jabber:client' type='{kind}' to='{to}' id='{number}'>"
            f"{content}<store xmlns='urn:xmpp:hints'/></message>"
        )

    def say(self, to: str, text: str) -> None:
        """Send a text, as an honest program does."""
        self.client.send(self.stanza(to, self.encrypted(self.encrypt(text, to))))

    def make_room(self, room: str, *members: str) -> None:
        """Make a private room that tells addresses, with these members."""
        self.enter(room)
        settings = {
            "FORM_TYPE": f"{MUC}#roomconfig",
            "muc#roomconfig_membersonly": "1",
            "muc#roomconfig_whois": "anyone",
        }
        fields = "".join(
            f"<field var='{name}'><value>{value}</value></field>"
            for name, value in settings.items()
        )
        form = f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
        done = self.client.set(f"<query xmlns='{MUC}#owner'>{form}</query>", room)
        assert done is not None, "the room is not what it shall be"
        for jid in members:
            item = f"<item jid='{jid}' affiliation='member'/>"
            done = self.client.set(f"<query xmlns='{MUC}#admin'>{item}</query>", room)
            assert done is not None, f"{jid} is not made a member"

    def occupants(self) -> set[str]:
        """The accounts of those whose presence in a room has come."""
        self._note_presences()
        return set(self._occupants.values())

    def enter(self, room: str) -> None:
        """Enter a room that is there, with its own name, and without its history."""
        self.client.send(
            f"<presence to='{room}/{self.name}'><x xmlns='{MUC}'>"
            "<history maxchars='0'/></x></presence>"
        )

    def say_in_room(self, room: str, text: str, *readers: str) -> None:
        """Send a text to a room for the other members."""
        content = self.encrypted(self.encrypt(text, *readers, to=room))
        self.client.send(self.stanza(room, content, "groupchat"))

    # -- what it reads

    def read(self) -> list[str]:
        """Read what has come, and return all texts so far."""
        while True:
            try:
                stanza = self.client.messages.get_nowait()
            except queue.Empty:
                return self.texts
            self._read(stanza)

    def _read(self, stanza: Element) -> None:
        found = find_encrypted(stanza)
        if not found or stanza.get("type") == "error":
            return
        sender = self._sender(stanza)
        if sender == self.jid and stanza.get("type") == "groupchat":
            # Its own, from the room
            return
        try:
            result = self.engine.incoming.decrypt(sender, found)
        except ReceiveError as error:
            self.carry_out(error.effects)
            return
        self.engine.commit()
        if result.plaintext is not None:
            text: str | None = result.plaintext.decode()
            if result.protocol is Protocol.OMEMO_2:
                content = parse_envelope(result.plaintext).content
                self.contents.append(content)
                bodies = [one.text for one in content if one.tag == BODY]
                text = bodies[0] if bodies else None
            if text is not None:
                self.texts.append(text)
                self.ids[text] = stanza.get("id") or ""
        self.carry_out(result.effects)

    def _sender(self, stanza: Element) -> str:
        """The account that a message is from: in a room, who has the nickname."""
        full = stanza.get("from") or ""
        self._note_presences()
        return self._occupants.get(full, full.partition("/")[0])

    def _note_presences(self) -> None:
        while not self.client.presences.empty():
            presence = self.client.presences.get_nowait()
            item = presence.find(f"{MUC_USER}x/{MUC_USER}item")
            if item is not None and item.get("jid"):
                jid = str(item.get("jid")).partition("/")[0]
                self._occupants[presence.get("from") or ""] = jid

    def wait_for_text(self, text: str, timeout: float = PATIENCE) -> None:
        """Wait until it has read this."""
        wait_for(f"{self.jid} reads {text!r}", lambda: text in self.read(), timeout)
