#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-02: a leak by each path that a gateway can be made to have: each one is on record.

The gate is opened behind the agent's back, or traffic control carries frames past it. A
path shows nothing unless the packet really came out on the other side, so that is asked
first. Tunnels come twice: between hosts that may not talk at all, and between hosts that
may (their outer packet is permitted), where only the inner packet gives them away.
"""
import struct
import time

from sekisho_lab import address, case, frames, netns, policy
from sekisho_lab.gate import Failed, Gate, Shot, check

VXLAN, VXLAN_PORT = 0x08000000, 4789
IPIP, SIXIN4 = 4, 41
POLICY = policy.build(
    [policy.permit("TUN", ["a"], ["b"], ["gre", "ipip", "sixin4", "vxlan"]),
     policy.permit("WEB", ["a"], ["c"], ["web", "dns"])],
    [policy.service("gre", "47"), policy.service("ipip", str(IPIP)),
     policy.service("sixin4", str(SIXIN4)), policy.service("vxlan", "udp", ["4789"]),
     policy.service("web", "tcp", ports=["80"]), policy.service("dns", "udp", ports=["53"])])


class Paths:
    def __init__(self, gate):
        self.gate, self.port = gate, 9000

    def next_port(self):
        self.port += 1
        return self.port

    def inner(self, family, port):
        """What must not cross: a to c, which only WEB connects."""
        src, dst = policy.addr(family, "za", 2), policy.addr(family, "zc", 2)
        return frames.ip(family, src, dst, frames.UDP,
                         frames.udp(family, src, dst, 40000, port, b"sekl" + bytes(4)))

    def send(self, packets, out, family=4, ethertype=None, segment=0, least=None):
        """Fire; True when as many frames came out on the segment "out", or "least"."""
        least = least or len(packets)
        gate = self.gate
        gate.wire.drain()
        gate.fire([Shot(segment, family, p, ethertype=ethertype) for p in packets])
        until, came = time.monotonic() + 1, 0
        while came < least and time.monotonic() < until:
            came += sum(1 for seen in gate.wire.receive(0.02)
                        if seen.segment == out and gate.crossed(seen))
        return came >= least

    def recorded(self, what, port, family=4, src=("za", 2), dst=("zc", 2)):
        """A violation between these hosts at this port; as a leak, or inside a tunnel."""
        ends = [address.show(family, policy.addr(family, *end)) for end in (src, dst)]
        found = self.gate.wait_for(
            lambda r: r.get("source", {}).get("ip") == ends[0]
            and r.get("destination", {}).get("ip") == ends[1]
            and port in (None, r["destination"].get("port"))
            and r["event"]["action"] in ("leak", "tunnel"), 1, grace=0)
        check(found, "%s: crossed and is not on record" % what)
        return found[0]


# ---- plain --------------------------------------------------------------------------

def plain(paths):
    for family in case.FAMILIES:
        port = paths.next_port()
        check(paths.send([paths.inner(family, port)], 2, family), "IPv%d did not leak" % family)
        record = paths.recorded("IPv%d" % family, port, family)
        case.equal(record["event"]["action"], "leak", "IPv%d" % family)


def fragments(paths):
    """Three of each: the later ones have no ports of their own."""
    for family in case.FAMILIES:
        port = paths.next_port()
        src, dst = policy.addr(family, "za", 2), policy.addr(family, "zc", 2)
        body = frames.udp(family, src, dst, 40000, port, bytes(1400))
        pieces = frames.fragments(family, src, dst, frames.UDP, body, 512, 0x7100 + port)
        # put together by conntrack, and cut again on the way out, as it likes
        check(paths.send(pieces, 2, family, least=1), "IPv%d fragments did not leak" % family)
        paths.recorded("IPv%d fragments" % family, port, family)


def proxy_arp(paths):
    """The gateway answers for hosts of the other zone; then they are sent to by their name."""
    gate = paths.gate
    gate.in_gateway(("ipv4/conf/za0/proxy_arp", 1), ("ipv4/neigh/za0/proxy_delay", 0))
    s = gate.model.segments[0]
    asked, asker = policy.addr(4, "zc", 2), policy.addr(4, "za", 2)
    request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, s.router_mac,
                          address.pack(4, asker), bytes(6), address.pack(4, asked))
    gate.wire.drain()
    gate.fire([Shot(0, 4, request, dst_mac=b"\xff" * 6, ethertype=0x0806)])
    answers = [x for x in gate.wire.receive(0.5) if x.segment == 0
               and x.frame[12:14] == b"\x08\x06" and x.frame[28:32] == address.pack(4, asked)]
    check(answers, "the gateway does not answer for the other zone")
    port = paths.next_port()
    shot = Shot(0, 4, paths.inner(4, port), dst_mac=answers[0].frame[6:12])
    gate.fire([shot])
    paths.recorded("ARP proxy", port)


def returned(paths):
    """An answer to nothing: it looks like the return of a flow that a permit opens.

    Not of TCP: there a segment that is no lone SYN opens nothing, for the other end resets
    what it did not ask for, and no memory is kept (docs/man/sekishod.8).
    """
    for family in case.FAMILIES:
        src, dst = policy.addr(family, "zc", 2), policy.addr(family, "za", 2)
        port = paths.next_port()
        body = frames.udp(family, src, dst, 53, port, b"sekl" + bytes(4))
        check(paths.send([frames.ip(family, src, dst, frames.UDP, body)], 0, family, segment=2),
              "IPv%d: the return did not leak" % family)
        paths.recorded("IPv%d established return" % family, port, family, ("zc", 2), ("za", 2))


# ---- tunnels ------------------------------------------------------------------------

def tunnels(paths, port):
    """name, protocol of the outer IPv4, its payload, family of the inner packet."""
    four, six = paths.inner(4, port), paths.inner(6, port)
    ether = frames.ethernet(b"\2" * 6, b"\4" * 6, 4, four)
    return (("GRE", frames.GRE, struct.pack("!HH", 0, 0x0800) + four, 4),
            ("IPIP", IPIP, four, 4), ("6in4", SIXIN4, six, 6),
            ("VXLAN", frames.UDP, struct.pack("!II", VXLAN, 7 << 8) + ether, 4))


def outer(protocol, payload, dst):
    a, b = policy.addr(4, "za", 2), policy.addr(4, dst, 2)
    if protocol == frames.UDP:
        payload = frames.udp(4, a, b, 40000, VXLAN_PORT, payload)
    return frames.ip(4, a, b, protocol, payload)


def tunnels_between_strangers(paths):
    for name, protocol, payload, _ in tunnels(paths, paths.next_port()):
        check(paths.send([outer(protocol, payload, "zc")], 2), name + " did not leak")
        number = str(protocol)
        found = paths.gate.wait_for(
            lambda r, n=number: r.get("network", {}).get("iana_number") == n
            and r["event"]["action"] == "leak"
            and r["destination"].get("port") in (None, VXLAN_PORT), 1, grace=0)
        check(found, name + ": crossed and is not on record")


def tunnel_between_friends(paths, n):
    port = paths.next_port()
    name, protocol, payload, family = tunnels(paths, port)[n]
    check(paths.send([outer(protocol, payload, "zb")], 1), name + " did not pass")
    paths.recorded("inside a permitted " + name, port, family)


# ---- past the gate ------------------------------------------------------------------

def permitted_under_a_tag(paths):
    """WEB would let it pass, if it had not come and left by a VLAN that is no segment."""
    for family in case.FAMILIES:
        src, dst = policy.addr(family, "za", 2), policy.addr(family, "zc", 2)
        syn = frames.ip(family, src, dst, frames.TCP,
                        frames.tcp(family, src, dst, 40000, 80, 7, 0, frames.SYN, b""))
        tag = struct.pack("!HH", 20, frames.ETHERTYPE[family])
        what = "IPv%d, permitted, under a tag" % family
        check(paths.send([tag + syn], 2, family, ethertype=0x8100), what + ": did not leak")
        record = paths.recorded(what, 80, family)
        case.equal((record["network"]["vlan"]["id"], record["rule"]["id"]), ("20", "ZV-03"), what)
        check("VLAN 20 is no segment here" in record["event"]["reason"],
              "%s: says %r" % (what, record["event"]["reason"]))


def carried_past(paths):
    """tc carries every frame of za over to zc: tagged, and with what no gate can read."""
    gw = netns.gateway(paths.gate.prefix)
    for command in ("tc qdisc add dev za0 handle ffff: ingress",
                    "tc filter add dev za0 parent ffff: protocol all u32 match u32 0 0 "
                    "action mirred egress redirect dev zc0"):
        run = netns.run(gw, *command.split())
        check(run.returncode == 0, command + ": " + run.stderr)
    port = paths.next_port()
    check(paths.send([paths.inner(4, port)], 2), "tc: the packet did not leak")
    paths.recorded("tc redirect", port)
    port = paths.next_port()
    tagged = struct.pack("!HH", 100, 0x0800) + paths.inner(4, port)
    check(paths.send([tagged], 2, ethertype=0x8100), "tc: the tagged frame did not leak")
    case.equal(paths.recorded("VLAN", port)["network"]["vlan"]["id"], "100", "VLAN on record")
    permitted_under_a_tag(paths)
    check(paths.send([b"nobody reads this" * 4], 2, ethertype=0x88B6),
          "tc: the frame without IP did not leak")
    found = paths.gate.wait_for(lambda r: r["sekisho"].get("ethertype") == "0x88b6", 1, grace=0)
    check(found and found[0]["event"]["action"] in ("leak", "unclassifiable"),
          "a frame without IP: crossed and is not on record")


def run():
    with Gate(POLICY) as gate:
        paths, missed = Paths(gate), []
        friends = [lambda p, n=n: tunnel_between_friends(p, n) for n in range(4)]
        steps = (plain, fragments, proxy_arp, returned, tunnels_between_strangers,
                 *friends, carried_past)
        with gate.opened():
            for step in steps:
                try:
                    step(paths)
                except Failed as e:
                    missed.append(str(e))
        check(not missed, "; ".join(missed))
        time.sleep(1)
        check(gate.status()["watch"]["balanced"], "the ledgers do not balance")
    return "%d kinds of path" % len(steps)


case.main("WA-02", run)
