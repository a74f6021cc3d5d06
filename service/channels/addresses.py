"""Which addresses a webhook may be sent to: public ones, and networks that the operator names.

What a name resolves to is judged, never the name: ``localhost``, ``2130706433`` and a public name
that points inside are the same thing here. The list is our own: what Python calls private has
changed between its releases.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from matcher.errors import InputError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_INSIDE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers; Alibaba's metadata service is 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's metadata service, in public space
        "169.254.0.0/16",  # link-local, and the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo among others: an IPv4 address inside
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)
# Outside of it nothing of IPv6 is public: loopback, ULA, link-local, NAT64 and their like.
_PUBLIC_V6 = IPv6Network("2000::/3")
_WIDEST = {4: 8, 6: 7}


def parse_network(text: str) -> Network:
    """Return the network that an operator opens.

    >>> parse_network("10.20.0.0/16")
    IPv4Network('10.20.0.0/16')

    Raises:
        InputError: it is none, or so wide that it would open everything.
    """
    cure = "name the network of the receiver"
    try:
        network = ip_network(text)
    except ValueError as error:
        raise InputError(
            f"found network {text!r} ({error})", "10.20.0.0/16 or such", cure
        ) from None
    if network.prefixlen < _WIDEST[network.version]:
        raise InputError(
            f"found network {text!r}", "a part of the address space, not most of it", cure
        )
    return network


def is_named(address: str, opened: Sequence[Network]) -> bool:
    """Return whether the operator named a network of the address.

    >>> is_named("::ffff:10.1.2.3", [parse_network("10.0.0.0/8")]), is_named("8.8.8.8", [])
    (True, False)
    """
    found = _parsed(address)
    return any(found in network for network in opened if network.version == found.version)


def is_allowed(address: str, opened: Sequence[Network]) -> bool:
    """Return whether a message may be sent to the address, as ``getaddrinfo`` tells it.

    >>> is_allowed("127.0.0.1", []), is_allowed("127.0.0.1", [parse_network("127.0.0.0/8")])
    (False, True)
    >>> is_allowed("::ffff:10.0.0.1", []), is_allowed("2606:4700::1111", [])
    (False, True)
    """
    found = _parsed(address)
    if is_named(address, opened):
        return True
    if isinstance(found, IPv6Address) and found not in _PUBLIC_V6:
        return False
    return not any(found in network for network in _INSIDE if network.version == found.version)


def _parsed(address: str) -> Address:
    found = ip_address(address.partition("%")[0])  # a zone (fe80::1%eth0) is no part of it
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped  # the system connects to that one
    return found
