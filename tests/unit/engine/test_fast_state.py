# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kept X3DH state, and the small parts of `fast`, beside the library's own."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import oldmemo.oldmemo
import pytest
import twomemo.twomemo
import x3dh
import xeddsa

from omemo_plugin.engine import fast
from omemo_plugin.engine import fast_state
from omemo_plugin.engine.values import Protocol
from tests.support.world import World

MODULES = [oldmemo.oldmemo, twomemo.twomemo]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_state_is_read_once(protocol: Protocol, world: World) -> None:
    ann = world.peer("ann@test")
    backend: Any = ann.engine._core.sessions[protocol].backend
    load_state = getattr(backend, f"_{type(backend).__mro__[1].__name__}__get_state")
    assert fast.run(load_state()) is fast.run(load_state())


@pytest.mark.parametrize("protocol", list(Protocol))
def test_forgotten_state_is_read_from_the_storage(
    protocol: Protocol, world: World
) -> None:
    """What was not committed is gone after a rollback, in memory as well."""
    ann = world.peer("ann@test")
    core = ann.engine._core
    core.commit()
    backend = core.sessions[protocol].backend
    before = fast.run(backend.get_bundle("ann@test", 1))
    fast.run(backend.generate_pre_keys(5))
    fast.run(backend.rotate_signed_pre_key())
    changed = fast.run(backend.get_bundle("ann@test", 1))
    assert changed != before
    core.rollback()
    assert fast.run(backend.get_bundle("ann@test", 1)) == before


@pytest.mark.parametrize("protocol", list(Protocol))
def test_state_is_stored_with_each_change(protocol: Protocol, world: World) -> None:
    """Another instance that reads the storage finds the same."""
    ann = world.peer("ann@test")
    backend = ann.engine._core.sessions[protocol].backend
    fast.run(backend.generate_pre_keys(5))
    fast.run(backend.rotate_signed_pre_key())
    kept = fast.run(backend.get_bundle("ann@test", 1))
    fast.forget_cached_state(backend)
    assert fast.run(backend.get_bundle("ann@test", 1)) == kept


def test_forgetting_is_harmless_where_nothing_is_kept(world: World) -> None:
    ann = world.peer("ann@test")
    storage: Any = vars(ann.engine._core.sessions[Protocol.LEGACY].backend)[
        "_Oldmemo__storage"
    ]
    slow = oldmemo.oldmemo.Oldmemo(storage)
    assert not isinstance(slow, fast_state.CachedState)
    fast.forget_cached_state(slow)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_an_outdated_bundle_is_noticed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-test at import finds a state that forgets to forget."""
    faster: Any = module.StateImpl  # type: ignore[attr-defined]
    base = faster.__mro__[1]
    fast_state.compare(_over(base), fast_state.make(_over(base)))
    # A hidden prekey is not in the bundle, so its deletion changes nothing there
    for change in set(fast_state._CHANGES) - {"delete_hidden_pre_keys"}:
        with monkeypatch.context() as patch:
            stale = fast_state.make(_over(base))
            patch.setattr(stale, change, getattr(base, change))
            with pytest.raises(ValueError, match="another bundle"):
                fast_state.compare(_over(base), stale)


def _over(base: type[Any]) -> ModuleType:
    module = ModuleType("a library")
    module.StateImpl = base  # type: ignore[attr-defined]
    return module


def test_an_unknown_way_to_load_the_state_is_noticed() -> None:
    class Other(oldmemo.oldmemo.Oldmemo):
        pass

    with pytest.raises(AttributeError):
        fast_state.make_backend_class(Other)


def test_public_keys_of_prekeys() -> None:
    pair = x3dh.pre_key_pair.PreKeyPair(bytes(range(32)))
    assert pair.pub == xeddsa.priv_to_curve25519_pub(bytes(range(32)))


class _Pause:
    def __await__(self) -> Any:
        yield self


async def _waits() -> None:
    await _Pause()


async def _answers() -> int:
    return 7


async def _fails() -> None:
    raise LookupError("as it was raised")


def test_run() -> None:
    assert fast.run(_answers()) == 7
    with pytest.raises(RuntimeError, match="waited"):
        fast.run(_waits())
    with pytest.raises(LookupError, match="as it was raised"):
        fast.run(_fails())


def test_what_fails_stays_slow_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fast, "SLOW", [])

    def differs() -> None:
        raise ValueError("key material that nobody may read")

    fast._attempt("something", differs)
    assert fast.SLOW == ["something"]
    assert "something stays slow" in caplog.text
    assert "key material" not in caplog.text


def test_a_library_that_differs_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours is left in its places after a failed self-test."""
    module = oldmemo.oldmemo
    before = (
        module.DoubleRatchetImpl,
        module.diffie_hellman_ratchet_curve25519,
        module.StateImpl,
        fast._CLASSES[Protocol.LEGACY],
    )

    def differs(*_arguments: Any) -> None:
        raise ValueError

    monkeypatch.setattr(fast, "SLOW", [])
    monkeypatch.setattr(fast.fast_ratchet, "compare", differs)
    monkeypatch.setattr(fast.fast_state, "compare", differs)
    fast._speed_up(Protocol.LEGACY)
    assert fast.SLOW == ["LEGACY: ratchet", "LEGACY: state"]
    assert before == (
        module.DoubleRatchetImpl,
        module.diffie_hellman_ratchet_curve25519,
        module.StateImpl,
        fast._CLASSES[Protocol.LEGACY],
    )
