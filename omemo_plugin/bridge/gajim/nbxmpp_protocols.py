# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The types of nbxmpp 4.2, 6.1 and 7.4, as far as this plugin uses them.

A test in each real Gajim compares them with its objects.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Literal
from typing import Protocol
from typing import TypedDict
from typing import overload


class Jid(Protocol):
    """An address. `str` gives it as text."""

    @property
    def bare(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def resource(self) -> str | None: ...
    @property
    def is_bare(self) -> bool: ...
    def new_as_bare(self) -> Jid: ...
    def new_with(self, *, resource: str) -> Jid: ...


# Stanzas


class Element(Protocol):
    """An element; nbxmpp's `Node`."""

    def getName(self) -> str: ...  # noqa: N802
    def getNamespace(self) -> str: ...  # noqa: N802
    def getAttr(self, key: str) -> str | None: ...  # noqa: N802
    def getAttrs(self) -> Mapping[str, str]: ...  # noqa: N802
    def getChildren(self) -> Sequence[Element | str]: ...  # noqa: N802
    def getData(self) -> str: ...  # noqa: N802
    def getTag(  # noqa: N802
        self, name: str, *, namespace: str | None = None
    ) -> Element | None: ...
    def getTags(self, name: str) -> Sequence[Element]: ...  # noqa: N802
    def getTagData(self, tag: str) -> str | None: ...  # noqa: N802
    def setAttr(self, key: str, val: str) -> None: ...  # noqa: N802
    def addData(self, data: str) -> None: ...  # noqa: N802
    def clearData(self) -> None: ...  # noqa: N802
    def addChild(self, *, node: Element) -> Element: ...  # noqa: N802
    def delChild(self, node: Element) -> object: ...  # noqa: N802


class Stanza(Element, Protocol):
    """A message or a presence."""

    def getFrom(self) -> Jid | None: ...  # noqa: N802
    def getID(self) -> str | None: ...  # noqa: N802
    def getType(self) -> str | None: ...  # noqa: N802


class MessageStanza(Stanza, Protocol):
    """A message."""

    def getBody(self) -> str | None: ...  # noqa: N802
    def setBody(self, val: str) -> None: ...  # noqa: N802


class MessageKind(Protocol):
    """The type of a message; nbxmpp's `MessageType`."""

    @property
    def is_chat(self) -> bool: ...
    @property
    def is_groupchat(self) -> bool: ...
    @property
    def is_error(self) -> bool: ...


class Carbon(Protocol):
    """The mark of a carbon copy; nbxmpp's `CarbonData`."""

    @property
    def is_sent(self) -> bool: ...


class ArchiveResult(Protocol):
    """The mark of a result of an archive; nbxmpp's `MAMData`."""

    @property
    def archive(self) -> Jid: ...
    @property
    def query_id(self) -> str: ...
    @property
    def timestamp(self) -> float | None: ...
    def _replace(self, *, timestamp: float) -> ArchiveResult: ...


class RoomUser(Protocol):
    """A room's description of an occupant; nbxmpp's `MucUserData`."""

    @property
    def jid(self) -> Jid | None: ...


class EncryptionHint(Protocol):
    """A hint how a message is encrypted (XEP-0380); nbxmpp's `EMEData`."""

    @property
    def namespace(self) -> str: ...


class Reactions(Protocol):
    """Reactions to a message."""

    @property
    def emojis(self) -> Collection[str]: ...


class Retraction(Protocol):
    """A retraction of a message, or what is left in its place."""

    @property
    def is_tombstone(self) -> bool: ...


class MessageProperties(Protocol):
    """
    The properties of a received message. nbxmpp's handlers fill them in, in the order
    of their priorities.

    `reactions` and `retraction` are in later versions only: see `messages`.
    """

    type: MessageKind
    from_: Jid | None
    to: Jid | None
    jid: Jid | None
    carbon: Carbon | None
    mam: ArchiveResult | None
    muc_user: RoomUser | None
    eme: EncryptionHint | None
    omemo: object | None
    encrypted: object | None
    correction: object | None
    timestamp: float
    muc_private_message: bool

    @property
    def is_self_message(self) -> bool: ...


class NewMessageProperties(MessageProperties, Protocol):
    """The properties of a message, where nbxmpp knows reactions and retractions."""

    reactions: Reactions | None
    retraction: Retraction | None


# Requests


class Task(Protocol):
    """A request that is under way, or has been answered."""

    def add_done_callback(
        self, callback: Callable[[Task], object], *, weak: bool = True
    ) -> None: ...
    def finish(self) -> object:
        """
        Returns:
            The answer.

        Raises:
            StanzaError: the answer is an error.
        """

    def get_user_data(self) -> object: ...


class ConfigurationField(Protocol):
    """
    An option of a node, in a form.

    Attributes:
        value: True or False where the server says that it is one of both, and
            otherwise its text.
    """

    value: object


class ConfigurationForm(Protocol):
    """The options of a node."""

    def __getitem__(self, item: str) -> ConfigurationField:
        """
        Raises:
            KeyError: the server does not know such an option.
        """


class NodeConfiguration(Protocol):
    """The answer of a server that was asked for the options of a node."""

    @property
    def form(self) -> ConfigurationForm: ...


class PubSub(Protocol):
    """nbxmpp's module for PubSub."""

    def request_item(self, node: str, id_: str, *, jid: Jid | None = None) -> Task: ...
    def request_items(
        self, node: str, *, max_items: int | None = None, jid: Jid | None = None
    ) -> Task: ...
    def publish(
        self,
        node: str,
        item: Element,
        *,
        id_: str,
        options: dict[str, str] | None,
    ) -> Task: ...
    def get_node_configuration(self, node: str) -> Task: ...
    def set_node_configuration(self, node: str, form: ConfigurationForm) -> Task: ...
    def retract(self, node: str, id_: str, *, notify: bool) -> Task: ...
    def delete(self, node: str) -> Task: ...


class Ping(Protocol):
    """nbxmpp's module for pings."""

    def ping(self, jid: Jid) -> Task: ...


class Affiliations(Protocol):
    """The answer of a room that was asked who has an affiliation."""

    @property
    def users(self) -> Iterable[Jid]: ...


class Muc(Protocol):
    """nbxmpp's module for rooms."""

    def get_affiliation(
        self,
        jid: Jid,
        affiliation: str,
        *,
        callback: Callable[[Task], object],
        user_data: object,
    ) -> object: ...
    def set_affiliation(
        self, room_jid: Jid, users_dict: Mapping[Jid, Mapping[str, str]]
    ) -> object: ...
    def set_subject(self, room_jid: Jid, subject: str) -> object: ...


class UploadSlots(Protocol):
    """nbxmpp's module for uploads."""

    def request_slot(
        self, jid: Jid, filename: str, size: int, content_type: str
    ) -> object: ...


class Handler(TypedDict):
    """A handler of stanzas (nbxmpp 4.2)."""

    func: Callable[[Connection, Stanza, MessageProperties], object]
    priority: int


class Dispatcher(Protocol):
    """nbxmpp's dispatcher of stanzas (4.2)."""

    # By namespace, then by the name of the stanza, then by its type and by the
    # namespace of an element in it
    _handlers: Mapping[str, Mapping[str, Mapping[str, Sequence[Handler]]]]


class Connection(Protocol):
    """nbxmpp's client, one for each connection."""

    @property
    def features(self) -> Element | None: ...
    @overload
    def get_module(self, name: Literal["PubSub"]) -> PubSub: ...
    @overload
    def get_module(self, name: Literal["Ping"]) -> Ping: ...
    @overload
    def get_module(self, name: Literal["MUC"]) -> Muc: ...
    @overload
    def get_module(self, name: Literal["HTTPUpload"]) -> UploadSlots: ...
    def send_stanza(self, stanza: Stanza) -> object: ...
    def register_handler(self, handler: object) -> None: ...
    def unregister_handler(self, handler: object) -> None: ...


class OldConnection(Connection, Protocol):
    """The connection in nbxmpp 4.2."""

    _dispatcher: Dispatcher
