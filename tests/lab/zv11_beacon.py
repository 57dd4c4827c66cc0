#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-11: openings at an even pace, and a tunnel in DNS names. Silent: an uneven pace, a few
openings, a clock's even questions, a content network's short names, one name again and again."""
import time

from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate

DETECT = """detect = { beacon = { limit = 6; seconds = 60; jitter = 20; };
  dns_tunnel = { limit = "3K"; seconds = 60; }; };"""
SERVICES = [policy.service("names", "udp", ports=["53"]),
            policy.service("clock", "udp", ports=["123"])]
PERMITS = [policy.permit("T1", ["a"], ["b"], ["names", "clock"])]
PACE = 1.3                                      # seconds
UNEVEN = [0.1, 2.9, 1.1, 2.4, 0.4, 1.2, 3.1, 1.05]


def ask(gate, family, name, sport):
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    gate.fire([signs.udp(0, family, src, dst, sport, 53, signs.dns_query(name))])


def quiet_names(gate):
    for family in case.FAMILIES:
        for i in range(150):
            ask(gate, family, "a-name-that-is-asked-for-again-and-again.cdn.example.net", 50000 + i)
            ask(gate, family, "e%d.g.example.net" % i, 50200 + i)


def steps(gate, rounds, beat):
    """Openings of both families together: at an even pace or not, and a clock's beside."""
    for i, pause in enumerate(rounds):
        for family in case.FAMILIES:
            gate.fire([gate.opening(family, ("za", 5 if beat else 6), ("zc", 2), frames.TCP,
                                    8100, 51000 + i),
                       gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, 123, 51100 + i)])
        time.sleep(pause)


def run():
    with Gate(signs.build(PERMITS, SERVICES, extra=DETECT)) as gate:
        quiet_names(gate)
        steps(gate, UNEVEN, False)
        signs.silent(gate, "ZV-11", "uneven openings and ordinary names")
        steps(gate, [PACE] * 8, True)
        for n, family in enumerate(case.FAMILIES):
            for i in range(80):
                ask(gate, family, "%040x%020x.t.example.com" % (i, i * 7919), 52000 + i)
            signs.told(gate, "ZV-11", "IPv%d tunnel" % family, n + 1, "behaviour",
                       "under example.com")
        found = signs.told(gate, "ZV-11", "beacon", 2, "behaviour", "openings every 1.")
        case.equal(len(found), 2, "one beacon of each family")


case.main("ZV-11", run)
