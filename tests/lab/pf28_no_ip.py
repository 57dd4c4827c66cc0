#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-28: what is no IP crosses no gate; a segment that becomes a bridge's port is taken out."""
import struct
import time

from sekisho_lab import case, drifting, frames, netns, policy
from sekisho_lab.gate import Gate, Shot, check

LLDP, STP = b"\x01\x80\xc2\0\0\x0e", b"\x01\x80\xc2\0\0\0"
EVERYBODY = b"\xff" * 6


def arp(gate):
    sender, target = policy.addr(4, "za", 2), policy.addr(4, "zb", 2)
    return struct.pack("!HHBBH6sI6sI", 1, 0x800, 6, 4, 1,
                       gate.model.segments[0].router_mac, sender, b"\0" * 6, target)


def tagged(gate, *ids):
    """A permitted opening behind unknown tags; without the outer EtherType."""
    shot = gate.opening(4, ("za", 2), ("zb", 2), frames.UDP, policy.CONTROL_PORT)
    body = struct.pack("!H", 0x800) + shot.packet
    for n, id_ in enumerate(reversed(ids)):
        body = struct.pack("!H", id_) + body
        if n < len(ids) - 1:
            body = struct.pack("!H", 0x8100) + body
    return body


def shots(gate):
    def shot(payload, ethertype, mac=None):
        return Shot(0, 4, payload, None, mac, ethertype)
    bpdu = b"\x42\x42\x03" + b"\0" * 35
    return [
        shot(arp(gate), 0x806, EVERYBODY), shot(arp(gate), 0x806),
        shot(tagged(gate, 4000), 0x8100), shot(tagged(gate, 4000, 10), 0x88a8),
        shot(b"\x02\x07\x04" + b"\0" * 40, 0x88cc, LLDP), shot(bpdu, 38, STP),
        shot(b"not the canary" + b"\0" * 40, 0x88b5, EVERYBODY),
        shot(b"\0" * 46, 0x88b5),
    ]


def nothing_crosses(gate, what):
    for family in case.FAMILIES:
        came = gate.passed(shots(gate), family)
        # the gateway's own asking for neighbours looks like what was sent
        own = {s.gateway_mac for s in gate.model.segments}
        case.nothing(gate, [s for s in came if s.frame[6:12] not in own or
                            b"not the canary" in s.frame], what)


def bridged(gate):
    """Two zones on one bridge: taken apart at once, and told."""
    drifting.shell(gate, "ip link add br7 type bridge", "ip link set br7 up",
                   "ip link set za0 master br7", "ip link set zb0 master br7")
    def apart():
        run = netns.run(netns.gateway(gate.prefix), "ls", "/sys/class/net/br7/brif")
        links = netns.run(netns.gateway(gate.prefix), "ip", "-o", "link").stdout
        return run.returncode != 0 or "master br7" not in links
    check(drifting.wait_until(apart, 1.0, 0.005), "the bridge keeps its ports")
    told = drifting.wait_drift(gate, "DR-10 z", 2, 2.0)
    check(all(r["event"]["outcome"] == "success" for r in told), told)
    nothing_crosses(gate, "after the bridge")
    drifting.stays_shut(gate, 43000)
    drifting.shell(gate, "ip link del br7")


def run():
    text = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])])
    with Gate(text) as gate:
        nothing_crosses(gate, "what is no IP")
        start = time.monotonic()
        bridged(gate)
        took = time.monotonic() - start
    return "%d kinds, and a bridge (%.1f s)" % (8, took)


case.main("PF-28", run)
