#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-33: interfaces renamed, deleted, added again, and new ones: what is not permitted stays out."""
import socket

from sekisho_lab import case, drifting, frames, netns, policy, wire
from sekisho_lab.gate import Gate, check

NEW = "new7"


def denied(gate, what):
    """Openings that the policy permits by address, from a place that it does not know."""
    for family in case.FAMILIES:
        shot = gate.opening(family, ("zc", 2), ("zb", 2), frames.TCP, 80)
        shot.segment = 2
        case.nothing(gate, gate.passed([shot], family, wait=0.1), what)


def renamed(gate):
    """Under another name the segment's interface is a stranger."""
    drifting.shell(gate, "ip link set zc0 down", "ip link set zc0 name other7",
                   "ip link set other7 up", "ip addr replace 10.3.0.1/24 dev other7")
    drifting.wait_drift(gate, "DR-18 zc0")
    drifting.wait_drift(gate, "DR-17 other7")
    denied(gate, "from the renamed interface")
    case.equal(drifting.doctor(gate), (2, {"DR-18": ["zc0"], "DR-17": ["other7"]}), "doctor")
    drifting.shell(gate, "ip link set other7 down", "ip link set other7 name zc0",
                   "ip link set zc0 up", "ip addr replace 10.3.0.1/24 dev zc0",
                   "ip -6 addr replace 2001:db8:3::1/64 dev zc0 nodad")
    drifting.wait_drift(gate, "DR-18 is over")


def works_again(gate):
    """The permit from zc holds on the interface that has the name again."""
    gate.know_hosts()
    for family in case.FAMILIES:
        gate.exchange(family, frames.TCP, 443, 45000, src=("zc", 2), segments=(2, 1))


def new_one(gate):
    """A new interface with a zone's addresses behind it: denied, and told."""
    far = netns.far(gate.prefix, 2)
    drifting.shell(gate, "ip link add %s type veth peer name far7" % NEW,
                   "ip link set far7 netns " + far, "ip link set %s up" % NEW,
                   "ip addr add 10.3.0.1/24 dev %s" % NEW)
    netns.run(far, "ip", "link", "set", "far7", "up")
    drifting.wait_drift(gate, "DR-17 " + NEW)
    mac = netns.run(netns.gateway(gate.prefix), "cat", "/sys/class/net/%s/address" % NEW).stdout
    shots = []
    for family in case.FAMILIES:
        shot = gate.opening(family, ("zc", 2), ("zb", 2), frames.TCP, 443, sport=46000)
        shots.append(frames.ethernet(bytes.fromhex(mac.strip().replace(":", "")),
                                     gate.model.segments[2].router_mac, family, shot.packet))
    with netns.inside(far), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind(("far7", 0))
        for frame in shots:
            s.send(frame)
    for family in case.FAMILIES:
        case.nothing(gate, gate.passed([], family), "from the new interface")
    drifting.shell(gate, "ip link del " + NEW)
    drifting.wait_drift(gate, "DR-17 is over")


def added_again(gate):
    """Deleted and made anew under its name: it is the segment's again."""
    far = netns.far(gate.prefix, 2)
    mac = gate.model.segments[2].gateway_mac.hex(":")
    router = gate.model.segments[2].router_mac.hex(":")
    drifting.shell(gate, "ip link del zc0")
    drifting.wait_drift(gate, "DR-18 zc0", 2)
    drifting.shell(gate, "ip link add zc0 address %s type veth peer name lab0 address %s netns %s"
                   % (mac, router, far), "ip link set zc0 up", "ip addr add 10.3.0.1/24 dev zc0",
                   "ip -6 addr add 2001:db8:3::1/64 dev zc0 nodad")
    netns.run(far, "sysctl", "-qw", "net.ipv6.conf.lab0.disable_ipv6=1")
    netns.run(far, "ip", "link", "set", "lab0", "up")
    gate.wire.close()
    gate.wire = wire.Wire(gate.model, gate.prefix)
    drifting.wait_drift(gate, "DR-18 is over", 2)


def run():
    text = policy.build([policy.permit("C", ["c"], ["b"], ["tls"])],
                        [policy.service("tls", "tcp", ports=["443"])])
    with Gate(text) as gate:
        works_again(gate)
        renamed(gate)
        works_again(gate)
        new_one(gate)
        added_again(gate)
        works_again(gate)
        check(drifting.wait_until(lambda: gate.status()["problem"] is None, 3),
              "a problem that stays: %s" % gate.status()["problem"])
    return "renamed, new, deleted and made anew "


case.main("PF-33", run)
