#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-01: segments that are VLANs of one trunk are kept apart like any others.

Twice: with a trunk that is no segment, and with the native VLAN, the trunk itself, as one.
Then its tap sees all other segments' frames, too: they are theirs to be judged.
"""
import time

from sekisho_guest.trunk import ETH_P_8021Q, WIRE, TrunkGate, vlan
from sekisho_lab import case, frames, netns, policy
from sekisho_lab.gate import check

LATE, LATE_NAME = 40, WIRE + ".40"      # a VLAN device that comes and goes
POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                       policy.permit("NAT", ["c"], ["b"], ["native"])],
                      [policy.service("web", "tcp", ports=["80"]),
                       policy.service("native", "udp", ports=["90-99"])])


def denied(gate, family):
    a, b, c = ("za", 2), ("zb", 2), ("zc", 2)
    shots = [gate.opening(family, a, b, frames.TCP, 81, 46000),
             gate.opening(family, a, c, frames.TCP, 82, 46000),
             gate.opening(family, b, a, frames.TCP, 83, 46000, 1),
             # the source of one VLAN on another
             gate.opening(family, a, b, frames.TCP, 80, 46001, 2)]
    case.nothing(gate, gate.passed(shots, family), "IPv%d" % family)
    return {81: (0, 1), 82: (0, 2), 83: (1, 0), 80: (2, 1)}


def records(gate, family, ways):
    """One record each, with the VLAN interfaces it came by and was bound for."""
    name = [s.interface for s in gate.model.segments]
    want = "ipv%d" % family
    found = gate.wait_for(lambda r: r["network"].get("type") == want, len(ways))
    case.equal(len(found), len(ways), "IPv%d: records" % family)
    for r in found:
        came, bound = ways[r["destination"]["port"]]
        case.equal(r["observer"]["ingress"]["interface"]["name"], name[came],
                   "IPv%d: interface of port %d" % (family, r["destination"]["port"]))
        check(r["event"]["action"] in ("attempt", "spoofed-source"),
              "IPv%d: recorded as %s" % (family, r["event"]["action"]))
        if r["event"]["action"] == "attempt":
            case.equal(r["observer"]["egress"]["interface"]["name"], name[bound],
                       "IPv%d: bound for" % family)


def tags_on_the_wire(gate, family):
    """What leaves for b carries the tag of b, and only that."""
    list(gate.heard())
    gate.exchange(family, frames.TCP, 80, 46010)
    seen = [(tag, frames.transport(data[14:])) for tag, data in gate.heard()]
    src = policy.addr(family, "za", 2)
    out = [tag for tag, found in seen if found and found[:2] == (family, src)]
    case.equal(out, [vlan(1)], "IPv%d: tags of what went from a to b" % family)


def by_the_trunks_mac(gate, family):
    """A frame of a's VLAN to the trunk's own MAC: eth0 sees it as its own, eth0.10 gets it."""
    shot = gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, 80, 46020)
    tag = gate.last_tag()
    gate.say_tagged([(ETH_P_8021Q, vlan(0))], frames.ETHERTYPE[family], shot.packet,
                    gate.model.segments[2].gateway_mac)
    check(gate.await_tag(tag, 1), "IPv%d: by the trunk's MAC: did not pass" % family)


def under_a_tag(gate, port, number):
    """A permitted packet of the native segment, tagged: the records of it."""
    native = gate.model.segments[2]
    shot = gate.opening(4, ("zc", 2), ("zb", 2), frames.UDP, port, 46030)
    gate.say_tagged([(ETH_P_8021Q, number)], frames.ETHERTYPE[4], shot.packet,
                    native.gateway_mac, native.router_mac)
    return gate.wait_for(lambda r: r.get("destination", {}).get("port") == port, 1, 1.0)


def late_device(gate):
    """A tag is a violation until there is a device for it, and again when that has gone."""
    gw = netns.gateway(gate.prefix)
    case.equal(len(under_a_tag(gate, 90, LATE)), 1, "records before there was a device")
    for words in ("link add link %s name %s type vlan id %d" % (WIRE, LATE_NAME, LATE),
                  "link set %s up" % LATE_NAME):
        run_ = netns.run(gw, "ip", *words.split())
        check(run_.returncode == 0, words + ": " + run_.stderr)
    # the gate gets it from a device of no zone and refuses it; no tap says a word
    case.equal([r["sekisho"]["witness"] for r in under_a_tag(gate, 91, LATE)], [["gate"]],
               "witnesses beside a device")
    netns.run(gw, "ip", "link", "del", LATE_NAME)
    time.sleep(1.5)
    found = under_a_tag(gate, 92, LATE)
    case.equal([r["rule"]["id"] for r in found], ["ZV-03"], "records after the device")
    check("VLAN %d is no segment here" % LATE in found[0]["event"]["reason"],
          "the record says %r" % found[0]["event"]["reason"])


def no_other_record(gate, expected):
    """Nothing is told of frames that other taps judge."""
    others = [r for r in gate.violations()
              if r.get("destination", {}).get("port") not in expected]
    check(not others, "%d records of nothing, the first: %r" % (len(others), others[:1]))
    check(gate.status()["watch"]["balanced"], "the ledgers do not balance")


def once(native):
    expected = {80, 81, 82, 83}
    with TrunkGate(POLICY, native) as gate:
        tier = gate.status()["watch"]["tier"]
        for family in case.FAMILIES:
            tags_on_the_wire(gate, family)
            if native:
                by_the_trunks_mac(gate, family)
            records(gate, family, denied(gate, family))
        no_other_record(gate, expected)
        if native:
            late_device(gate)
            no_other_record(gate, expected | {90, 91, 92})
        leaks = [r for r in gate.violations() if r["event"]["action"] == "leak"]
        check(not leaks, "recorded as leak: %r" % leaks[:1])
    return tier


def run():
    return "tier " + " and ".join({once(native) for native in (False, True)})


case.main("VM-01", run)
