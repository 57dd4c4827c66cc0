#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-01: segments that are VLANs of one trunk are kept apart like any others."""
from sekisho_guest.trunk import TrunkGate, vlan
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import check

POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])


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


def run():
    with TrunkGate(POLICY) as gate:
        tier = gate.status()["watch"]["tier"]
        for family in case.FAMILIES:
            tags_on_the_wire(gate, family)
            records(gate, family, denied(gate, family))
        leaks = [r for r in gate.violations() if r["event"]["action"] == "leak"]
        check(not leaks, "recorded as leak: %r" % leaks[:1])
    return "tier " + tier


case.main("VM-01", run)
