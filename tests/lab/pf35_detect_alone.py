#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-35: a change of what is detected is another policy to people and the watcher,
and none to the kernel: plan shows nothing to do, apply leaves the ruleset to the letter."""
import json

from sekisho_lab import case, policy
from sekisho_lab.gate import Gate, check

SERVICES = [policy.service("web", "tcp", ports=["80"])]
PERMITS = [policy.permit("P1", ["a"], ["b"], ["web"])]
DETECT = """
detect = { scan_hosts = { limit = 5; seconds = 30; severity = "high"; };
           beacon = { enabled = false; }; bulk = { limit = "1G"; }; };
"""
OLD = policy.build(PERMITS, SERVICES)
NEW = policy.build(PERMITS, SERVICES, extra=DETECT)
BAD = policy.build(PERMITS, SERVICES, extra="detect = { scan_hosts = { limit = 0; }; };")


def listing(gate):
    run = gate.nft("list", "ruleset")
    check(run.returncode == 0, run.stderr)
    return run.stdout


def digest(gate):
    return gate.status()["policy"]["digest"]


def run():
    with Gate(OLD) as gate:
        before, old = listing(gate), digest(gate)
        new = gate.write("new.conf", NEW)

        plan = json.loads(gate.sekisho("--json", "plan", "-f", new).stdout)
        places = plan.pop("places")
        check(plan["ok"] and not any(v for k, v in plan.items() if k != "ok"
                                     and isinstance(v, (bool, int, list)) and k != "findings"),
              "plan sees something to change: %s" % plan)
        check(places and all(p["change"] == "detect-changed" for p in places),
              "plan in the policy's own words: %s" % places)

        said = json.loads(gate.sekisho("--json", "apply", "-f", new).stdout)
        case.equal((said["ok"], said["changed"]), (True, False), "apply of detect alone")
        case.equal(listing(gate), before, "the kernel's ruleset")
        check(digest(gate) != old, "the daemon still has the policy without detect")

        refused = gate.apply(BAD, name="bad.conf", must=False)
        check(refused.returncode == 1, "a limit of 0 was taken")
        check("bad.conf" in refused.stdout + refused.stderr, "no finding with its line")
        case.equal(listing(gate), before, "the kernel's ruleset after a bad policy")
        return "plan empty, ruleset the same to the letter, digest another"


case.main("PF-35", run)
