#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-24: of 60 SYNs from random sources no more than the limit of 20 reach their target.

The rest is counted, and told under its own reason; UDP and other pairs are not concerned.
"""
import random
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.frames import SYN
from sekisho_lab.gate import Gate, Shot, check

LIMIT, SYNS = 20, 60
LIMITS = "limits = { half_open = %d; half_open_seconds = 30; };\n" % LIMIT


def syns(family, n, first_port):
    """From n sources of one network, each another port."""
    shots = []
    dst = policy.addr(family, "zb", 2)
    for i, host in enumerate(random.sample(range(60, 250), n)):
        src = policy.addr(family, "za", host)
        body = frames.tcp(family, src, dst, first_port + i, 80, 7000 + i, 0, SYN)
        shots.append(Shot(0, family, frames.ip(family, src, dst, frames.TCP, body)))
    return shots


def reached(gate, family, n, first_port):
    return [s for s in gate.passed(syns(family, n, first_port), family) if s.segment == 1]


def run():
    text = policy.build([policy.permit("WEB", ["za"], ["zb"], ["web"]),
                         policy.permit("BACK", ["zb"], ["za"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])], extra=LIMITS)
    with Gate(text) as gate:
        for family in case.FAMILIES:
            before = gate.stopped()
            came = reached(gate, family, SYNS, 40000)
            case.equal(len(came), LIMIT, "IPv%d: SYNs that reached the target" % family)
            case.equal(gate.stopped() - before, SYNS - LIMIT, "IPv%d: refused" % family)
            again = reached(gate, family, 30, 42000)
            check(not again, "IPv%d: %d more SYNs passed" % (family, len(again)))
            # the other direction has a limit of its own
            gate.exchange(family, frames.TCP, 80, 41000, ("zb", 2), ("za", 2), (1, 0))
        counter = gate.nft("list", "counter", "inet", "sekisho", "refuse-half-open").stdout
        check("packets %d " % (2 * (SYNS - LIMIT + 30)) in counter, counter)
        told = gate.wait_for(lambda r: "too many half-open" in r["event"]["reason"], 2)
        check(len(told) >= 2, "refused openings are not told: %s" % [
            r["event"]["reason"] for r in gate.violations()])
        time.sleep(1.2)
        matrix = gate.sekisho("matrix")
        check(matrix.returncode == 0, matrix.stdout + matrix.stderr)
    return "%d of %d pass, of each family" % (LIMIT, SYNS)


case.main("PF-24", run)
