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

from omemo_plugin.engine.backend import fast_ratchet
from omemo_plugin.engine.backend import fast_state
from omemo_plugin.engine.backend import speedups
from omemo_plugin.engine.values import Protocol
from tests.support.engine.fake_network import FakeNetwork

MODULES = [oldmemo.oldmemo, twomemo.twomemo]


@pytest.mark.parametrize("protocol", list(Protocol))
def test_state_is_read_once(protocol: Protocol, world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    backend: Any = ann.engine._core.sessions[protocol].backend
    load_state = getattr(backend, f"_{type(backend).__mro__[1].__name__}__get_state")
    assert speedups.run(load_state()) is speedups.run(load_state())


@pytest.mark.parametrize("protocol", list(Protocol))
def test_forgotten_state_is_read_from_the_storage(
    protocol: Protocol, world: FakeNetwork
) -> None:
    """State that was not committed is gone after a rollback, in memory as well."""
    ann = world.peer("ann@test")
    core = ann.engine._core
    core.commit()
    backend = core.sessions[protocol].backend
    before = speedups.run(backend.get_bundle("ann@test", 1))
    speedups.run(backend.generate_pre_keys(5))
    speedups.run(backend.rotate_signed_pre_key())
    changed = speedups.run(backend.get_bundle("ann@test", 1))
    assert changed != before
    core.rollback()
    assert speedups.run(backend.get_bundle("ann@test", 1)) == before


@pytest.mark.parametrize("protocol", list(Protocol))
def test_state_is_stored_with_each_change(
    protocol: Protocol, world: FakeNetwork
) -> None:
    """Another instance that reads the storage finds the same."""
    ann = world.peer("ann@test")
    backend = ann.engine._core.sessions[protocol].backend
    speedups.run(backend.generate_pre_keys(5))
    speedups.run(backend.rotate_signed_pre_key())
    kept = speedups.run(backend.get_bundle("ann@test", 1))
    speedups.forget_cached_state(backend)
    assert speedups.run(backend.get_bundle("ann@test", 1)) == kept


def test_forgetting_is_harmless_where_nothing_is_kept(world: FakeNetwork) -> None:
    ann = world.peer("ann@test")
    storage: Any = vars(ann.engine._core.sessions[Protocol.LEGACY].backend)[
        "_Oldmemo__storage"
    ]
    slow = oldmemo.oldmemo.Oldmemo(storage)
    assert not isinstance(slow, fast_state.CachedState)
    speedups.forget_cached_state(slow)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_an_outdated_bundle_is_noticed(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-test at import finds a state that forgets to forget."""
    faster: Any = module.StateImpl
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
    assert speedups.run(_answers()) == 7
    with pytest.raises(RuntimeError, match="waited"):
        speedups.run(_waits())
    with pytest.raises(LookupError, match="as it was raised"):
        speedups.run(_fails())


def test_a_failing_fast_path_is_not_used_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(speedups, "SLOW", [])

    def differs() -> None:
        raise ValueError("key material that nobody may read")

    speedups._attempt("something", differs)
    assert speedups.SLOW == ["something"]
    assert "something stays slow" in caplog.text
    assert "key material" not in caplog.text


def test_a_library_that_differs_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of ours is left in its places after a failed self-test."""
    module: Any = oldmemo.oldmemo
    before = (
        module.DoubleRatchetImpl,
        module.diffie_hellman_ratchet_curve25519,
        module.StateImpl,
        speedups._CLASSES[Protocol.LEGACY],
    )

    def differs(*_arguments: Any) -> None:
        raise ValueError

    monkeypatch.setattr(speedups, "SLOW", [])
    monkeypatch.setattr(fast_ratchet, "compare", differs)
    monkeypatch.setattr(fast_state, "compare", differs)
    speedups._speed_up(Protocol.LEGACY)
    assert speedups.SLOW == ["LEGACY: ratchet", "LEGACY: state"]
    assert before == (
        module.DoubleRatchetImpl,
        module.diffie_hellman_ratchet_curve25519,
        module.StateImpl,
        speedups._CLASSES[Protocol.LEGACY],
    )
