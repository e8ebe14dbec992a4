# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

'''
How long things take, beside gajim-omemo, in one run.

Both sides do all their real work with their real stores on the same disk: ours
commits what it received in batches of a hundred, as behind Gajim, and waits
for the disk before each message it sends. Wall-clock time, median of several
rounds in which the two take turns. The figures are of one machine; what counts
is their ratio.
'''

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from omemo_plugin.engine.libraries import load

load()

from omemo_plugin.engine.engine import OmemoEngine  # noqa: E402
from omemo_plugin.engine.values import EncryptedMessage  # noqa: E402
from omemo_plugin.engine.values import Protocol  # noqa: E402
from tests.bench import gajim_omemo  # noqa: E402
from tests.support.world import Peer  # noqa: E402
from tests.support.world import World  # noqa: E402

LEGACY = (Protocol.LEGACY,)
TEXT = b'The meeting is at noon by the old lighthouse.'
BATCH = 100
PEER = 'gajim-omemo 2.9.0'

Row = dict[str, Any]


@contextmanager
def a_world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        yield world
        world.close()


def timed(call: Callable[[], None]) -> float:
    '''Milliseconds.'''
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def row(name: str, ours: list[float], theirs: list[float]) -> Row:
    ours_ms, peer_ms = statistics.median(ours), statistics.median(theirs)
    return {
        'name': name,
        'ours_ms': round(ours_ms, 2),
        'peer': PEER,
        'peer_ms': round(peer_ms, 2),
        'ratio': round(peer_ms / ours_ms, 2),
    }


def confirm(sender: Peer, theirs: gajim_omemo.Peer) -> None:
    '''A session both sides have used.'''
    first = sender.encrypt(b'first', theirs.jid).messages[0]
    theirs.state.decrypt_message(theirs.to_theirs(first), sender.jid)
    answer = theirs.empty_message(sender.device)
    sender.engine.decrypt(theirs.jid, [answer])


def decrypt(module: Any, count: int, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ben = world.peer('ben@test', protocols=LEGACY)
        cat = gajim_omemo.Peer(module, 'cat@test', world.folder / 'cat.db')
        cat.publish(world)
        senders = [world.peer('ann@test', protocols=LEGACY) for _ in range(devices)]
        for sender in senders:
            # Or two would take the same prekey
            ben.clock.now += 60
            ben.carry_out(ben.engine.tick())
            cat.publish(world)
            sender.send(b'first', ben)
            confirm(sender, cat)
            ben.send(b'answer', sender)
        ben.engine.commit()

        def ours_run(messages: list[EncryptedMessage]) -> None:
            for number, message in enumerate(messages, 1):
                ben.engine.decrypt('ann@test', [message])
                if number % BATCH == 0:
                    ben.engine.commit()
            ben.engine.commit()

        def theirs_run(messages: list[Any]) -> None:
            for message in messages:
                cat.state.decrypt_message(message, 'ann@test')

        for _ in range(rounds):
            batches: dict[str, list[EncryptedMessage]] = {}
            for jid in ('ben@test', 'cat@test'):
                batches[jid] = [
                    sender.encrypt(TEXT, jid).messages[0]
                    for _ in range(count // devices)
                    for sender in senders
                ]
            theirs = [cat.to_theirs(message) for message in batches['cat@test']]

            messages = batches['ben@test']
            ours_ms.append(timed(partial(ours_run, messages)))
            theirs_ms.append(timed(partial(theirs_run, theirs)))
        cat.close()
    return row(f'decrypt-{count}x{devices}', ours_ms, theirs_ms)


def encrypt(module: Any, devices: int, rounds: int) -> Row:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ann = world.peer('ann@test', protocols=LEGACY)
        cat = gajim_omemo.Peer(module, 'cat@test', world.folder / 'cat.db')
        cat.publish(world)
        for _ in range(devices):
            peer = world.peer('ben@test', protocols=LEGACY)
            ann.clock.now += 60
            ann.carry_out(ann.engine.tick())
            cat.publish(world)
            cat.meet(world, peer.device)
            # Each answers, or all messages would be key exchanges
            peer.send(b'hello', ann)
            answer = peer.encrypt(b'hello', 'cat@test').messages[0]
            cat.state.decrypt_message(cat.to_theirs(answer), 'ben@test')
        ann.encrypt(TEXT, 'ben@test')
        text = TEXT.decode()

        def ours_run() -> None:
            sent = ann.engine.encrypt(['ben@test'], {Protocol.LEGACY: TEXT})
            ann.engine.flush()
            assert len(sent.readers) == devices

        def theirs_run() -> None:
            sent = cat.state.encrypt('ben@test', text)
            assert len(sent.keys) == devices

        for _ in range(rounds):
            ours_ms.append(timed(ours_run))
            theirs_ms.append(timed(theirs_run))
        cat.close()
    return row(f'encrypt-{devices}', ours_ms, theirs_ms)


def build_session(module: Any, rounds: int) -> Row:
    '''From a bundle to the first message that may leave.'''
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with a_world() as world:
        ann = world.peer('ann@test', protocols=LEGACY)
        cat = gajim_omemo.Peer(module, 'cat@test', world.folder / 'cat.db')
        peers = [
            world.peer(f'ben{number}@test', protocols=LEGACY)
            for number in range(rounds)
        ]

        def ours_run(peer: Peer) -> None:
            bundle = world.bundles[peer.device, Protocol.LEGACY]
            ann.engine.bundle_received(peer.device, bundle)
            ann.engine.encrypt([peer.jid], {Protocol.LEGACY: TEXT})
            ann.engine.flush()

        def theirs_run(peer: Peer) -> None:
            cat.meet(world, peer.device)
            cat.state.encrypt(peer.jid, TEXT.decode())

        for peer in peers:
            device_list = world.lists[peer.jid, Protocol.LEGACY]
            ann.engine.device_list_received(peer.jid, device_list)
            ours_ms.append(timed(partial(ours_run, peer)))
            theirs_ms.append(timed(partial(theirs_run, peer)))
        cat.close()
    return row('build-session', ours_ms, theirs_ms)


def first_start(module: Any, rounds: int) -> Row:
    '''Identity, prekeys and store, up to the bundle.'''
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def ours_run(number: int) -> None:
            engine = OmemoEngine.open(folder / f'ours{number}.db', 'ann@test')
            engine._core.prekeys[Protocol.LEGACY].bundle()
            engine.flush()
            engine.close()

        def theirs_run(number: int) -> None:
            peer = gajim_omemo.Peer(module, 'ann@test', folder / f'theirs{number}.db')
            peer.state.bundle  # noqa: B018
            peer.close()

        for number in range(rounds):
            ours_ms.append(timed(partial(ours_run, number)))
            theirs_ms.append(timed(partial(theirs_run, number)))
    return row('first-start', ours_ms, theirs_ms)


def receive_in_gajim(count: int) -> Row:
    from tests.bench.in_gajim import per_message

    found = per_message(count)
    return row('receive-in-gajim', [found['ours']['ms']], [found['gajim-omemo']['ms']])


def main() -> int:
    parser = argparse.ArgumentParser(prog='tools/bench', description=__doc__)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the rows')
    parser.add_argument('--only', metavar='NAME', help='only rows that start so')
    parser.add_argument(
        '--gajim', action='store_true', help='also in a real Gajim, for a minute'
    )
    arguments = parser.parse_args()
    if not gajim_omemo.is_there():
        print('gajim-omemo is not here to compare with: it is in Debian 12 only')
        return 1
    module = gajim_omemo.load()
    benches: dict[str, Callable[[], Row]] = {
        'decrypt-1000x1': lambda: decrypt(module, 1000, 1, 5),
        'decrypt-5000x1': lambda: decrypt(module, 5000, 1, 1),
        'decrypt-1000x50': lambda: decrypt(module, 1000, 50, 3),
        'encrypt-1': lambda: encrypt(module, 1, 100),
        'encrypt-10': lambda: encrypt(module, 10, 30),
        'encrypt-50': lambda: encrypt(module, 50, 15),
        'encrypt-200': lambda: encrypt(module, 200, 7),
        'build-session': lambda: build_session(module, 30),
        'first-start': lambda: first_start(module, 10),
    }
    if arguments.gajim:
        benches['receive-in-gajim'] = lambda: receive_in_gajim(200)
    rows = []
    print(f'{"":16} {"ours":>10} {PEER:>18} {"ratio":>7}   milliseconds')
    for name, bench in benches.items():
        if arguments.only and not name.startswith(arguments.only):
            continue
        result = bench()
        rows.append(result)
        print(
            f'{name:16} {result["ours_ms"]:10.2f} {result["peer_ms"]:18.2f} '
            f'{result["ratio"]:7.2f}',
            flush=True,
        )
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
