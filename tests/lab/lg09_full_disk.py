#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-09: the record's disk is full, and has room again.

A small disk of its own holds the log. With log_failure = "continue" packets go on passing
as permitted; there is a warning at each mark before, what is lost is counted exactly, and
the first record afterwards tells it. With "close" forwarding goes off until records can be
written, and the record says so first thing.
"""
import os
import subprocess
import time

from sekisho_lab import case, drifting, frames, policy
from sekisho_lab.gate import Gate, check

SIZE_MB = 48            # 32 of them are the reserve
ROOM = "record = { log_failure = \"%s\"; warn_at = [ 10, 20 ]; };\n"


class SmallDisk(Gate):
    """A gateway whose log lies on a disk of its own."""

    def start(self):
        log = os.path.join(self.root, "log")
        os.makedirs(log, exist_ok=True)
        if not os.path.ismount(log):
            mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%dm" % SIZE_MB, "none",
                                      log], check=False)
            if mounted.returncode != 0:
                raise case.Skipped("no right to mount")
        super().start()

    def close(self):
        trouble = self.stop()
        subprocess.run(["umount", os.path.join(self.root, "log")], check=False,
                       stderr=subprocess.DEVNULL)
        return super().close() or trouble

    @property
    def ballast(self):
        return os.path.join(self.root, "log", "ballast")

    def fill(self, megabytes):
        with open(self.ballast, "ab") as f:
            os.posix_fallocate(f.fileno(), 0, megabytes << 20)

    def room(self):
        os.unlink(self.ballast)

    def record(self):
        return self.status()["record"]


def told(gate):
    """What is on record of switching forwarding: outcome and severity."""
    return [(r["event"]["outcome"], r["event"]["severity"]) for r in gate.records()
            if r["event"]["action"] == "forwarding"]


def deny(gate, first, n):
    """So many attempts, each a violation of its own."""
    for i in range(n):
        gate.fire([gate.opening(4, ("za", 2), ("zc", 2), frames.TCP, first + i)])


def marks(gate):
    return [r["sekisho"]["disk"]["mark"] for r in gate.records() if "disk" in r["sekisho"]]


def lost(gate):
    return sum(r["sekisho"]["lost"] for r in gate.records() if r["sekisho"]["kind"] == "gap")


def goes_on(gate):
    gate.fill(6)
    check(drifting.wait_until(lambda: marks(gate) == [10], 4), "marks told: %s" % marks(gate))
    gate.fill(11)
    check(drifting.wait_until(lambda: marks(gate) == [10, 20], 4), "marks told: %s" % marks(gate))
    case.equal(gate.status()["record"]["failing"], "", "the record fails before its disk is full")
    gate.fill(20)
    check(drifting.wait_until(lambda: gate.record()["low_space"], 4), "the disk is not full")
    had = gate.record()["sequence"]
    deny(gate, 1000, 50)
    check(drifting.wait_until(lambda: gate.record()["unreported"] >= 50, 5),
          "lost: %s" % gate.record())
    check(drifting.wait_until(lambda: gate.status()["problem"] is not None, 3), "no problem told")
    case.equal(gate.sekisho("status").returncode, 1, "status of a gate that cannot record")
    check("records cannot be written" in gate.status()["problem"], gate.status()["problem"])
    for family in case.FAMILIES:
        gate.exchange(family, frames.TCP, 80, 23000)
    # what the gateway itself has to say is written all the same
    gate.apply(CONTINUE)
    check(gate.record()["sequence"] > had, "the reserve was not used")
    deny(gate, 2000, 50)
    check(drifting.wait_until(lambda: gate.record()["unreported"] >= 50, 5),
          "lost: %s" % gate.record())
    time.sleep(1)
    owed, number = gate.record()["unreported"], gate.record()["sequence"]
    gate.room()
    check(drifting.wait_until(lambda: gate.record()["unreported"] == 0, 5), "loss is not told")
    after = [r for r in gate.records() if r["event"]["sequence"] > number]
    case.equal(after[0]["sekisho"].get("lost"), owed, "the first record afterwards")
    case.equal(lost(gate), gate.record()["lost"], "lost, by the records and by the recorder")
    check(drifting.wait_until(lambda: gate.status()["problem"] is None, 5), "still a problem")


def closes(gate):
    gate.apply(CLOSE)
    gate.fill(20)
    check(drifting.wait_until(lambda: not drifting.forwarding(gate), 4), "forwarding stays on")
    check("forwarding is off" in gate.status()["problem"], gate.status()["problem"])
    for family in case.FAMILIES:
        check(not gate.exchange(family, frames.TCP, 80, 23100, must=False), "a packet passed")
    # an apply does not open it, nor does a repair of the table
    gate.apply(CLOSE.replace("tester", "tester2"))
    check(not drifting.forwarding(gate), "apply switched forwarding on")
    gate.nft("delete", "table", "inet", "sekisho")
    check(drifting.wait_until(lambda: drifting.table(gate) != [], 4), "the table is not back")
    time.sleep(1)
    check(not drifting.forwarding(gate), "a repair switched forwarding on")
    gate.room()
    check(drifting.wait_until(lambda: drifting.forwarding(gate), 5), "forwarding stays off")
    for family in case.FAMILIES:
        gate.exchange(family, frames.TCP, 80, 23200)
    # what waited for room is written first
    check(drifting.wait_until(lambda: told(gate)[-1:] and told(gate)[-1][0] == "success", 5)
          and ("failure", 9) in told(gate), "on record: %s" % told(gate))


def start_closed(gate):
    """Not even for a moment: the disk is full when it starts."""
    check(gate.stop() is None, "it does not stop")
    gate.fill(20)
    gate.start_with_trouble()
    check(not drifting.forwarding(gate), "forwarding is on")
    gate.room()
    check(drifting.wait_until(lambda: drifting.forwarding(gate), 5), "forwarding stays off")


def recorder_gone(gate):
    """It is started again at once, and so nothing closes."""
    before = gate.status()["processes"]
    pid = [p["pid"] for p in before if p["name"] == "recorder"][0]
    os.kill(pid, 9)
    time.sleep(2.5)
    check(drifting.forwarding(gate), "a recorder that was away for a moment closed the gate")
    case.equal(gate.status()["problem"], None, "problem")


BASE = policy.build([policy.permit("T001", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])
CONTINUE = BASE + ROOM % "continue"
CLOSE = BASE + ROOM % "close"


def run():
    with SmallDisk(CONTINUE) as gate:
        goes_on(gate)
        closes(gate)
        start_closed(gate)
        recorder_gone(gate)
        return "%d records lost and told" % lost(gate)


case.main("LG-09", run)
