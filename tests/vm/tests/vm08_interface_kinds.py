#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-03: the same rules on a bond, on a bridge with ports below it, and on a VLAN.

Interfaces in a VRF: packets reach the gate under the VRF's name, which is no segment's. So
nothing at all passes, and the record says why.
"""
from sekisho_lab import address, case, drifting, frames, netns, policy
from sekisho_lab.gate import Gate, check

VLAN_ID = 30
POLICY = policy.build([policy.permit("AB", ["a"], ["b"], ["web"]),
                       policy.permit("BC", ["b"], ["c"], ["web"]),
                       policy.permit("CA", ["c"], ["a"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])
WAYS = (("za", "zb"), ("zb", "zc"), ("zc", "za"))
INDEX = {"za": 0, "zb": 1, "zc": 2}


def links(model, prefix):
    """za0: a bond of one line; zb0: a bridge of one port; zc0: a VLAN."""
    gw = netns.gateway(prefix)
    kinds = ("type bond mode active-backup miimon 100", "type bridge", None)
    for s, kind in zip(model.segments, kinds):
        far, lower = netns.far(prefix, s.index), "p%d" % s.index
        mac, router = address.mac_text(s.gateway_mac), address.mac_text(s.router_mac)
        end = netns.FAR if kind else "trunk"
        netns.ip_batch(["link add %s netns %s type veth peer name %s netns %s"
                        % (lower, gw, end, far)])
        if kind:
            netns.ip_batch(["link set %s address %s" % (end, router)], far)
            netns.ip_batch(["link add %s address %s %s" % (s.interface, mac, kind),
                            "link set %s master %s" % (lower, s.interface),
                            "link set %s up" % lower], gw)
        else:
            for name, low, own, text in ((gw, lower, s.interface, mac),
                                         (far, end, netns.FAR, router)):
                netns.ip_batch(["link set %s up" % low,
                                "link add link %s name %s address %s type vlan id %d"
                                % (low, own, text, VLAN_ID)], name)


class KindGate(Gate):
    links = staticmethod(links)


def enforced(gate, family, sport):
    for src, dst in WAYS:
        ends = (INDEX[src], INDEX[dst])
        gate.exchange(family, frames.TCP, 80, sport, (src, 2), (dst, 2), ends)
        shots = [gate.opening(family, (src, 2), (dst, 2), frames.TCP, 81, sport, ends[0]),
                 gate.opening(family, (dst, 2), (src, 2), frames.TCP, 80, sport, ends[1]),
                 # the right source on another interface
                 gate.opening(family, (src, 2), (dst, 2), frames.TCP, 80, sport + 1,
                              3 - sum(ends))]
        case.nothing(gate, gate.passed(shots, family), "IPv%d %s to %s" % (family, src, dst))


def vrf(gate):
    """Both ends in one VRF, which forwards between them."""
    drifting.shell(gate, "ip link add vrf1 type vrf table 100", "ip link set vrf1 up",
                   "ip link set za0 master vrf1", "ip link set zb0 master vrf1")
    gate.know_neighbours()
    stopped = gate.stopped()
    gate.wire.drain()
    shots = [gate.opening(4, ("za", 2), ("zb", 2), frames.TCP, port, 45000) for port in (80, 81)]
    gate.fire(shots * 3)
    came = [s for s in gate.wire.receive(0.7) if gate.crossed(s)]
    case.nothing(gate, came, "in a VRF")
    check(gate.stopped() > stopped, "the gate did not see what came in a VRF")
    drifting.wait_drift(gate, "DR-11", 2, 12.0)


def run():
    with KindGate(POLICY) as gate:
        for family in case.FAMILIES:
            enforced(gate, family, 44000)
        leaks = [r for r in gate.violations() if r["event"]["action"] == "leak"]
        check(not leaks, "recorded as leak: %r" % leaks[:1])
        tap = gate.status()["watch"]
        check(tap["balanced"], "the ledgers do not balance")
    with Gate(POLICY) as gate:
        vrf(gate)
    return "bond, bridge and VLAN enforced; in a VRF nothing passes"


case.main("PF-03", run)
