#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-09: a UDP or echo flow lets back its own answers only; a changed attribute stops."""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check

POLICY = policy.build([policy.permit("T1", ["a"], ["b"], ["dns", "ping", "ping6"])],
                      [policy.service("dns", "udp", ports=["53"]),
                       policy.service("ping", "icmp", types=["echo-request"]),
                       policy.service("ping6", "icmpv6", types=["echo-request"])])


def udp_back(gate, family, **changed):
    """An answer to the UDP flow a:45000 -> b:53, changed."""
    f = dict(src=("zb", 2), dst=("za", 2), sport=53, dport=45000, segment=1)
    f.update(changed)
    return gate.opening(family, f["src"], f["dst"], frames.UDP, f["dport"], f["sport"],
                        f["segment"])


def echo_back(gate, family, ident, type_=None, src=("zb", 2), dst=("za", 2), segment=1):
    protocol = frames.ICMP if family == 4 else frames.ICMPV6
    type_ = type_ if type_ is not None else (0 if family == 4 else 129)
    return gate.opening(family, src, dst, protocol, ident, type_ << 8, segment)


def altered(gate, family):
    yield udp_back(gate, family, src=("zb", 3))
    yield udp_back(gate, family, dst=("za", 3))
    yield udp_back(gate, family, sport=54)
    yield udp_back(gate, family, dport=45001)
    yield gate.opening(family, ("za", 3), ("zb", 2), frames.UDP, 53, 45000)
    yield gate.opening(family, ("za", 2), ("zb", 3), frames.UDP, 53, 45000)
    yield gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, 54, 45000)
    yield gate.opening(family, ("zb", 2), ("za", 2), frames.TCP, 45000, 53, 1)
    yield echo_back(gate, family, 78)                       # another identifier
    yield echo_back(gate, family, 77, src=("zb", 3))
    yield echo_back(gate, family, 77, dst=("za", 3))
    yield echo_back(gate, family, 77, type_=14 if family == 4 else 140)


def run():
    with Gate(POLICY) as gate:
        for family in case.FAMILIES:
            echo = echo_back(gate, family, 77)
            case.nothing(gate, gate.passed([echo], family),
                         "IPv%d unasked echo reply" % family)
            gate.exchange(family, frames.UDP, 53, 45000)
            icmp = frames.ICMP if family == 4 else frames.ICMPV6
            kind = 8 << 8 if family == 4 else 128 << 8
            gate.exchange(family, icmp, 77, kind)
            shots = list(altered(gate, family))
            case.nothing(gate, gate.passed(shots, family), "IPv%d altered" % family)
            answers = [udp_back(gate, family), echo_back(gate, family, 77)]
            came = len(gate.passed(answers, family))
            check(came == 2, "IPv%d: true answers stopped (%d of 2)" % (family, came))
    return "%d alterations" % len(shots)


case.main("PF-09", run)
