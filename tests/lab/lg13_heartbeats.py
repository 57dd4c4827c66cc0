#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-13: heartbeats tell the state of the clock and what every process has counted.

The watcher's numbers on record are those of its own account, layer by layer; a watcher that
is away shows by the age of what it said last.
"""
import os
import signal
import time

from sekisho_lab import case, policy
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])]) + \
    "record = { heartbeat = 10; };\n"
SHOTS = 7


def ledgers(gate, who, least):
    """Of the latest heartbeats that tell of this process."""
    until = time.monotonic() + 14
    while time.monotonic() < until:
        told = [r["sekisho"]["ledgers"] for r in gate.records()
                if r["sekisho"]["kind"] == "heartbeat"]
        found = [t[who] for t in told if t.get(who)]
        if len(found) >= least:
            return found[-1]
        time.sleep(0.2)
    raise AssertionError("no heartbeat tells of the " + who)


def run():
    with Gate(TEXT) as gate:
        for n in range(SHOTS):
            gate.fire([gate.opening(4, ("za", 2), ("zb", 2), 6, 81, sport=41000 + n)])
        gate.wait_for(lambda r: r["sekisho"]["kind"] == "violation")
        watch = ledgers(gate, "watcher", 1)
        layers = gate.status()["watch"]["ledger"]
        check(watch["age_ms"] < 8000, "the watcher's numbers are old: %s" % watch)
        case.equal(watch["violations"], layers["judge"]["violations"], "violations")
        check(watch["violations"] >= SHOTS, "violations: %s" % watch)
        check(SHOTS <= watch["frames"] <= layers["decode"]["frames"], "frames: %s" % watch)
        case.equal((watch["taps"], watch["faults"]), (3, 0), "taps, faults")
        control, keeper = ledgers(gate, "control", 1), ledgers(gate, "keeper", 1)
        case.equal((control["serial"], control["forwarding"], control["unsent"]), (1, 1, 0),
                   "control's numbers")
        case.equal(keeper["watcher_restarts"], 0, "restarts")
        beat = [r for r in gate.records() if "heartbeat" in r["sekisho"]][-1]
        check("synchronised" in beat["sekisho"]["heartbeat"]["clock"], "the clock: %s" % beat)
        kept = gate.status()["record"]["clock"]["synchronised"]
        warned = any("synchronised" in w for w in gate.status()["warnings"])
        case.equal(warned, not kept, "status warns of the clock")
        pid = [p["pid"] for p in gate.status()["processes"] if p["name"] == "watcher"][0]
        os.kill(pid, signal.SIGSTOP)
        try:
            late = ledgers(gate, "watcher", 2)
        finally:
            os.kill(pid, signal.SIGCONT)
        check(late["age_ms"] > 4000, "a watcher that stands still: %s" % late)
        case.equal(late["violations"], watch["violations"], "what it said last")
    return "%d numbers of the watcher, %d of control" % (len(watch), len(control))


case.main("LG-13", run)
