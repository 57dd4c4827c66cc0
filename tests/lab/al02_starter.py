#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AL-02: who starts the alerter is started again too, though the keeper may not execute.

Each of the two starters is killed, then both after one another, then one that hangs: each
time there are two again, confined as before, the gap is on record, and an alerter that is
killed comes back by the new one and sends alarms. Both at once: status says what that means.
"""
import os
import shutil
import signal
import time

from sekisho_lab import case, policy
from sekisho_lab.gate import Gate, check
from sekisho_lab.views import wait_until

HOOKS = "/run/sekisho-hooks-%d" % os.getpid()
STARTERS = ("starter", "starter2")
TEXT = policy.build(extra='record = { alerts = ( { name = "one"; hook = "%s/tell"; '
                          'actions = "attempt"; fold_seconds = 0; } ); };\n' % HOOKS)


def processes(gate):
    return {p["name"]: p for p in gate.status()["processes"]}


def pid(gate, name):
    return processes(gate)[name]["pid"]


def gaps(gate, name):
    return [r for r in gate.records() if r["event"]["action"] == "gap" and
            r["event"]["reason"].startswith("the %s process " % name)]


def back(gate, name, old, seconds=6):
    """Another one runs, as confined as the first, and its absence is a record."""
    wait_until(lambda: pid(gate, name) not in (0, old), seconds, name + " does not come back")
    p = processes(gate)[name]
    with open("/proc/%d/status" % p["pid"], encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    case.equal(int(status["PPid"]), gate.daemon.pid, "parent of the new " + name)
    check(p["seccomp"] and p["no_new_privs"] and p["restarts"] > 0, "%s: %s" % (name, p))
    return status


def end(gate, name, number=signal.SIGKILL):
    old, known = pid(gate, name), len(gaps(gate, name))
    os.kill(old, number)
    if number == signal.SIGKILL:
        status = back(gate, name, old)
        wait_until(lambda: len(gaps(gate, name)) == known + 1, 3, "no gap of the " + name)
        return status
    return None


def alarm(gate, told, port):
    """One violation, one call of the hook."""
    had = os.path.getsize(told) if os.path.exists(told) else 0
    gate.fire([gate.opening(4, ("za", 2), ("zc", 2), 6, port)])
    wait_until(lambda: os.path.exists(told) and os.path.getsize(told) > had, 20,
               lambda: "no alarm of port %d: %s" % (port, gate.log_tail()))


def alerter(gate, told, port):
    old = pid(gate, "alerter")
    os.kill(old, signal.SIGKILL)
    back(gate, "alerter", old, 10)
    alarm(gate, told, port)


def limits(status):
    return {key: status[key] for key in ("Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapBnd",
                                         "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")}


def story(gate, told):
    wait_until(lambda: pid(gate, "alerter") != 0, 5, "no alerter")
    with open("/proc/%d/status" % pid(gate, "starter"), encoding="ascii") as f:
        first = limits(dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line))
    alarm(gate, told, 1000)
    for n, name in enumerate(STARTERS):
        case.equal(limits(end(gate, name)), first, "limits of the new " + name)
        alerter(gate, told, 1001 + n)
    # those of the second generation start the third
    for n, name in enumerate(STARTERS):
        case.equal(limits(end(gate, name)), first, "limits of the third " + name)
        alerter(gate, told, 1010 + n)
    # one that hangs when it is asked is ended, the other one does the work
    old = pid(gate, "starter")
    os.kill(old, signal.SIGSTOP)
    alerter(gate, told, 1020)
    back(gate, "starter", old)
    case.equal(gate.status()["problem"], None, "problem")
    both_at_once(gate, told)


def both_at_once(gate, told):
    keeper = gate.daemon.pid
    pids = [pid(gate, name) for name in STARTERS]
    os.kill(keeper, signal.SIGSTOP)
    for one in pids:
        os.kill(one, signal.SIGKILL)
    os.kill(keeper, signal.SIGCONT)
    time.sleep(0.3)
    check("restart sekishod" in (gate.status()["problem"] or ""), "status says nothing")
    check([r for r in gate.records() if "until sekishod is restarted" in r["event"]["reason"]],
          "not on record")
    alarm(gate, told, 1030)


def run():
    os.mkdir(HOOKS, 0o755)
    try:
        path = os.path.join(HOOKS, "tell")
        with open(path, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\ncat >> $HOME/told\n")
        os.chmod(path, 0o755)
        with Gate(TEXT) as gate:
            story(gate, os.path.join(gate.root, "run", "alerts", "told"))
            restarts = {n: processes(gate)[n]["restarts"] for n in (*STARTERS, "alerter")}
    finally:
        shutil.rmtree(HOOKS)
    return ", ".join("%s %d times" % x for x in restarts.items()) + " started again"


case.main("AL-02", run)
