# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An X3DH state that stays in memory between calls, instead of being read from its JSON
each time, and a bundle that is derived once instead of twice for each session.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType

import x3dh
import x3dh.identity_key_pair
import x3dh.pre_key_pair
import xeddsa
from omemo.backend import Backend

# SECURITY: holds private prekeys, all of which are in the state as well
_public_key = lru_cache(maxsize=1024)(xeddsa.priv_to_curve25519_pub)

_CHANGES = (
    "rotate_signed_pre_key",
    "hide_pre_key",
    "delete_pre_key",
    "delete_hidden_pre_keys",
    "generate_pre_keys",
)


def public_of_pair(pair: x3dh.pre_key_pair.PreKeyPair) -> bytes:
    """The public key of a prekey pair."""
    return _public_key(pair.priv)


def make(module: ModuleType) -> type[x3dh.BaseState]:
    """A `StateImpl` for a backend's module that remembers its bundle."""
    base: type[x3dh.BaseState] = module.StateImpl
    slow_bundle = inspect.getattr_static(base, "bundle").fget

    class FastState(base):  # type: ignore[misc, valid-type]
        _bundle: x3dh.Bundle | None = None

        @property
        def bundle(self) -> x3dh.Bundle:
            if self._bundle is None:
                self._bundle = slow_bundle(self)
            return self._bundle

    def forgetting(name: str) -> Callable[..., object]:
        change = getattr(base, name)

        def wrapped(self: FastState, *arguments: object) -> object:
            self._bundle = None
            return change(self, *arguments)

        return wrapped

    for name in _CHANGES:
        setattr(FastState, name, forgetting(name))
    return FastState


def compare(module: ModuleType, faster: type[x3dh.BaseState]) -> None:
    """
    Raises:
        Exception: of any kind, if a bundle differs from the library's.
    """
    slow_bundle = inspect.getattr_static(module.StateImpl, "bundle").fget
    state = faster.create(
        x3dh.IdentityKeyFormat.ED_25519,
        x3dh.HashFunction.SHA_256,
        module.StateImpl.INFO,
        x3dh.identity_key_pair.IdentityKeyPairSeed(bytes(32)),
    )
    steps: tuple[Callable[[], object], ...] = (
        lambda: state.generate_pre_keys(3),
        state.rotate_signed_pre_key,
        lambda: state.hide_pre_key(sorted(state.bundle.pre_keys)[0]),
        state.delete_hidden_pre_keys,
        lambda: state.delete_pre_key(sorted(state.bundle.pre_keys)[0]),
    )
    for step in (lambda: None, *steps):
        # The state remembers a bundle from before the step, so a step that does not
        # discard it is noticed
        step()
        for _ in range(2):
            if state.bundle != slow_bundle(state):
                raise ValueError("another bundle than the library")


class CachedState(Backend):
    """A backend that keeps its state."""

    def forget_state(self) -> None:
        raise NotImplementedError


def make_backend_class(base: type[Backend]) -> type[Backend]:
    """
    A backend class that loads its state once. It writes it to the storage with
    every change, as the library does.

    Raises:
        AttributeError: the library loads it in another way.
    """
    name = f"_{base.__name__}__get_state"
    load = getattr(base, name)

    class FastBackend(base, CachedState):  # type: ignore[misc, valid-type]
        _state: x3dh.BaseState | None = None

        def forget_state(self) -> None:
            self._state = None

    async def get_state(self: FastBackend) -> x3dh.BaseState:
        state: x3dh.BaseState | None = self._state
        if state is None:
            state = self._state = await load(self)
        return state

    setattr(FastBackend, name, get_state)
    return FastBackend
