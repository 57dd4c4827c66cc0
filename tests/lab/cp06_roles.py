#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-06: each verb of the control socket by each kind of person: refused and on record."""
import time

from sekisho_lab import case, clients, policy
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])


def try_verb(gate, who, verb):
    with_answer = who.call(lambda: clients.ask(clients.connect(gate), verb))
    check(with_answer != "died", "a client died: " + verb)
    return with_answer


def run():
    verbs = clients.verbs()
    check({"status", "apply"} <= set(verbs), "the table of verbs is not understood: %s" % verbs)
    with Gate(TEXT) as gate:
        before, refused = gate.nft("-s", "list", "ruleset").stdout, 0
        for name, who, may_read, may_change in clients.people():
            for verb, changes in verbs.items():
                if may_change and changes and verb != "apply":
                    continue        # what it does with empty hands is its own test's matter
                answer = try_verb(gate, who, verb)
                may = may_change if changes else may_read
                check(answer is not None and clients.refused(answer) != may,
                      "%s, %s: %s" % (name, verb, str(answer)[:200]))
                refused += not may
        time.sleep(1.3)         # at most one record a second
        case.equal(clients.told(gate, "without the right"), refused, "refusals on record")
        actors = {a for a, _ in clients.refusals(gate)}
        check(all(a and a.startswith("uid ") for a in actors), "actors on record: %s" % actors)
        case.equal(gate.nft("-s", "list", "ruleset").stdout, before, "ruleset")
    return "%d verbs, %d refusals, all on record" % (len(verbs), refused)


case.main("CP-06", run)
