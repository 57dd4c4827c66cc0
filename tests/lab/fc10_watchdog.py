#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-10: the watchdog is fed while all works, by nobody else, and enforcement goes on.

The test is the service manager: it counts what comes to NOTIFY_SOCKET. A child that
hangs is ended and started again before the manager would have to act.

Runs alone.
"""
import os
import signal
import time

from sekisho_lab import case, faults, watching
from sekisho_lab.gate import check
from sekisho_lab.manager import Manager

WATCHDOG = 2.4          # seconds; WatchdogSec=


def restarted(gate, name, old, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if watching.pids(gate)[name] != old and gate.sekisho("status").returncode == 0:
            return True
        gate.kept_shut(51000 + int(time.monotonic() * 100) % 9000, name + " hangs")
    return False


def child_hangs(gate, manager, name):
    start, pid = time.monotonic(), watching.pids(gate)[name]
    os.kill(pid, signal.SIGSTOP)
    check(restarted(gate, name, pid, 4 * WATCHDOG), "%s hangs and is not started again" % name)
    check(manager.pause(start) < WATCHDOG, "%s hung: no sign of life for %.1f s, so the manager "
          "acted first" % (name, manager.pause(start)))
    told = [r for r in gate.records() if r["event"]["action"] == "gap"
            and name in r["event"]["reason"] and "no sign of life" in r["event"]["reason"]]
    check(told, "the gap of the hanging %s is no record" % name)


def alerter_stays_away(gate, manager):
    """No reason to restart all: it hangs as soon as it is started, and the daemon is fed."""
    start, held = time.monotonic(), set()
    while time.monotonic() - start < 2 * WATCHDOG:
        pid = watching.pids(gate)["alerter"]
        if pid not in held and os.path.exists("/proc/%d" % pid):
            os.kill(pid, signal.SIGSTOP)
            held.add(pid)
        time.sleep(0.02)
    check(manager.pause(start) < WATCHDOG, "an alerter that hangs starves the watchdog: %.1f s"
          % manager.pause(start))
    os.kill(watching.pids(gate)["alerter"], signal.SIGCONT)
    return len(held)


def keeper_hangs(gate, manager):
    pids, keeper = watching.pids(gate), gate.daemon.pid
    os.kill(keeper, signal.SIGSTOP)
    time.sleep(0.3)
    start = time.monotonic()
    while time.monotonic() - start < 1.2 * WATCHDOG:
        check(gate.kept_shut(40000 + int(time.monotonic() * 100) % 9000, "the keeper hangs"),
              "what is permitted does not pass while the keeper hangs")
    check(not manager.since(start), "a hanging keeper feeds the watchdog")
    os.kill(keeper, signal.SIGCONT)
    time.sleep(WATCHDOG / 2)
    check(manager.since(start), "the keeper came back and does not feed")
    case.equal(watching.pids(gate), pids, "processes after the keeper hung")


def netlink_hangs(gate, manager):
    gate.order(faults.NETLINK_SEND, 1, persistent=True, pid=gate.daemon.pid)
    time.sleep(WATCHDOG / 4)
    start = time.monotonic()
    time.sleep(1.1 * WATCHDOG)
    gate.kept_shut(33000, "netlink hangs")
    silent = not manager.since(start)
    gate.clear()
    check(silent, "the watchdog is fed though nf_tables does not answer")
    time.sleep(WATCHDOG / 2)
    check(manager.since(start), "nf_tables answers again and nobody feeds")


def run():
    with faults.FaultyGate(faults.ONE, daemon=False) as gate:
        manager = Manager(gate, WATCHDOG)
        gate.start()
        start = time.monotonic()
        time.sleep(WATCHDOG / 2)
        check(manager.ready and len(manager.since(start)) >= 2, "a daemon that works is silent")
        child_hangs(gate, manager, "watcher")
        child_hangs(gate, manager, "control")
        child_hangs(gate, manager, "recorder")
        child_hangs(gate, manager, "alerter")
        alerter_stays_away(gate, manager)
        keeper_hangs(gate, manager)
        netlink_hangs(gate, manager)
        check(gate.kept_shut(39999, "at the end"), "what is permitted does not pass at the end")
    return "watcher, control, recorder and alerter started again, keeper and netlink noticed"


case.main("FC-10", run)
