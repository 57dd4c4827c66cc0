#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-32: a batch that fails at its last message, and an outcome that nobody heard.

The old ruleset stays to the letter, or the new one is wholly live and reported so.
"""
import json
import os

from sekisho_lab import case, model, netns, policy
from sekisho_lab.gate import Gate, check

SERVICES = [policy.service("web", "tcp", ports=["80", "443"]),
            policy.service("low", "udp", ports=["1-1024"])]
OLD = policy.build([policy.permit("P1", ["a"], ["b"], ["web"]),
                    policy.permit("P2", ["za"], ["zb"], ["low"])], SERVICES)
NEW = policy.build([policy.permit("P1", ["a"], ["b2"], ["web"]),
                    policy.permit("P3", ["zb"], ["zc"], ["low"])], SERVICES)


def listing(gate):
    run = gate.nft("-s", "list", "ruleset")
    check(run.returncode == 0, run.stderr)
    return run.stdout


def apply(gate, mode, at, path):
    program = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "commit_fault")
    if not os.access(program, os.X_OK):
        raise case.Skipped("tests/lab/commit_fault is not built (make tests)")
    run = netns.run(netns.gateway(gate.prefix), program, mode, str(at), path)
    check(run.returncode == 0, "commit_fault: " + run.stderr)
    return json.loads(run.stdout)


def run():
    with Gate(OLD, daemon=False) as gate:
        new = gate.write("new.conf", NEW)
        said = apply(gate, "none", 0, gate.path)
        case.equal(said["result"], 0, "apply of the old policy")
        old = listing(gate)
        batches = 3
        for at in range(1, batches):
            said = apply(gate, "invalid", at, new)
            check(said["result"] < 0, "batch %d with an invalid end was reported as live" % at)
            check(listing(gate) == old, "batch %d failed and the ruleset changed" % at)
        # the third only removes what the new policy left behind: tried again
        said = apply(gate, "invalid", batches, new)
        case.equal((said["result"], said["changed"]), (0, True), "apply with a failed sweep")
        check(listing(gate) != old, "reported as live, but the old ruleset stands")
        case.equal(apply(gate, "none", 0, new)["changed"], False, "changed after the sweep")
        apply(gate, "none", 0, gate.path)
        old = listing(gate)
        for at in range(1, batches + 1):
            said = apply(gate, "enobufs", at, new)
            now = listing(gate)
            if said["result"] == 0:
                check(now != old, "reported as live, but the old ruleset stands")
            else:
                check(now == old, "reported as failed (%d), but the ruleset changed"
                      % said["result"])
            apply(gate, "none", 0, gate.path)
            # leaf versions may differ after a round trip: compare from here on
            old = listing(gate)
        said = apply(gate, "none", 0, new)
        case.equal(said["result"], 0, "apply without a fault")
        check(listing(gate) != old, "nothing was applied")
        again = apply(gate, "none", 0, new)
        case.equal((again["result"], again["changed"]), (0, False), "the same policy again")
    return "stage, flip and sweep, invalid end and lost replies"


case.main("PF-32", run)
