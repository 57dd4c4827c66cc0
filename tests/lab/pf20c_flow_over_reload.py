#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-20c: what a flow may come from stays the same while the policy around it changes.

The flow carries the number of its pair of segments in its mark: a pair keeps its number
over reloads and a restart, and no other pair gets it as long as it runs.
"""
import re

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow

PAIRS = [("za", "zb"), ("zb", "za"), ("za", "zc"), ("zc", "za"), ("zb", "zc"), ("zc", "zb")]
# Of za to zb (always there, by the control permit) and these:
STEPS = [PAIRS, [("zb", "za"), ("zc", "zb")], [], [("zc", "za"), ("zc", "zb")], PAIRS]


def text(pairs):
    others = [policy.permit("P%s%s" % p, [p[0]], [p[1]], ["web"]) for p in pairs]
    return policy.build([policy.permit("FLOW", ["a"], ["b"], ["web"]), *others],
                        [policy.service("web", "tcp", ["80"])])


def numbers(gate):
    """Pair of interfaces -> number, as the kernel has it."""
    listed = gate.nft("list", "map", "inet", "sekisho", "flows").stdout
    found = re.findall(r"0x([0-9a-f]{4})0000 : goto flow-(\w+)-(\w+)", listed)
    return {(a, b): int(n, 16) for n, a, b in found}


def check_flow(gate, flow):
    flow.data()
    word = flow.packet(False, frames.PSH | frames.ACK, b"forged")
    check(not flow.put(2, word, 0.1), "IPv%d: data from zc0 passed" % flow.family)


def check_numbers(before, after):
    for pair, number in after.items():
        was = [p for p, n in before.items() if n == number]
        check(was in ([], [pair]), "number %d went from %s to %s" % (number, was, pair))
        check(pair not in before or before[pair] == number, "%s %s got another number" % pair)


def run():
    with Gate(text(STEPS[0])) as gate:
        flows = [Flow(gate, family, 45300).open() for family in case.FAMILIES]
        before = numbers(gate)
        case.equal(len(before), len(PAIRS), "pairs")
        for step in [*STEPS[1:], None]:
            if step is None:
                gate.stop()
                gate.start()
            else:
                gate.apply(text(step))
            after = numbers(gate)
            check_numbers(before, after)
            for flow in flows:
                check_flow(gate, flow)
            before = after
    return "%d changes of the pairs, one restart" % (len(STEPS) - 1)


case.main("PF-20c", run)
