#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-04: a state of cut-offs that cannot be read cuts everything off, and says so.

What the kernel cuts off stays cut also when the state folder has lost it.
"""
import os

from sekisho_lab import case, cutoff
from sekisho_lab.gate import Gate, check


def state(gate):
    return os.path.join(gate.root, "lib", "cutoffs")


def damaged(gate, how):
    check(gate.stop() is None, "the daemon did not stop well")
    with open(state(gate), "r+b") as f:
        how(f)
    gate.nft("delete", "table", "inet", "sekisho")
    gate.start()


def flip(f):
    f.seek(40)
    byte = f.read(1)
    f.seek(40)
    f.write(bytes([byte[0] ^ 1]))


def run():
    with Gate(cutoff.text()) as gate:
        for n, how in enumerate([lambda f: f.truncate(0), lambda f: f.truncate(60), flip]):
            cutoff.isolate(gate, "b")
            damaged(gate, how)
            cutoff.check_openings(gate, 44000 + 100 * n, cutoff.everything,
                                  "damage %d" % n)
            order, = cutoff.standing(gate)
            case.equal(order["kind"], "all", "what stands after damage %d" % n)
            check("cannot be read" in cutoff.records(gate)[-1]["event"]["reason"],
                  "no record of the damage")
            cutoff.restore(gate, "--all")
            cutoff.check_openings(gate, 44050 + 100 * n, families=[4])
        # the folder has lost it, the kernel has not
        cutoff.isolate(gate, "za")
        cutoff.isolate(gate, "b")
        check(gate.stop() is None, "the daemon did not stop well")
        os.unlink(state(gate))
        gate.start()
        order, = cutoff.standing(gate)
        case.equal(order["kind"], "found", "what stands without a state")
        cutoff.check_openings(
            gate, 44500, lambda s: cutoff.zone("za")(s) or cutoff.host("zb", 2)(s), "found")
        cutoff.restore(gate)
        cutoff.check_openings(gate, 44600, families=[6])
    return ""


case.main("ISO-04", run)
