#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-01: what no rule matches does not pass, whatever its protocol, and is counted."""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate

PROTOCOLS = (frames.TCP, frames.UDP, frames.SCTP, frames.GRE, frames.ESP, 253)
EACH = 5


def shots(gate, family):
    ways = ((("za", 2), ("zb", 2), 0), (("zb", 2), ("za", 2), 1))
    icmp = frames.ICMP if family == 4 else frames.ICMPV6
    echo = 8 << 8 if family == 4 else 128 << 8
    for src, dst, segment in ways:
        for n in range(EACH):
            for protocol in PROTOCOLS:
                yield gate.opening(family, src, dst, protocol, 443, 41000 + n, segment)
            yield gate.opening(family, src, dst, icmp, 100 + n, echo, segment)


def run():
    total = 0
    with Gate(policy.build()) as gate:
        for family in case.FAMILIES:
            before = gate.stopped()
            sent = list(shots(gate, family))
            case.nothing(gate, gate.passed(sent, family), "IPv%d" % family)
            case.equal(gate.stopped() - before, len(sent), "IPv%d: stopped packets" % family)
            total += len(sent)
        found = gate.wait_for(lambda r: r["rule"]["id"] in ("ZV-01", "ZV-02"), 28)
        # one violation per direction, protocol and port, however often it was tried
        case.equal(len(found), 28, "violations recorded")
    return "%d packets, 0 passed, %d counted" % (total, total)


case.main("PF-01", run)
