#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""KILL: SIGKILL each process: enforcement unchanged, the process back, a gap recorded."""
import os
import re
import signal
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check

POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])
BACK = 5.0


def pids(gate):
    """Newest process of each name, as the keeper's log tells."""
    found = re.findall(r"(\w+) started \(pid (\d+)\)", gate.log_tail(1 << 20))
    return {name: int(pid) for name, pid in found}


def keeper_pid(gate):
    child = pids(gate)["recorder"]
    with open("/proc/%d/stat" % child, encoding="ascii") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def enforced(gate, sport, when):
    """Permitted passes, denied does not: both families."""
    for family in case.FAMILIES:
        a, b = ("za", 2), ("zb", 2)
        shots = [gate.opening(family, a, b, frames.TCP, 80, sport),
                 gate.opening(family, a, b, frames.TCP, 81, sport),
                 gate.opening(family, b, a, frames.TCP, 80, sport, 1)]
        came = gate.passed(shots, family, wait=0.05)
        check(len(came) == 1 and came[0].segment == 1, "IPv%d %s: %d of 3 packets came out"
              % (family, when, len(came)))


def gaps(gate):
    return [r for r in gate.records() if r["event"]["action"] == "gap"]


def kill_one(gate, name, n):
    old, before = pids(gate)[name], len(gaps(gate))
    os.kill(old, signal.SIGKILL)
    enforced(gate, 55000 + 10 * n, "right after the death of " + name)
    until = time.monotonic() + BACK
    while time.monotonic() < until:
        if pids(gate)[name] != old and gate.sekisho("status").returncode == 0 \
                and len(gaps(gate)) > before:
            break
        time.sleep(0.05)
    check(pids(gate)[name] != old, name + " did not come back")
    check(gate.sekisho("status").returncode == 0, "no status after the death of " + name)
    new = gaps(gate)[before:]
    # the recorder tells of its own absence too
    check(any(name in r["event"]["reason"] for r in new) and
          all(r["rule"]["id"] == "ZV-14" for r in new) and len(new) <= 2,
          "gap records after the death of %s: %s" % (name, [r["message"] for r in new]))
    enforced(gate, 55005 + 10 * n, "after the return of " + name)
    time.sleep(2.2)         # a process that dies young is started again with a pause


def kill_keeper(gate):
    """Its children go with it; a supervisor (systemd, here the test) starts it anew."""
    before = len(gaps(gate))
    os.kill(keeper_pid(gate), signal.SIGKILL)
    gate.daemon.wait(5)
    gate.daemon = None
    enforced(gate, 55100, "without any process")
    gate.start()
    enforced(gate, 55110, "after the new start")
    new = gaps(gate)[before:]
    check(new, "the time without a daemon is no record")


def run():
    with Gate(POLICY) as gate:
        enforced(gate, 54990, "at first")
        time.sleep(2.2)
        for n, name in enumerate(("watcher", "recorder", "control")):
            kill_one(gate, name, n)
        kill_keeper(gate)
        shot = gate.opening(4, ("za", 2), ("zb", 2), frames.UDP, 8400)
        case.nothing(gate, gate.passed([shot], 4), "denied")
        found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == 8400, 1)
        check(len(found) == 1, "the new watcher records: %d" % len(found))
    return "watcher, recorder, control, keeper"


case.main("KILL", run)
