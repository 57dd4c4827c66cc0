#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-09: the watcher killed 20 times: back each time, each gap on record, the gate untouched."""
import os
import signal
import time

from sekisho_lab import case, frames, policy, watching
from sekisho_lab.gate import Gate, check

TIMES = int(os.environ.get("SEKISHO_KILLS", "20"))
BACK = 5.0
WORD = "watcher process was ended by signal 9"


def enforced(gate, n):
    """With a watcher or without: what is denied does not pass, what is permitted does."""
    family = case.FAMILIES[n % 2]
    shots = [gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, 81, 40000 + n),
             gate.opening(family, ("zb", 2), ("za", 2), frames.UDP, policy.CONTROL_PORT,
                          40000 + n, 1)]
    case.nothing(gate, gate.passed(shots, family, wait=0.02), "kill %d" % n)


def kill(gate, n):
    old = watching.pids(gate)["watcher"]
    at = time.time()
    os.kill(old, signal.SIGKILL)
    enforced(gate, n)
    check(watching.wait_until(lambda: watching.pids(gate)["watcher"] != old
                              and len(watching.gaps(gate, word=WORD)) == n + 1, BACK),
          "kill %d: no new watcher, or %d gaps on record" % (
              n, len(watching.gaps(gate, word=WORD))))
    event = watching.gaps(gate, word=WORD)[-1]["event"]
    start, end = watching.seconds(event["start"]), watching.seconds(event["end"])
    check(at - 0.1 <= start <= at + 0.5 and start <= end <= time.time(),
          "kill %d: the gap is told as %s to %s" % (n, event["start"], event["end"]))


def run():
    with Gate(policy.build()) as gate:
        generation = gate.status()["gate"]["generation"]
        for n in range(TIMES):
            kill(gate, n)
        check(watching.wait_until(lambda: gate.sekisho("status").returncode == 0, 3),
              "status is not healthy: " + gate.sekisho("status").stdout)
        status = gate.status()
        case.equal(status["gate"]["generation"], generation, "generation of the rules")
        case.equal(status["watch"]["leaks"], 0, "leaks")
        shot = gate.opening(4, ("za", 2), ("zc", 2), frames.UDP, 8400)
        case.nothing(gate, gate.passed([shot], 4), "denied")
        found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == 8400, 1)
        check(len(found) == 1, "the last watcher records: %d" % len(found))
    return "%d kills, %d gaps" % (TIMES, TIMES)


case.main("WA-09", run)
