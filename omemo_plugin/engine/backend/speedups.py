# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The engine's use of python-omemo's backends, and their faster replacements.

The library derives every public key each time, copies a ratchet by `deepcopy`, and
turns it to JSON through a data model. `fast_ratchet`, `fast_state`, `fast_public_keys`
and `fast_primitives` do the same without this work; they contain no cryptography. Each
time they are loaded they are compared with the library. A part that comes to the same
results replaces the library's; otherwise the library's part stays in use.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

import oldmemo.oldmemo
import twomemo.twomemo
import x3dh.pre_key_pair
from doubleratchet.recommended.crypto_provider_impl import CryptoProviderImpl
from omemo.backend import Backend
from omemo.session import Session
from omemo.storage import Storage

from ..values import Protocol
from . import fast_primitives
from . import fast_public_keys
from . import fast_ratchet
from . import fast_state

log = logging.getLogger("gajim.p.omemo_plugin")

T = TypeVar("T")

# Any: their attributes are replaced here, which no type allows
_MODULES: dict[Protocol, Any] = {
    Protocol.LEGACY: oldmemo.oldmemo,
    Protocol.OMEMO_2: twomemo.twomemo,
}
_CLASSES: dict[Protocol, type[Backend]] = {
    Protocol.LEGACY: oldmemo.oldmemo.Oldmemo,
    Protocol.OMEMO_2: twomemo.twomemo.Twomemo,
}

# The speedups that could not be installed, and why
SLOW: list[str] = []


def make_backend(protocol: Protocol, storage: Storage) -> Backend:
    """The backend of a protocol."""
    make: Callable[[Storage], Backend] = _CLASSES[protocol]
    return make(storage)


def forget_cached_state(backend: Backend) -> None:
    """Make a backend read its storage again, after a rollback of the store."""
    if isinstance(backend, fast_state.CachedState):
        backend.forget_state()


def session_state(session: Session) -> str:
    """The JSON text of a session's ratchet, as the library stores it."""
    ratchet = session.double_ratchet  # type: ignore[attr-defined]
    return json.dumps(ratchet.json, separators=(",", ":"))


def run(coroutine: Coroutine[object, None, T]) -> T:
    """
    Run a coroutine to its end. The backends wait for nothing but their storage, and the
    engine's storage answers at once.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a backend waited for something")


def _attempt(what: str, change: Callable[[], None]) -> None:
    try:
        change()
    except Exception as error:  # noqa: BLE001 - the slow way is left
        SLOW.append(what)
        log.warning("%s stays slow: %s", what, type(error).__name__)


def _speed_up(protocol: Protocol) -> None:
    module = _MODULES[protocol]

    def ratchet() -> None:
        original = module.DoubleRatchetImpl, module.diffie_hellman_ratchet_curve25519
        faster = fast_ratchet.make(module)
        module.DoubleRatchetImpl, module.diffie_hellman_ratchet_curve25519 = faster
        try:
            fast_ratchet.compare(module, original[0])
        except BaseException:
            module.DoubleRatchetImpl = original[0]
            module.diffie_hellman_ratchet_curve25519 = original[1]
            raise

    def state() -> None:
        faster = fast_state.make(module)
        fast_state.compare(module, faster)
        module.StateImpl = faster
        _CLASSES[protocol] = fast_state.make_backend_class(_CLASSES[protocol])

    _attempt(f"{protocol.name}: ratchet", ratchet)
    _attempt(f"{protocol.name}: state", state)


def _speed_up_prekeys() -> None:
    pair = x3dh.pre_key_pair.PreKeyPair
    slow = pair.pub
    sample = pair(bytes(range(32)))
    expected = sample.pub
    pair.pub = property(fast_state.public_of_pair)  # type: ignore[assignment, method-assign]
    if sample.pub != expected or sample.pub != expected:
        pair.pub = slow  # type: ignore[method-assign]
        raise ValueError("another public key")


def _speed_up_identity_keys() -> None:
    # Any: the name of a module in it is replaced
    module: Any = oldmemo.oldmemo
    faster = fast_public_keys.make(module)
    fast_public_keys.compare(faster)
    module.xeddsa = faster


# Any: methods of the class are replaced, which no type allows
_PROVIDER: Any = CryptoProviderImpl


def _speed_up_primitives() -> None:
    if not fast_primitives.library_is_slow():
        return
    from . import gnutls

    fast_primitives.compare_hmac(run, _PROVIDER.hmac_calculate, gnutls.hmac_calculate)
    fast_primitives.compare_hkdf(run, _PROVIDER.hkdf_derive, gnutls.hkdf_derive)
    fast_primitives.compare_cbc(run, _PROVIDER, gnutls)
    # OMEMO 0.3 alone uses GCM
    # Any: a method of it is replaced
    backend: Any = _CLASSES[Protocol.LEGACY]
    slow = backend.decrypt_plaintext
    faster = fast_primitives.make_decrypt_payload(
        slow, gnutls.aes_gcm_decrypt, gnutls.GCM_NONCE
    )
    sample = object.__new__(backend)
    content, key = run(backend.encrypt_plaintext(sample, b"sample"))
    fast_primitives.compare_payload(run, sample, slow, faster, content, key)

    _PROVIDER.hmac_calculate = staticmethod(gnutls.hmac_calculate)
    _PROVIDER.hkdf_derive = staticmethod(gnutls.hkdf_derive)
    _PROVIDER.aes_cbc_encrypt = staticmethod(gnutls.aes_cbc_encrypt)
    _PROVIDER.aes_cbc_decrypt = staticmethod(gnutls.aes_cbc_decrypt)
    backend.decrypt_plaintext = faster


# Once for each process: Gajim may load the plugin again after an update
if not getattr(oldmemo.oldmemo, "_faster", False):
    _attempt("primitives", _speed_up_primitives)
    _attempt("prekeys", _speed_up_prekeys)
    _attempt("identity keys", _speed_up_identity_keys)
    for _protocol in Protocol:
        _speed_up(_protocol)
    oldmemo.oldmemo._faster = True  # type: ignore[attr-defined]
