#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-21: ICMP errors about a permitted flow pass, about anything else they do not."""
import struct

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, Shot, check

POLICY = policy.build([policy.permit("T1", ["a"], ["b"], ["dns"])],
                      [policy.service("dns", "udp", ports=["53"])])
# RFC 4890 4.3.1; RFC 1812 5.2.7 for IPv4
MATCHED = {4: ((3, 1, 0), (3, 3, 0), (3, 4, 1300), (11, 0, 0), (12, 0, 0)),
           6: ((1, 0, 0), (1, 4, 0), (2, 0, 1280), (3, 0, 0), (4, 1, 40), (4, 2, 40))}
# errors that steer hosts or that nobody needs across a border
REFUSED = {4: ((5, 1, 0), (4, 0, 0)), 6: ((137, 0, 0),)}


def error(gate, family, type_, code, value, sport=49000, dport=53, reporter=2):
    """An error from b's side about a's packet a:sport -> b:dport."""
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    quoted = frames.ip(family, src, dst, frames.UDP,
                       frames.udp(family, src, dst, sport, dport, bytes(16)))
    by = policy.addr(family, "zb", reporter)
    protocol = frames.ICMP if family == 4 else frames.ICMPV6
    body = frames.icmp(family, by, src, type_, code, struct.pack("!I", value), quoted)
    return Shot(1, family, frames.ip(family, by, src, protocol, body))


def run():
    with Gate(POLICY) as gate:
        for family in case.FAMILIES:
            unmatched = [error(gate, family, *e, sport=49999) for e in MATCHED[family]]
            unmatched += [error(gate, family, *e, dport=54) for e in MATCHED[family]]
            case.nothing(gate, gate.passed(unmatched, family), "IPv%d unmatched" % family)
            gate.exchange(family, frames.UDP, 53, 49000)
            for e in MATCHED[family]:
                came = gate.passed([error(gate, family, *e)], family, wait=0.04)
                check([s.segment for s in came] == [0],
                      "IPv%d: error %d/%d about an open flow was stopped" % (family, *e[:2]))
            refused = [error(gate, family, *e) for e in REFUSED[family]]
            case.nothing(gate, gate.passed(refused, family), "IPv%d redirect" % family)
            # the flow outlives a "packet too big"
            back = gate.opening(family, ("zb", 2), ("za", 2), frames.UDP, 49000, 53, 1)
            check(len(gate.passed([back], family)) == 1, "IPv%d: the flow died" % family)
    return "IPv4 %d and IPv6 %d kinds" % (len(MATCHED[4]), len(MATCHED[6]))


case.main("PF-21", run)
