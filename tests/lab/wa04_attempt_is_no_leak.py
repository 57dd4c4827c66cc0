#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-04: a packet that the gate stops is an attempt, one record, and no leak."""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check

TIMES = 20


def run():
    with Gate(policy.build()) as gate:
        for n, family in enumerate(case.FAMILIES):
            before = gate.status()
            port = 8300 + n
            shots = [gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, port, 53000 + i)
                     for i in range(TIMES)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d denied" % family)
            found = gate.wait_for(lambda r, p=port: r["destination"].get("port") == p)
            case.equal(len(found), 1, "IPv%d: records of one violation" % family)
            r = found[0]
            case.equal((r["event"]["action"], r["event"]["type"], r["rule"]["id"]),
                       ("attempt", ["denied"], "ZV-02"), "IPv%d: the record" % family)
            after = gate.status()
            case.equal(after["watch"]["leaks"], 0, "leaks")
            check(after["gate"]["stopped"] - before["gate"]["stopped"] == TIMES,
                  "the gate did not count all")
        # orderly end: the final record has the exact total
        trouble = gate.stop()
        check(trouble is None, trouble)
        finals = [r for r in gate.records() if r["sekisho"].get("agg") == "final"
                  and r["destination"].get("port") in (8300, 8301)]
        case.equal([r["sekisho"]["count"] for r in finals], [TIMES, TIMES], "final counts")
    return "%d packets each, exact totals" % TIMES


case.main("WA-04", run)
