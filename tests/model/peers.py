# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices of the model: they die, and have their stores put back."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field

from omemo_plugin.engine.effects import Effect
from omemo_plugin.engine.effects import OweEmptyMessage
from omemo_plugin.engine.engine import OmemoEngine
from omemo_plugin.engine.values import EncryptedMessage
from tests.support.engine.fake_network import Peer

from .machine import MemoryDisk


def _nobody(_message: EncryptedMessage) -> None:
    pass


@dataclass
class ModelPeer(Peer):
    """
    A client whose empty messages go the way of all others.

    Attributes:
        put: takes a message that leaves.
    """

    put: Callable[[EncryptedMessage], None] = field(default=_nobody)

    def _carry_out(self, effect: Effect) -> list[Effect]:
        if isinstance(effect, OweEmptyMessage):
            message = self.engine.outgoing.encrypt_empty(effect.device, effect.protocol)
            if message is not None:
                self.engine.flush()
                self.put(message)
            return []
        return super()._carry_out(effect)

    def image(self) -> bytes:
        """The store as it was committed last."""
        image: bytes = self.engine._core.store._connection.serialize()
        return image

    def die(self, disk: MemoryDisk, image: bytes) -> None:
        """The process ends at once; another one begins, with this store."""
        store = self.engine._core.store
        store._connection.close()
        os.close(store._lock)
        disk.images[self.path] = image
        self.engine = OmemoEngine.open(
            self.path, self.jid, self.clock, self.rollback_marker
        )
        self.carry_out(self.engine.connected())
