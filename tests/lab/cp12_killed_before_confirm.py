#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-12: killed or rebooted before the confirm: the policy before is back, the deadline kept.

SIGKILL of each process and of all. A reboot is another boot id in the state folder, and
a kernel without our table. The deadline is brought nearer in the state folder, so that
nobody waits for it.
"""
import os
import time

from sekisho_lab import case, changing
from sekisho_lab.gate import Gate, check


def pend(gate, seconds=60):
    changing.change(gate, "apply", "--confirm", str(seconds), "-f",
                    os.path.join(gate.folder, "new.conf"))
    changing.passes(gate, 81, "applied, not confirmed")


def still_waits(gate, when):
    status = gate.status()
    check(status["pending"] is not None, when + ": nothing waits any more")
    check(0 < status["pending"]["seconds_left"] <= 60, when + ": time left: %r"
          % status["pending"])
    changing.passes(gate, 81, when)
    case.equal(changing.boot(gate), 1, when + ": what a start would load")


def nearer(gate, seconds):
    """As if the time had nearly run out while nobody was there."""
    p = changing.read_state(gate, "pending")
    deadline = changing.boot_clock() + seconds
    p["deadline_ns"] = int(deadline * 1e9)
    changing.write_state(gate, p, "pending")
    return deadline


def rest_of_its_time(gate):
    """Killed, and started again some seconds before the deadline: how late it went back."""
    for rest in (2.5, 10, 40):
        changing.kill_all(gate)
        deadline = nearer(gate, rest)
        gate.start()
        if changing.boot_clock() < deadline - 1:
            break
        # on a busy machine the start took longer than that
        changing.wait_serial(gate, 1, 10)
        changing.passes(gate, 80, "started behind the deadline")
        pend(gate)
    changing.passes(gate, 81, "before the rest of the time is over")
    check(changing.boot_clock() < deadline, "the machine is too busy: the time is over")
    changing.wait_serial(gate, 1, rest + 10)
    late = changing.went_back(gate, deadline)
    check(-0.1 < late < 1.5, "it went back %.2f s behind its deadline" % late)
    changing.passes(gate, 80, "deadline behind a restart")
    return late


def told(gate, what):
    return [r for r in changing.changes(gate) if what in r["event"]["reason"]]


def run():
    with Gate(changing.OLD) as gate:
        gate.write("new.conf", changing.NEW)
        pend(gate)
        for name in ("recorder", "watcher", "control"):
            changing.kill_one(gate, name)
            still_waits(gate, name + " killed")
        changing.kill_all(gate)
        gate.start()
        still_waits(gate, "all killed, started again")
        # the rest of its time, not all of it again
        late = rest_of_its_time(gate)
        # the time ran out while nobody was there
        pend(gate)
        changing.kill_all(gate)
        nearer(gate, -1)
        gate.start()
        changing.passes(gate, 80, "deadline passed without a daemon")
        check(told(gate, "was not confirmed within 60 s"), "not on record")
        # a reboot: another boot id, nothing in the kernel
        pend(gate)
        changing.kill_all(gate)
        p = changing.read_state(gate, "pending")
        p["boot_id"] = "00000000-0000-4000-8000-000000000000"
        changing.write_state(gate, p, "pending")
        gate.nft("delete", "table", "inet", "sekisho")
        gate.start()
        changing.passes(gate, 80, "after a reboot")
        check(told(gate, "before the restart of the gateway"), "not on record")
        case.equal(gate.status()["pending"], None, "what waits")
        # confirmed, and killed before the file was taken away
        pend(gate)
        p = changing.read_state(gate, "pending")
        changing.change(gate, "confirm")
        changing.kill_all(gate)
        changing.write_state(gate, p, "pending")
        gate.start()
        changing.passes(gate, 81, "confirmed before it was killed")
        case.equal(gate.status()["pending"], None, "what waits")
        damaged(gate)
    return "each process, all of them, a reboot, damage; %.2f s behind its deadline" % late


def damaged(gate):
    """Damage is an ordinary error: never the unconfirmed one, and it says so."""
    path = changing.state_path
    good = changing.boot(gate)
    changing.kill_all(gate)
    with open(path(gate, "pending"), "wb") as f:
        f.write(b"\xff" * 500)
    gate.start()
    changing.passes(gate, 81, "with a damaged pending file")
    check(told(gate, "what waited to be confirmed cannot be read"), "not on record")
    # the boot one is damaged: the newest good one that was confirmed
    changing.kill_all(gate)
    with open(path(gate, "versions", "%010d.policy" % good), "r+b") as f:
        f.seek(20)
        f.write(b"#")
    gate.start_with_trouble()
    changing.passes(gate, 80, "with a damaged boot version")
    check(told(gate, "the confirmed policy cannot be read: serial 1"), "not on record")
    # nothing that is kept can be read: the file, and it says so
    gate.write("policy.conf", changing.NEW)
    changing.kill_all(gate)
    for name in os.listdir(path(gate, "versions")):
        if name.endswith(".policy"):
            os.truncate(path(gate, "versions", name), 10)
    gate.start_with_trouble()
    changing.passes(gate, 81, "with nothing but the file")
    check(told(gate, "taking the policy file"), "not on record")


case.main("CP-12", run)
