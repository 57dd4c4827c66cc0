#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-11: the deadline passes, and what should come back does not load.

Damaged on the disk: the newest confirmed one before it comes back instead. None of them can
be read, or the kernel refuses: then nothing passes, permitted or not, status and record say
so, nobody can confirm any more, and the first try that works opens the gate again.
"""
import os
import time

from sekisho_lab import boot, case, changing, faults, frames, policy
from sekisho_lab.gate import check

SECONDS = 10            # the shortest deadline there is
WIDE = policy.build([policy.permit("T003", ["a"], ["b"], ["web", "alt"])], changing.SERVICES)


class Damaged:
    """Kept versions with a byte changed, and the same put right again."""

    def __init__(self, gate, *serials):
        folder = changing.state_path(gate, "versions")
        self.kept = {}
        for name in os.listdir(folder):
            if any(int(n) in serials for n in name.replace("-", ".").split(".") if n.isdigit()):
                with open(os.path.join(folder, name), "rb") as f:
                    self.kept[os.path.join(folder, name)] = f.read()
        check(self.kept, "no files of %s among %s" % (serials, os.listdir(folder)))
        for path, text in self.kept.items():
            with open(path, "r+b") as f:
                f.write(text[:len(text) // 2] + b"#" + text[len(text) // 2 + 1:])

    def heal(self):
        for path, text in self.kept.items():
            with open(path, "r+b") as f:
                f.write(text)


def confirm_later(gate, text):
    return changing.change(gate, "apply", "--confirm", str(SECONDS), "-f",
                           gate.write("next.conf", text))["pending"]


def nothing_passes(gate, what):
    case.equal(boot.forwarding(gate), (False, False), what + ": forwarding")
    for family in case.FAMILIES:
        for port in (80, 81):
            shot = gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, port, 30000 + port)
            tag = gate.last_tag()
            gate.fire([shot])
            check(not gate.await_tag(tag, 1, 0.15), "%s: IPv%d port %d passed"
                  % (what, family, port))


def stuck(gate, pending, what):
    changing.wait_for(lambda: (gate.status()["pending"] or {}).get("stuck"), SECONDS + 5, what)
    nothing_passes(gate, what)
    check("going back failed" in gate.status()["problem"], what + ": status")
    told = [r["event"] for r in changing.changes(gate)
            if "going back failed" in r["event"]["reason"]]
    check(told and told[-1]["outcome"] == "failure", what + ": record")
    late = changing.change(gate, "confirm", str(pending["serial"]), must=False)
    case.equal(late["code"], "confirm-late", what + ": a confirm behind the deadline")


def back(gate, serial, port, what):
    changing.wait_for(lambda: gate.status()["pending"] is None, 20, what)
    changing.wait_serial(gate, serial, 2)
    changing.wait_for(lambda: boot.forwarding(gate) == (True, True), 3, what + ": forwarding")
    time.sleep(0.1)
    changing.passes(gate, port, what)


def run():
    with faults.FaultyGate(changing.OLD) as gate:
        # the target alone is damaged: the one confirmed before it
        changing.change(gate, "apply", "-f", gate.write("two.conf", changing.NEW))
        confirm_later(gate, WIDE)
        hurt = Damaged(gate, 2)
        back(gate, 1, 80, "with the one before")
        hurt.heal()
        # nothing that was confirmed can be read
        pending = confirm_later(gate, changing.NEW)
        hurt = Damaged(gate, 1, 2)
        stuck(gate, pending, "all damaged")
        hurt.heal()
        back(gate, pending["target"], 80, "readable again")
        # the kernel takes nothing
        pending = confirm_later(gate, changing.NEW)
        gate.order(faults.NETLINK_SEND, 1, True, gate.daemon.pid)
        time.sleep(SECONDS + 2)
        nothing_passes(gate, "a silent kernel")
        gate.clear()
        back(gate, pending["target"], 80, "the kernel answers again")
    return "another one, none, and a silent kernel"


case.main("CP-11", run)
