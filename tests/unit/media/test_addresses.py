# SPDX-FileCopyrightText: 2026 The OMEMO plugin developers
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from omemo_plugin.media.addresses import AddressRefused
from omemo_plugin.media.addresses import check_address
from omemo_plugin.media.addresses import check_resolved
from omemo_plugin.media.addresses import is_local_host
from omemo_plugin.media.addresses import redirected

OWN = ["Example.org"]
ONION = "https://abcdefghijklmnop.onion/file"


def check(url: str, before: str | None = None, *, direct: bool = True) -> None:
    check_address(url, OWN, before=before, direct=direct)


@pytest.mark.parametrize(
    'host',
    [
        'localhost', 'a.localhost', 'printer', 'printer.local', 'nas.lan',
        'fritz.box.home.arpa', '127.0.0.1', '127.1', '2130706433', '0x7f000001',
        '0x7f.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254',
        '100.64.0.1', '0.0.0.1', '224.0.0.1', '255.255.255.255', '::1', '::',
        'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1',
        '2002:7f00:1::', '64:ff9b::7f00:1', '64:ff9b::c0a8:101', 'ff02::1',
        '::7f00:1', '::10.0.0.1', 'fec0::1',
    ],
)  # fmt: skip
@pytest.mark.parametrize("direct", [True, False])
def test_case_42_the_local_network_is_not_asked(host: str, direct: bool) -> None:
    assert is_local_host(host)
    bracketed = f"[{host}]" if ":" in host else host
    with pytest.raises(AddressRefused):
        check(f"https://{bracketed}/file", direct=direct)
    with pytest.raises(AddressRefused):
        check(f"https://{bracketed}/file", "https://example.net/f", direct=direct)


@pytest.mark.parametrize(
    "host", ["example.net", "1.1.1.1", "[2606:4700::1111]", "[64:ff9b::101:101]"]
)
def test_the_internet_is_asked(host: str) -> None:
    check(f"https://{host}/file")
    check(f"https://{host}:5443/file?a=b", "https://example.com/f")


@pytest.mark.parametrize(
    'url', ['http://example.net/f', 'ftp://example.net/f', 'https://a@example.net/f',
            'https://example.net:80/f', 'file:///etc/passwd', '', 'https:///f']
)  # fmt: skip
def test_case_42_nothing_but_https(url: str) -> None:
    with pytest.raises(AddressRefused):
        check(url, "https://example.net/file")


def test_case_42_into_and_out_of_tor() -> None:
    check(ONION, direct=False)
    check(ONION, ONION, direct=False)
    outside = "https://example.net/f"
    for url, before in [(ONION, outside), (outside, ONION)]:
        with pytest.raises(AddressRefused):
            check(url, before, direct=False)


def test_case_42_no_onion_without_a_proxy() -> None:
    # Its name would be asked of a name server
    with pytest.raises(AddressRefused):
        check(ONION)


def test_the_own_server_may_be_in_the_local_network() -> None:
    check_resolved("https://files.example.org/f", "192.168.1.5", OWN, redirected=False)
    check_address("https://files.nas/f", ["nas"], before=None, direct=True)
    for url in ("https://example.net/f", "https://notexample.org/f"):
        with pytest.raises(AddressRefused):
            check_resolved(url, "192.168.1.5", OWN, redirected=False)
        check_resolved(url, "1.1.1.1", OWN, redirected=False)


def test_case_42_no_redirect_to_the_own_server_in_the_local_network() -> None:
    with pytest.raises(AddressRefused):
        check_resolved("https://example.org/f", "127.0.0.1", OWN, redirected=True)
    with pytest.raises(AddressRefused):
        check_address("https://nas/f", ["nas"], before="https://a.net/", direct=True)
    check_address("https://nas/g", ["nas"], before="https://nas/f", direct=True)


@pytest.mark.parametrize(
    ("location", "result"),
    [
        ("/g", "https://a.net/g"),
        ("https://b.net/x#secret", "https://b.net/x"),
        ("//b.net/x", "https://b.net/x"),
        ("g", "https://a.net/g"),
    ],
)
def test_redirects(location: str, result: str) -> None:
    assert redirected("https://a.net/f", location) == result


def test_case_42_a_redirect_to_no_address() -> None:
    with pytest.raises(AddressRefused):
        redirected("https://a.net/f", "https://[::1")
