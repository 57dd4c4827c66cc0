#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-11: each fdatasync(2) takes half a minute, many times the watchdog's patience.

No process is taken for dead, the service manager hears of the daemon in time, the control
socket answers within a second, packets pass and are stopped as before, and records stand in
the log at once, in files that close and wait: only the sync is late. What waits is bounded.

SEKISHO_SYNC_DELAY: seconds, 30 by default, more than the watchdog's 2.4.
"""
import os
import time

from sekisho_lab import case, clients, faults, frames, watching
from sekisho_lab.gate import check
from sekisho_lab.manager import Manager

DELAY = float(os.environ.get("SEKISHO_SYNC_DELAY", "30"))
WATCHDOG = 2.4          # seconds; WatchdogSec=
ANSWER = 1.0            # seconds
ROUND = 30              # violations
WAITING = 8             # agent/record/log_sync.c: SYNC_FILES
FILES = WAITING + 4     # and those of the packer
MEMORY_KB = 4096        # what a recorder may grow by while it waits
TEXT = faults.ONE + 'record = { rotate_size = "64K"; };\n'


def recorder(pid):
    """(kilobytes it holds, open files)"""
    return int(watching.process(pid, "VmRSS").split()[0]), len(os.listdir("/proc/%d/fd" % pid))


def answer(gate):
    """Seconds until the status came, of daemon and recorder."""
    start = time.monotonic()
    with clients.connect(gate) as s:
        status = clients.ask(s, "status")
    check(status is not None and "record" in status, "no status: %s" % status)
    return time.monotonic() - start, status


def stuck(gate, manager):
    """What is seen in the time of one sync and a little more."""
    pids = watching.pids(gate)
    memory, fds = recorder(pids["recorder"])
    start, shots, slowest, late = time.monotonic(), 0, 0.0, 0.0
    gate.slow_disk(DELAY, pids["recorder"])
    while time.monotonic() < start + DELAY + 1:
        for i in range(ROUND):
            gate.fire([gate.opening(4, ("za", 2), ("zc", 2), frames.TCP, 1000 + shots + i)], 0.001)
        shots += ROUND
        fired = time.monotonic()
        for family in case.FAMILIES:
            gate.exchange(family, frames.TCP, 80, 20000 + shots % 20000)
        gate.fire_denied(30000 + shots % 20000)
        while len(seen(gate)) < shots and time.monotonic() < fired + 5:
            time.sleep(0.05)
        late = max(late, time.monotonic() - fired)
        took, status = answer(gate)
        slowest = max(slowest, took)
        case.equal(status["record"]["lost"], 0, "lost")
        time.sleep(0.4)
    check(gate.slow_calls() > 0, "no call was slow")
    check(gate.slow_calls() <= 4, "%d syncs in the time of one" % gate.slow_calls())
    case.equal(len(seen(gate)), shots, "attempts on record")
    check(not gate.leaked, "%d denied packets passed" % len(gate.leaked))
    check(slowest < ANSWER, "an answer took %.2f s" % slowest)
    check(manager.pause(start) < WATCHDOG, "no sign of life for %.1f s" % manager.pause(start))
    case.equal(watching.pids(gate), pids, "processes")
    grown, more = recorder(pids["recorder"])
    check(grown - memory < MEMORY_KB and more - fds <= FILES,
          "the recorder grew by %d kB and %d files" % (grown - memory, more - fds))
    # each that is closed waits for its sync; those of the sync before may be there too
    check(1 < files(gate) <= WAITING + 2, "%d files" % files(gate))
    return shots, slowest, late, manager.pause(start)


def files(gate):
    return len([n for n in os.listdir(os.path.join(gate.root, "log")) if ".jsonl" in n])


def seen(gate):
    """Ports of the attempts of stuck() that are on record."""
    return {r["destination"]["port"] for r in gate.violations()
            if r["observer"]["egress"]["zone"] == "zc"}


def run():
    check(DELAY > WATCHDOG, "SEKISHO_SYNC_DELAY must be longer than the watchdog's time")
    with faults.FaultyGate(TEXT, daemon=False) as gate:
        manager = Manager(gate, WATCHDOG)
        gate.start()
        shots, slowest, late, pause = stuck(gate, manager)
        gate.slow_disk(0)
        time.sleep(1.5)
        case.equal(answer(gate)[1]["problem"], None, "problem afterwards")
        check(gate.stop() is None, "the end")
        verified = gate.sekisho("log", "verify")
        check(verified.returncode == 0, "verify: " + verified.stdout + verified.stderr)
    return "%d attempts on record within %.1f s; slowest answer %.0f ms, longest time without a " \
        "sign of life %.1f s" % (shots, late, 1000 * slowest, pause)


case.main("LG-11", run)
