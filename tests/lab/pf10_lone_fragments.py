#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-10: permit-all, lone first and lone last fragments: none passes, status shows it."""
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, Shot, check

EACH = 4


def lone(gate, family, which):
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    for n in range(EACH):
        body = frames.udp(family, src, dst, 46000, 5000, bytes(64))
        parts = frames.fragments(family, src, dst, frames.UDP, body, 32,
                                 0x5000 + n + 16 * which)
        yield Shot(0, family, parts[-1 if which else 0])


def whole(gate, family):
    """Control: both parts of a fragmented datagram, which must arrive."""
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    body = frames.udp(family, src, dst, 46001, 5001, b"w" * 64)
    return [Shot(0, family, p)
            for p in frames.fragments(family, src, dst, frames.UDP, body, 32, 0x6001)]


def run():
    with Gate(policy.permit_all()) as gate:
        gate.in_gateway(("ipv4/ipfrag_time", 1), ("ipv6/ip6frag_time", 1),
                        ("netfilter/nf_conntrack_frag6_timeout", 1))
        for family in case.FAMILIES:
            check(gate.passed(whole(gate, family), family), "IPv%d: a whole datagram "
                  "in two fragments did not pass" % family)
            before = gate.status()["gate"]["reassembly_failed"]
            shots = [*lone(gate, family, 0), *lone(gate, family, 1)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d lone fragments" % family)
            time.sleep(1.3)
            failed = gate.status()["gate"]["reassembly_failed"] - before
            check(failed >= len(shots), "IPv%d: status shows %d failed reassemblies of %d"
                  % (family, failed, len(shots)))
    return "%d lone fragments each" % len(shots)


case.main("PF-10", run)
