#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-07, CP-13, LG-13: the date moves by a day both ways, the deadline of a confirm does not, and
every step is on record, down to one that only the kernel can tell of."""
import time

from sekisho_lab import case, changing
from sekisho_lab.gate import Gate, check

SECONDS = 10
DAY = 86400
ONE_FILE = "record = { rotate_daily = false; };\n"


def step(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def steps_on_record(gate):
    """Of all records of kind clock, in seconds."""
    return [r["sekisho"]["clock"]["step_ns"] / 1e9 for r in gate.records()
            if r["sekisho"]["kind"] == "clock"]


def run():
    with Gate(changing.OLD + ONE_FILE) as gate:
        new = gate.write("new.conf", changing.NEW + ONE_FILE)
        took = []
        for serial, steps in ((2, (DAY,)), (3, (-DAY, -DAY, 3 * DAY))):
            began = time.clock_gettime(time.CLOCK_BOOTTIME)
            changing.change(gate, "apply", "--confirm", str(SECONDS), "-f", new)
            for s in steps:
                step(s)
                time.sleep(0.5)
            case.equal(gate.status()["pending"]["serial"], serial, "what waits after a step")
            changing.passes(gate, 81, "while it waits, the date moved")
            changing.wait_serial(gate, 1, SECONDS + 5)
            took.append(time.clock_gettime(time.CLOCK_BOOTTIME) - began)
            check(SECONDS - 1 < took[-1] < SECONDS + 2, "back after %.1f s" % took[-1])
            changing.passes(gate, 80, "after the deadline")
        step(0.03)
        time.sleep(0.5)
        seen = steps_on_record(gate)
        wanted = [DAY, -DAY, -DAY, 3 * DAY, 0.03]
        check(len(seen) == len(wanted) and all(abs(s - w) < 0.02 for s, w in zip(seen, wanted)),
              "steps on record: %s" % seen)
    return "back after %.1f s and %.1f s" % tuple(took)


case.main("VM-07", run)
