#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-04: of two permits that hold one packet the first in the file counts, either order."""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("wide", "tcp", ports=["1-1024"])]
NARROW = policy.permit("NARROW", ["a"], ["b"], ["web"])
SAME = policy.permit("SAME", ["a"], ["b"], ["web"])
WIDE = policy.permit("WIDE", ["za"], ["zb"], ["wide"])
ORDERS = ((("NARROW", "SAME"), (NARROW, SAME)), (("SAME", "NARROW"), (SAME, NARROW)),
          (("NARROW", "WIDE"), (NARROW, WIDE)), (("WIDE", "NARROW"), (WIDE, NARROW)))


def run():
    with Gate(policy.build(ORDERS[0][1], SERVICES)) as gate:
        for n, (ids, permits) in enumerate(ORDERS):
            gate.apply(policy.build(permits, SERVICES))
            for family in case.FAMILIES:
                before = [gate.permit_counter(i) for i in ids]
                gate.exchange(family, frames.TCP, 80, 42000 + n)
                after = [gate.permit_counter(i) for i in ids]
                case.equal([y - x for x, y in zip(before, after)], [1, 0],
                           "IPv%d: counters of %s before %s" % ((family,) + ids))
        # a disabled permit in front takes nothing away from the one behind it
        off = policy.permit("SAME", ["a"], ["b"], ["web"], enabled="false")
        gate.apply(policy.build((off, NARROW), SERVICES))
        gate.exchange(4, frames.TCP, 80, 42100)
        case.equal(gate.permit_counter("NARROW") >= 1, True, "the enabled permit counts")
    return "4 orders"


case.main("PF-04", run)
