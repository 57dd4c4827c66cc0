#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-12: more bytes out of a permit than its limit. Silent: half of it, and as much that the
gate refuses."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate

DETECT = 'detect = { bulk = { limit = "200K"; seconds = 300; }; };'
SERVICES = [policy.service("copy", "udp", ports=["6000", "6001"])]
PERMITS = [policy.permit("T4", ["a"], ["b"], ["copy"]),
           policy.permit("T6", ["a2"], ["b"], ["copy"])]


def send(gate, family, source, kib, dport=6000):
    src, dst = policy.addr(family, "za", source), policy.addr(family, "zb", 2)
    gate.fire([signs.udp(0, family, src, dst, 53000, dport, bytes(1000)) for _ in range(kib)])


def run():
    with Gate(signs.build(PERMITS, SERVICES, extra=DETECT)) as gate:
        for n, family in enumerate(case.FAMILIES):
            send(gate, family, 2 + n, 100)
            send(gate, family, 5, 300)          # no permit names this one
        signs.silent(gate, "ZV-12", "half of the limit")
        for n, family in enumerate(case.FAMILIES):
            send(gate, family, 2 + n, 150)
            found = signs.told(gate, "ZV-12", "IPv%d" % family, n + 1, "behaviour", "bytes in 300 s")
            case.equal(found[-1]["sekisho"].get("permit"), "T%d" % family, "the permit")


case.main("ZV-12", run)
