#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-15: permit-all, unspecified and reserved addresses, as source and as destination.

Controls: a DHCP DISCOVER and a duplicate address detection are handled, not accused.
"""
import struct

from sekisho_lab import address, case, frames, policy, sources
from sekisho_lab.gate import Gate, Shot, check

BAD = ["0.0.0.0", "0.1.2.3", "240.0.0.1", "255.255.255.254",
       "::", "4000::1", "fec0::1", "::ffff:10.1.0.2", "::ffff:8.8.8.8"]


def to_bad(gate, port):
    shots = []
    for n, text in enumerate(BAD):
        family, dst = address.parse(text)
        packet = frames.opening(family, policy.addr(family, "za", 2), dst, frames.UDP, 48001,
                                port + n, gate.tag())
        shots.append(Shot(0, family, packet))
    return shots


def innocents(gate):
    """What a host says before it has an address."""
    discover = frames.udp(4, 0, 0xFFFFFFFF, 68, 67, b"\x01\x01\x06\x00" + bytes(296))
    yield Shot(0, 4, frames.ipv4(0, 0xFFFFFFFF, frames.UDP, discover), dst_mac=b"\xff" * 6)
    target = address.parse("fe80::1234")[1]
    group = address.parse("ff02::1:ff00:1234")[1]
    body = frames.icmp(6, 0, group, 135, 0, bytes(4), address.pack(6, target))
    yield Shot(0, 6, frames.ipv6(0, group, frames.ICMPV6, body, hop_limit=255),
               dst_mac=b"\x33\x33" + struct.pack("!I", group & 0xFFFFFFFF))


def run():
    with Gate(policy.permit_all()) as gate:
        sources.open_everything(gate)
        shots = sources.shots_from(gate, BAD, 6100)
        sources.none_passes(gate, shots, range(6100, 6100 + len(BAD)), "reserved source")
        shots = to_bad(gate, 6200)
        sources.none_passes(gate, shots, range(6200, 6200 + len(BAD)), "reserved destination")
        count = len(gate.violations())
        for shot in innocents(gate):
            came = gate.passed([shot], shot.family)
            case.nothing(gate, came, "what a host says before it has an address")
        accused = gate.wait_for(lambda r: True, count + 1, seconds=1.0)[count:]
        check(not accused, "DHCP or duplicate address detection was accused: %s"
              % [r["message"] for r in accused])
    return "%d addresses both ways" % len(BAD)


case.main("PF-15", run)
