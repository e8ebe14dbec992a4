# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
A program of its own, with nothing of the plugin in it: python-omemo's
SessionManager, as its authors deliver it, on a key store of the plugin's.

Reads one JSON object from standard input, and writes one to standard output.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from typing import Any
from xml.etree import ElementTree as ET

import oldmemo
import oldmemo.etree
import omemo
import twomemo
import twomemo.etree
from omemo.storage import Just
from omemo.storage import Maybe
from omemo.storage import Nothing
from omemo.storage import Storage

ETREE = {
    oldmemo.oldmemo.NAMESPACE: oldmemo.etree,
    twomemo.twomemo.NAMESPACE: twomemo.etree,
}


class KeyValues(Storage):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.connection = sqlite3.connect(path, isolation_level=None)

    async def _load(self, key: str) -> Maybe[Any]:
        row = self.connection.execute(
            "SELECT value FROM kv WHERE key = ?", (key,)
        ).fetchone()
        return Nothing() if row is None else Just(json.loads(row[0]))

    async def _store(self, key: str, value: Any) -> None:
        self.connection.execute(
            "INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, json.dumps(value))
        )

    async def _delete(self, key: str) -> None:
        self.connection.execute("DELETE FROM kv WHERE key = ?", (key,))


def make(task: dict[str, Any], sent: list[str]) -> type[omemo.SessionManager]:
    class Manager(omemo.SessionManager):
        @staticmethod
        async def _upload_bundle(bundle: Any) -> None:
            pass

        @staticmethod
        async def _download_bundle(
            namespace: str, bare_jid: str, device_id: int
        ) -> Any:
            try:
                text = task["bundles"][f"{namespace} {bare_jid} {device_id}"]
            except KeyError:
                raise omemo.BundleDownloadFailed from None
            return ETREE[namespace].parse_bundle(
                ET.fromstring(text), bare_jid, device_id
            )

        @staticmethod
        async def _delete_bundle(namespace: str, device_id: int) -> None:
            raise AssertionError("it deletes our bundle")

        @staticmethod
        async def _upload_device_list(namespace: str, device_list: Any) -> None:
            pass

        @staticmethod
        async def _download_device_list(
            namespace: str, bare_jid: str
        ) -> dict[int, Any]:
            ids = task["lists"].get(f"{namespace} {bare_jid}", [])
            return dict.fromkeys(ids)

        async def _evaluate_custom_trust_level(self, device: Any) -> omemo.TrustLevel:
            return {
                "verified": omemo.TrustLevel.TRUSTED,
                "blind": omemo.TrustLevel.TRUSTED,
                "distrusted": omemo.TrustLevel.DISTRUSTED,
                "undecided": omemo.TrustLevel.UNDECIDED,
            }[device.trust_level_name]

        async def _make_trust_decision(self, undecided: Any, identifier: Any) -> None:
            raise AssertionError("all of them were decided about")

        @staticmethod
        async def _send_message(message: Any, bare_jid: str) -> None:
            sent.append(serialize(message))

    return Manager


def serialize(message: Any) -> str:
    element = ETREE[message.namespace].serialize_message(message)
    return ET.tostring(element, encoding="unicode")


def describe(device: Any) -> dict[str, Any]:
    return {
        "jid": device.bare_jid,
        "id": device.device_id,
        "identity_key": device.identity_key.hex(),
        "trust": device.trust_level_name,
        "namespaces": sorted(device.namespaces),
        "active": sorted(name for name, active in device.active if active),
    }


async def parse(manager: Any, namespace: str, element: Any, task: Any) -> Any:
    if namespace == oldmemo.oldmemo.NAMESPACE:
        return await oldmemo.etree.parse_message(
            element, task["peer"], task["jid"], manager
        )
    return twomemo.etree.parse_message(element, task["peer"])


async def main(task: dict[str, Any]) -> dict[str, Any]:
    storage = KeyValues(task["path"])
    empty: list[str] = []
    backends = [twomemo.Twomemo(storage), oldmemo.Oldmemo(storage)]
    manager = await make(task, empty).create(
        backends, storage, task["jid"], None, "undecided"
    )
    own, _others = await manager.get_own_device_information()
    devices = await manager.get_device_information(task["peer"])
    texts = []
    for text in task["messages"]:
        element = ET.fromstring(text)
        namespace = element.tag[1:].partition("}")[0]
        message = await parse(manager, namespace, element, task)
        plaintext, _device, _key = await manager.decrypt(message)
        texts.append(None if plaintext is None else plaintext.decode())
    await manager.after_history_sync()
    messages, errors = await manager.encrypt(
        frozenset([task["peer"]]),
        dict.fromkeys(ETREE, task["text"].encode()),
        task["order"],
    )
    assert not errors, errors
    storage.connection.close()
    return {
        "own": describe(own),
        "devices": [describe(device) for device in devices],
        "texts": texts,
        "empty": empty,
        "messages": [serialize(message) for message in messages],
        "foreign": sorted(name for name in sys.modules if name.startswith("omemo_")),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.load(sys.stdin)))))
