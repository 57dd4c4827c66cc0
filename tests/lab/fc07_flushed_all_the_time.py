#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-07: 100 flushes a second: forwarding stays off, one alarm an interval, no spinning.

Who wrote is asked of the kernel while it lives: on busy processors it may be gone by then.
Runs alone.
"""
import os
import threading
import time

from sekisho_lab import case, drifting, netns, policy
from sekisho_lab.gate import Gate, check

SECONDS = 2.0           # under attack, from the alarm on
POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])


def children(gate):
    """Pids of the daemon and its processes (the lab started ip netns exec, which became it)."""
    top = gate.daemon.pid
    with open("/proc/%d/task/%d/children" % (top, top), encoding="ascii") as f:
        return [top] + [int(p) for p in f.read().split()]


def cpu(pids):
    total = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            words = f.read().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / os.sysconf("SC_CLK_TCK")


class Attacker(threading.Thread):
    """Flushes 100 times a second, by one nft at a time, until it is told to end."""

    def __init__(self, gate):
        super().__init__()
        self.gate, self.flushes, self.seconds, self.over = gate, 0, 0.0, threading.Event()

    def run(self):
        start = time.monotonic()
        with netns.inside(netns.gateway(self.gate.prefix)):
            while not self.over.is_set():
                os.spawnvp(os.P_WAIT, "nft", ["nft", "flush", "ruleset"])
                self.flushes += 1
                self.seconds = time.monotonic() - start
                time.sleep(max(0.0, self.flushes * 0.01 - self.seconds))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def noticed(gate):
    return "again and again" in (gate.status()["problem"] or "")


def watch(gate):
    """How often forwarding was seen on."""
    on = looks = 0
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        on += drifting.forwarding(gate)
        looks += 1
        time.sleep(0.02)
    return on, looks


def run():
    with Gate(POLICY) as gate:
        want = drifting.table(gate)
        pids = children(gate)
        before = cpu(pids)
        with Attacker(gate) as attacker:
            check(drifting.wait_until(lambda: noticed(gate), 2.0), "after %d flushes no alarm, "
                  "status: %s" % (attacker.flushes, gate.status()["problem"]))
            on, looks = watch(gate)
            check(noticed(gate), "status: %s" % gate.status()["problem"])
        used = (cpu(pids) - before) / attacker.seconds
        check(attacker.flushes > attacker.seconds * 20, "only %d flushes" % attacker.flushes)
        case.equal(on, 0, "forwarding was on, of %d looks" % looks)
        check(used < 0.5, "the daemon used %.0f %% of a processor" % (used * 100))
        check(drifting.wait_until(lambda: drifting.forwarding(gate) and
                                  drifting.table(gate) == want, 12.0),
              "quiet, but the gate does not open again")
        drifting.stays_shut(gate, 43000)
        alarms = drifting.drifts(gate, "again and again")
        check(1 <= len(alarms) <= 4, "%d alarms" % len(alarms))
        check(alarms[0]["sekisho"]["actor"].startswith("nft, pid"), alarms[0])
        over = drifting.wait_drift(gate, "left alone again")
        check(over[0]["sekisho"]["count"] >= 8,
              "only %d told" % over[0]["sekisho"]["count"])
        check(len(drifting.drifts(gate)) < 30, "%d records" % len(drifting.drifts(gate)))
        check(gate.status()["problem"] is None, "a problem stays: %s" % gate.status()["problem"])
    return "%d flushes, forwarding never on, %.0f %% of a processor, %d alarms" % (
        attacker.flushes, used * 100, len(alarms))


case.main("FC-07", run)
