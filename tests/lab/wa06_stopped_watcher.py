#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-06: the watcher stopped for 5 s under 50,000 violations a second: loss is known exactly."""
import os
import signal
import time

from sekisho_lab import case, policy, watching
from sekisho_lab.gate import Gate, check

RATE = int(os.environ.get("SEKISHO_PPS", "50000"))
STOPPED = 5.0
PORT = 8900


def run():
    with Gate(policy.build()) as gate:
        gate.wire.close()       # its sockets would hear every packet of the flood
        gate.wire = None
        watcher = watching.pids(gate)["watcher"]
        flood = watching.Flood(gate, RATE, PORT)
        time.sleep(1)
        os.kill(watcher, signal.SIGSTOP)
        begun = time.time()
        time.sleep(STOPPED)
        os.kill(watcher, signal.SIGCONT)
        ended = time.time()
        time.sleep(2)
        arrived, rate = flood.finish()
        status = watching.settled(gate)
        check(watching.pids(gate)["watcher"] == watcher, "the watcher was replaced")
        trouble = gate.stop()
        check(trouble is None, trouble)
        seen = watching.finals(gate, PORT, "attempt")
        told = watching.lost(gate, "capture ring")
        remark = "%d packets at %d a second: %d judged, %d told as lost" % (
            arrived, rate, seen, told)
        check(rate > RATE * 0.8, "the load was too light: " + remark)
        check(told > 0, "nothing was lost; the test shows nothing: " + remark)
        case.equal(told, status["taps"][0]["dropped"], "loss in the log and in the ledger")
        case.equal(seen + told, arrived, "judged and lost together (%s)" % remark)
        first = watching.gaps(gate, "za0", "capture ring")[0]["event"]
        check(watching.seconds(first["start"]) < begun + 1.5
              and watching.seconds(first["end"]) > ended - 0.5,
              "the interval of the loss, %s to %s, does not hold the stop"
              % (first["start"], first["end"]))
    return remark


case.main("WA-06", run)
