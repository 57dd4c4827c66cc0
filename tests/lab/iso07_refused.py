#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-07: refused and on record: without a reason, a person, rights; what is nothing; what
would shut the management out."""
from sekisho_lab import case, cutoff, model, netns, watching
from sekisho_lab.gate import Gate, check

WHO = cutoff.WHO


def failures(gate):
    return [r for r in cutoff.records(gate) if r["event"]["outcome"] == "failure"]


def refused(gate, words, why):
    before = len(failures(gate))
    run = gate.sekisho("isolate", *words)
    check(run.returncode == 1, "isolate %s ended with %d" % (words, run.returncode))
    check(why in run.stderr, "isolate %s: %s" % (words, run.stderr))
    check(watching.wait_until(lambda: len(failures(gate)) == before + 1, 2) and
          why in failures(gate)[-1]["event"]["reason"],
          "isolate %s is not on record" % (words,))


def run():
    with Gate(cutoff.text()) as gate:
        refused(gate, ["za"], "a person and a reason")
        refused(gate, ["za", "--person", "Hanako"], "a person and a reason")
        refused(gate, ["za", "--person", " ", "--reason", "x"], "a person and a reason")
        refused(gate, ["nowhere", *WHO], "no such zone or host")
        refused(gate, ["10.1.0.0/33", *WHO], "no such zone or host")
        refused(gate, ["--pair", "za", "nowhere", *WHO], "no such zone")
        refused(gate, ["zc", *WHO], "--even-management")
        refused(gate, ["10.0.0.0/8", *WHO], "--even-management")
        refused(gate, ["za", "--person", "Hanako", "--reason", "x" * 200], "too long")
        case.equal(cutoff.standing(gate), [], "what stands")
        case.equal(gate.sekisho("isolate", "za", "zb").returncode, 64, "two words, no pair")
        other = netns.run(netns.gateway(gate.prefix), "setpriv", "--reuid", "65534", "--regid",
                          "65534", "--clear-groups", model.binary(), "--root", gate.root,
                          "isolate", "za", *WHO)
        check(other.returncode != 0, "nobody could cut off")
        case.equal(cutoff.standing(gate), [], "what stands after nobody")
        cutoff.check_openings(gate, 46000)
        # who means it may: and then nothing of the management passes
        cutoff.isolate(gate, "zc", "--even-management")
        cutoff.check_openings(gate, 46100, cutoff.zone("zc"), "the management itself")
    return ""


case.main("ISO-07", run)
