#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-07: a clean stop in the middle of a burst: every frame the kernel took is judged or told.

Runs alone.
"""
import os
import re
import time

from sekisho_lab import case, policy, watching
from sekisho_lab.gate import Gate, check

RATE = int(os.environ.get("SEKISHO_PPS", "200000"))
PORT = 8900
END = re.compile(r"watching ended: (\d+) frames came in, (\d+) proven permitted in the kernel, "
                 r"(\d+) judged, (\d+) canaries, (\d+) lost, (\d+) unread; the ledgers (balance|do not balance)")


def run():
    with Gate(policy.build()) as gate:
        gate.wire.close()
        gate.wire = None
        flood = watching.Flood(gate, RATE, PORT)
        time.sleep(2)
        local = gate.status()["watch"]["local"]
        trouble = gate.stop()
        check(trouble is None, trouble)
        flood.finish()
        ends = [END.match(r["event"]["reason"]) for r in gate.records()]
        ends = [m for m in ends if m]
        case.equal(len(ends), 1, "records of the watcher's end")
        came, proven, judged, canaries, lost, unread = (int(n) for n in ends[0].groups()[:6])
        remark = "%d came in, %d judged, %d lost" % (came, judged, lost)
        check(came > 10000, "there was no burst: " + remark)
        case.equal(ends[0].group(7), "balance", "ledgers")
        case.equal(proven + judged + canaries + lost + unread, came, "judged and lost together")
        case.equal(watching.lost(gate, "capture ring"), lost + unread, "loss in the log")
        seen = watching.finals(gate, PORT, "attempt")
        # the rest is neighbour discovery of the gateway, a few frames
        check(0 <= judged - seen - local <= 20,
              "%d judged, of them %d violations told and %d local" % (judged, seen, local))
    return remark


case.main("WA-07", run)
