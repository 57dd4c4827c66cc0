#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-08: what is cut and crosses anyway is a leak; what is stopped is an attempt.

The gate's own chain is emptied under the daemon's feet: the tap still knows, and the gate
mends it.
"""
import os
import signal

from sekisho_lab import case, cutoff, watching
from sekisho_lab.gate import Gate, check


def stopped(gate):
    return gate.wait_for(lambda r: r["event"]["action"] == "attempt" and
                         "cut off" in r["event"]["reason"], 1)


def run():
    with Gate(cutoff.text()) as gate:
        streams = [s for f in case.FAMILIES for s in cutoff.streams(gate, f, 47000 + 10 * f)]
        answer = cutoff.isolate(gate, "za")
        cutoff.check_streams(gate, streams, cutoff.zone("za"), "at once")
        check(stopped(gate), "what was stopped is not on record as cut off")
        told = [r for r in gate.records() if r["event"]["action"] == "leak"]
        check(not told, "a leak on record: %s" % told[:1])
        for words in ("status", "matrix"):
            shown = gate.sekisho(words).stdout
            check("CUT OFF" in shown and "Hanako" in shown, "%s does not show it" % words)
        again = cutoff.streams_unopened(gate, 4, 47200) + cutoff.streams_unopened(gate, 6, 47210)
        # or the way is shut and the hole mended before a packet comes
        asleep = [gate.daemon.pid, watching.pids(gate)["control"]]
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        check(gate.nft("flush", "chain", "inet", "sekisho", "cutoff").returncode == 0, "nft")
        counts = cutoff.crossed(gate, again)
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
        check(sum(counts) > 8, "the emptied chain still stops: %s" % counts)
        leaks = gate.wait_for(lambda r: r["event"]["action"] == "leak" and
                              "cut off" in r["event"]["reason"], 4)
        check(len(leaks) >= 4, "%d leaks on record" % len(leaks))
        check(watching.wait_until(lambda: "cut-links" in gate.nft(
            "list", "chain", "inet", "sekisho", "cutoff").stdout, 3), "the hole is not mended")
        cutoff.check_openings(gate, 47250, cutoff.zone("za"), "after the repair")
        cutoff.restore(gate, answer["id"])
        before = len([r for r in gate.violations() if r["event"]["action"] == "leak"])
        cutoff.check_openings(gate, 47300)
        after = len([r for r in gate.violations() if r["event"]["action"] == "leak"])
        case.equal(after, before, "leaks once it is restored")
    return "%d leaks told" % len(leaks)


case.main("ISO-08", run)
