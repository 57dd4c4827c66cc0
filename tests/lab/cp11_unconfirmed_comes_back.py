#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-11: apply --confirm without a confirm: the policy before is back at the second.

Judged by packets, both families: until the deadline what the new policy permits passes,
behind it only what the old one permits. Issue and result are on record, and a confirm
keeps the new one.
"""
from sekisho_lab import case, changing
from sekisho_lab.gate import Gate, check

SECONDS = 10


def run():
    with Gate(changing.OLD) as gate:
        changing.passes(gate, 80, "the old policy")
        began = changing.boot_clock()
        answer = changing.change(gate, "apply", "--confirm", str(SECONDS), "--reason",
                                 "時限の試験", "-f", gate.write("new.conf", changing.NEW))
        case.equal(answer["pending"]["serial"], 2, "serial of what waits")
        case.equal(answer["pending"]["target"], 1, "serial of what would come back")
        check(SECONDS - 1 <= answer["pending"]["seconds_left"] <= SECONDS, "time left: %r"
              % answer["pending"]["seconds_left"])
        deadline = changing.read_state(gate, "pending")["deadline_ns"] / 1e9
        check(began + SECONDS < deadline < changing.boot_clock() + SECONDS, "the deadline")
        changing.passes(gate, 81, "while it waits")
        other = changing.change(gate, "apply", "-f", gate.path, must=False)
        case.equal((other["ok"], other["code"]), (False, "change-pending"), "another apply")
        changing.wait_serial(gate, 1, SECONDS + 10)
        took = SECONDS + changing.went_back(gate, deadline)
        check(abs(took - SECONDS) < 1.0, "it came back after %.2f s" % took)
        changing.passes(gate, 80, "after the deadline")
        status = gate.status()
        case.equal((status["pending"], status["policy"]["confirmed"]), (None, True),
                   "status after the deadline")
        told = changing.changes(gate)
        issue = [r for r in told if "comes back unless" in r["event"]["reason"]]
        result = [r for r in told if "was not confirmed within" in r["event"]["reason"]]
        case.equal((len(issue), len(result)), (1, 1), "records of issue and result")
        check("時限の試験" in str(issue[0]) and "時限の試験" in str(result[0]),
              "the reason is not on record")
        case.equal(result[0]["event"]["outcome"], "success", "outcome of going back")
        late = changing.change(gate, "confirm", must=False)
        case.equal(late["code"], "confirm-none", "a confirm behind the deadline")
        # and with a confirm it stays, over the deadline and over a restart
        changing.change(gate, "apply", "--confirm", str(SECONDS), "-f",
                        gate.path.replace("policy.conf", "new.conf"))
        changing.change(gate, "confirm", "3")
        case.equal(changing.boot(gate), 3, "what a start loads")
        gate.stop()
        gate.start()
        changing.passes(gate, 81, "confirmed, after a restart")
        case.equal(gate.status()["policy"]["policy_file"], "differs", "the policy file")
    return "back after %.2f s of %d" % (took, SECONDS)


case.main("CP-11", run)
