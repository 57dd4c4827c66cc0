#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-02 (PF-28): unknown tags, tags in tags and what is no IP cross nothing."""
import struct
import time

from sekisho_guest.trunk import ETH_P_8021AD, ETH_P_8021Q, TrunkGate, vlan
from sekisho_lab import address, case, frames, policy
from sekisho_lab.gate import Gate, check

ARP, LLDP, LOCAL = 0x0806, 0x88CC, 0x88B5
BROADCAST = b"\xff" * 6
GROUP = bytes.fromhex("0180c200000e"), bytes.fromhex("0180c2000000")
UNKNOWN = 99
PORTS = 8600, 8699
POLICY = policy.build([policy.permit("TAG", ["a"], ["b"], ["tagged"])],
                      [policy.service("tagged", "udp", ports=["%d-%d" % PORTS])])


def permitted(gate, family, port=policy.CONTROL_PORT):
    """A packet that would pass, were it not for its tags."""
    return gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, port, 47000).packet


def arp(source, target):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes(6) \
        + address.pack(4, policy.addr(4, *source)) + bytes(6) \
        + address.pack(4, policy.addr(4, *target))


def no_ip(gate):
    """(EtherType, payload, destination): questions of one zone about another, and noise."""
    mac = gate.model.segments[0].gateway_mac
    yield ARP, arp(("za", 2), ("zb", 2)), BROADCAST
    yield LLDP, bytes(60), GROUP[0]
    yield 0x0026, bytes.fromhex("424203") + bytes(35), GROUP[1]      # spanning tree, 802.3
    yield LOCAL, bytes(60), mac
    yield LOCAL, bytes(60), BROADCAST


def nothing_came(gate, what):
    time.sleep(0.3)
    came = [s for s in gate.wire.receive(0.05) if gate.crossed(s)]
    case.nothing(gate, came, what)


def on_trunk(gate):
    """Tags of no segment, and a segment's tag around another's."""
    to = gate.model.segments[0].gateway_mac
    for family in case.FAMILIES:
        ether = frames.ETHERTYPE[family]
        for tags in ([], [(ETH_P_8021Q, UNKNOWN)], [(ETH_P_8021Q, 0)],
                     [(ETH_P_8021AD, vlan(0))],
                     [(ETH_P_8021Q, UNKNOWN), (ETH_P_8021Q, vlan(0))],
                     [(ETH_P_8021Q, vlan(0)), (ETH_P_8021Q, vlan(1))],
                     [(ETH_P_8021AD, vlan(0)), (ETH_P_8021Q, vlan(0))]):
            gate.wire.drain()
            gate.say_tagged(tags, ether, permitted(gate, family), to)
            nothing_came(gate, "IPv%d with tags %s" % (family, tags))
        gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 47100)


def told(gate, port, tag, interface):
    """The one record of a permitted packet under a tag, and what it says of the tag."""
    found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == port, 1)
    case.equal([(r["rule"]["id"], r["network"].get("vlan", {}).get("id"),
                 r["observer"]["ingress"]["interface"]["name"]) for r in found],
               [("ZV-03", str(tag), interface)], "the record of port %d" % port)
    check("VLAN %d is no segment here" % tag in found[0]["event"]["reason"],
          "the record of port %d says %r" % (port, found[0]["event"]["reason"]))


def tag_in_tag(gate, port):
    """Reaches the outer tag's segment and its tap, with the inner tag."""
    first = gate.model.segments[0]
    for n, family in enumerate(case.FAMILIES):
        gate.say_tagged([(ETH_P_8021Q, vlan(0)), (ETH_P_8021Q, vlan(1))],
                        frames.ETHERTYPE[family], permitted(gate, family, port + n),
                        first.gateway_mac)
        told(gate, port + n, vlan(1), first.interface)


def on_segments(gate, port):
    for kind, payload, to in no_ip(gate):
        gate.wire.drain()
        gate.wire.send(0, payload, gate.model.segments[0].router_mac, 4, to, kind)
        nothing_came(gate, "EtherType %#06x" % kind)
    first = gate.model.segments[0]
    for n, family in enumerate(case.FAMILIES):
        tag = struct.pack("!HH", UNKNOWN, frames.ETHERTYPE[family])
        for kind in (ETH_P_8021Q, ETH_P_8021AD):
            gate.wire.drain()
            gate.wire.send(0, tag + permitted(gate, family, port + n), first.router_mac,
                           family, first.gateway_mac, kind)
            nothing_came(gate, "IPv%d with tag %d" % (family, UNKNOWN))
        told(gate, port + n, UNKNOWN, first.interface)


def no_leak(gate):
    leaks = [r for r in gate.violations() if r["event"]["action"] == "leak"]
    check(not leaks, "recorded as leak: %r" % leaks[:1])


def run():
    with TrunkGate(POLICY) as gate:
        on_trunk(gate)
        tag_in_tag(gate, 8600)
        on_segments(gate, 8610)
        no_leak(gate)
    with Gate(POLICY) as gate:      # wires without VLAN devices
        on_segments(gate, 8620)
        no_leak(gate)
    return "trunk and plain wires"


case.main("VM-02", run)
