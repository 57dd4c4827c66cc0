#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-01: a host, a network, a zone, a pair and all are cut off, running flows included.

The far side's capture is the judge: what is cut stops in both directions, what is not
goes on without a loss, and restoring gives back what the policy permits.
"""
from sekisho_lab import case, cutoff
from sekisho_lab.gate import Gate, check


def run():
    slowest = 0.0
    with Gate(cutoff.text()) as gate:
        for family in case.FAMILIES:
            for n, (words, cut) in enumerate(cutoff.cases(family)):
                streams = cutoff.streams(gate, family, 41000 + 100 * n)
                answer = cutoff.isolate(gate, *words)
                slowest = max(slowest, answer["took_us"])
                cutoff.check_streams(gate, streams, cut, "isolate %s" % " ".join(words))
                cutoff.restore(gate, answer["id"])
                cutoff.check_openings(gate, 41050 + 100 * n, families=[family])
        told = cutoff.records(gate)
        check(len(told) == 12, "%d cut-offs on record" % len(told))
        check(all(r["sekisho"].get("flows_cut") for r in told), "flows that were cut: %s" % [
            r["sekisho"].get("flows_cut") for r in told])
    check(slowest < 1e6, "a cut-off took %.3f s" % (slowest / 1e6))
    return "%d cut-offs, slowest %.1f ms" % (len(told), slowest / 1000)


case.main("ISO-01", run)
