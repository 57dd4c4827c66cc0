# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses as (family, number): small, fast, and independent of the C code."""
import functools
import ipaddress
import socket

AF = {4: socket.AF_INET, 6: socket.AF_INET6}
BITS = {4: 32, 6: 128}


def parse(text):
    a = ipaddress.ip_address(text)
    return a.version, int(a)


@functools.lru_cache(maxsize=1 << 16)
def parse_range(text):
    """"a", "a/len" or "a-b" -> (family, first, last)."""
    if "-" in text:
        first, last = (parse(part) for part in text.split("-"))
        return first[0], first[1], last[1]
    if "/" not in text:
        family, value = parse(text)
        return family, value, value
    net = ipaddress.ip_network(text, strict=True)
    return net.version, int(net[0]), int(net[-1])


def pack(family, value):
    return value.to_bytes(BITS[family] // 8, "big")


def unpack(data):
    return (4 if len(data) == 4 else 6), int.from_bytes(data, "big")


def show(family, value):
    return socket.inet_ntop(AF[family], pack(family, value))


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return data.hex(":")


# What no gateway may pass on as source or destination: RFC 6890 tables 1, 2, 5
# and 6 (this network, loopback, link-local, reserved) and group addresses;
# of IPv6 everything outside 2000::/3, fc00::/7 and 64:ff9b::/96 (RFC 4291 2.4).
def _ranges(*texts):
    return [parse_range(text) for text in texts]


NEVER_FORWARDED = _ranges("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                          "240.0.0.0/4", "::/128", "::1/128", "::ffff:0:0/96",
                          "4000::/2", "8000::/2", "c000::/3", "e000::/4", "f000::/5",
                          "f800::/6", "fe00::/7")


def never_forwarded(family, value):
    return any(f == family and first <= value <= last
               for f, first, last in NEVER_FORWARDED)
