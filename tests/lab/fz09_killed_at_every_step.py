#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FZ-09: everything killed at every step of an apply: exactly the old policy or the new one.

A step is any system call of the control process whose effect outlives it: what it sends,
writes, syncs, renames. After the restart packets say which policy is in force, history
and record say the same; what the client was told is in force is.
SEKISHO_KILL_STRIDE=1 tries every step, as it was done when this was written.
"""
import json
import os
import subprocess

from sekisho_lab import case, changing, model, netns
from sekisho_lab.gate import Gate, check

STRIDE = int(os.environ.get("SEKISHO_KILL_STRIDE", "11"))
PORT = {changing.OLD: 80, changing.NEW: 81}


def tracer(gate, at):
    program = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "kill_at")
    if not os.access(program, os.X_OK):
        raise case.Skipped("tests/lab/kill_at is not built (make tests)")
    p = subprocess.Popen([program, str(at), str(changing.pids(gate)["control"]),
                          str(gate.daemon.pid)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.stdout.readline().strip() != "ready":
        raise case.Skipped("no process can be traced here: " + p.stderr.read().strip())
    return p


def apply(gate, path, words):
    run = netns.run(netns.gateway(gate.prefix), model.binary(), "--root", gate.root, "--json",
                    "apply", "-f", path, *words)
    return bool(run.stdout) and json.loads(run.stdout)["ok"]


def in_force(gate):
    """What history says is in force, and its policy's text."""
    history = json.loads(gate.sekisho("--json", "history").stdout)
    by_serial = {v["serial"]: v for v in history["versions"]}
    return by_serial[history["running"]], history


def told_so(gate, serial, seen):
    """The record of this start says which one it is, and of what was cut short."""
    new = [r["event"]["reason"] for r in changing.changes(gate)[seen:]]
    return any("started with serial %d" % serial in t or
               "serial %d is in force again" % serial in t for t in new)


def once(gate, at, current, words):
    """One apply, killed at a step: (which text is in force now, did it get that far)."""
    other = changing.NEW if current == changing.OLD else changing.OLD
    path = os.path.join(gate.folder, "80.conf" if other == changing.OLD else "81.conf")
    t = tracer(gate, at)
    good = apply(gate, path, words)
    if t.poll() is None and good:
        t.stdin.write("\n")
        t.stdin.flush()
    out = t.communicate(timeout=20)[0]
    if "killed" not in out:
        check(good, "apply failed without a kill: " + out)
        return other, None
    gate.daemon.wait(5)
    gate.daemon = None
    changing.wait_for(lambda: not changing.alive(gate), 5, "the end of all processes")
    seen = len(changing.changes(gate))
    gate.start()
    version, history = in_force(gate)
    now = changing.OLD if version["file"].endswith(("80.conf", "policy.conf")) else changing.NEW
    where = "killed before step %d (%s)" % (at, out.split()[-1])
    changing.passes(gate, PORT[now], where)
    check(not good or now == other, where + ": the client was told that it is in force")
    check(told_so(gate, version["serial"], seen), where + ": the record does not say which")
    check(not any(v["result"] == "applying" for v in history["versions"]),
          where + ": history leaves it open how one ended")
    if history["pending"] is None:
        case.equal(history["boot"], history["running"], where + ": what a start loads")
    else:
        case.equal((now, words != ()), (other, True), where + ": what waits")
        changing.change(gate, "rollback")
        now = current
    return now, out.split()[-1]


def run():
    names, steps = set(), 0
    with Gate(changing.OLD) as gate:
        gate.write("80.conf", changing.OLD)
        gate.write("81.conf", changing.NEW)
        current = changing.OLD
        for words in ((), ("--confirm", "60")):
            at = 1 + (STRIDE // 2 if words else 0)
            while True:
                current, name = once(gate, at, current, words)
                if name is None:
                    break
                names.add(name)
                steps += 1
                at += STRIDE
            check(at > 20, "an apply of %d steps? the tracer sees too little" % at)
            if words:
                changing.change(gate, "rollback")
    return "%d kills, before %s" % (steps, ", ".join(sorted(names)))


case.main("FZ-09", run)
