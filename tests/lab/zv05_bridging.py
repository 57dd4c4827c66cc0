#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-05: a machine that joins two zones behind the gateway. Silent: what the gateway forwards
itself, retransmissions, a router's many addresses, a single spoofed packet."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate


def packet(gate, segment, family, hops, host, sport=45000):
    """The same packet from host to zc, with so many hops left, on a segment."""
    src, dst = policy.addr(family, "za", host), policy.addr(family, "zc", 2)
    body = frames.tcp(family, src, dst, sport, 8100, 1)
    gate.fire([signs.shot(segment, family, src, dst, frames.TCP, body,
                          **signs.ttl(family, hops))])


def look_alikes(gate):
    for n, family in enumerate(case.FAMILIES):
        gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 31000 + n)
        packet(gate, 0, family, 64, 5)
        packet(gate, 0, family, 64, 5)
        for host in range(2, 12):       # all of them behind the router of za
            packet(gate, 0, family, 64, host)
    gate.fire([gate.opening(4, ("zc", 7), ("zb", 2), frames.TCP, 8100, 45100,
                            mac=gate.model.segments[0].router_mac)])


def copies(gate):
    for n, family in enumerate(case.FAMILIES):
        # the reports of one pair of wires fold: each family takes another pair of them
        packet(gate, 0, family, 64, 20 + n, 45200)
        packet(gate, 2 - n, family, 63, 20 + n, 45200)
        signs.told(gate, "ZV-05", "IPv%d copy" % family, n + 1, "bridging", "the same packet")


def two_addresses(gate):
    for n, family in enumerate(case.FAMILIES):
        mac = bytes((2, 0x77, 0, 0, 1, family))
        for zone, host in (("za", 6), ("zc", 6), ("za", 6), ("zc", 7)):
            gate.fire([gate.opening(family, (zone, host), ("zb", 2), frames.TCP, 8100, 45300,
                                    mac=mac)])
        signs.told(gate, "ZV-05", "IPv%d addresses" % family, n + 1, "bridging",
                   "uses addresses of za and of zc")


def own_frame_comes_back(gate):
    mac = gate.model.segments[0].gateway_mac
    gate.fire([signs.arp(2, 1, policy.a4(1, 1), mac, policy.a4(1, 9))])
    signs.told(gate, "ZV-05", "own frame", 1, "bridging", "frames that the gateway sent to za0")


def run():
    with Gate(signs.build()) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-05", "routers and repetitions")
        copies(gate)
        two_addresses(gate)
        own_frame_comes_back(gate)


case.main("ZV-05", run)
