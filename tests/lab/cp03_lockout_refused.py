#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-03: a policy that would cut off its administrator is refused, unless forced.

The gate sees the connection itself, IPv4 and IPv6; where it cannot (no socket of this
machine), it takes the caller's SSH_CONNECTION as a hint. Refused means nothing changed.
"""
import os

from sekisho_lab import address, admin, case, changing, policy
from sekisho_lab.gate import Gate, check

SERVICES = [*changing.SERVICES, policy.service("ssh", "tcp", ports=["22"])]
OLD = policy.build([policy.permit("T001", ["a"], ["b"], ["web"]),
                    policy.permit("ADMIN", ["a2"], ["self"], ["ssh"])], SERVICES)
SHUT = policy.build([policy.permit("T002", ["a"], ["b"], ["alt"])], SERVICES)
# the way stays open under another permit
MOVED = policy.build([policy.permit("T002", ["a"], ["b"], ["alt"]),
                      policy.permit("ZONE", ["za"], ["self"], ["ssh"])], SERVICES)


def refused(gate, path, family, *words):
    generation = gate.status()["gate"]["generation"]
    answer = changing.change(gate, *words, "-f", path, must=False)
    case.equal((answer["ok"], answer.get("code")), (False, "preflight-cut"), "IPv%d" % family)
    source = address.show(family, policy.addr(family, *admin.HOME))
    check(source in answer["error"] and "ADMIN" in answer["error"]
          and "port 22" in answer["error"], "it does not say which: " + answer["error"])
    case.equal(gate.status()["gate"]["generation"], generation, "generation of the kernel")


def hint(gate, family):
    os.environ["SSH_CONNECTION"] = "%s 50000 %s 22" % (
        address.show(family, policy.addr(family, *admin.HOME)),
        address.show(family, policy.addr(family, "za", 1)))


def run():
    os.environ.pop("SSH_CONNECTION", None)
    with Gate(OLD) as gate, admin.listener(gate):
        admin.settle(gate, 0, *admin.HOME)
        shut = gate.write("shut.conf", SHUT)
        for family in case.FAMILIES:
            s = admin.connect(gate, family)
            check(s is not None, "IPv%d: the administrator does not get in" % family)
            refused(gate, shut, family, "apply")
            refused(gate, shut, family, "apply", "--confirm", "60")
            s.close()
            hint(gate, family)
            refused(gate, shut, family, "apply")
            del os.environ["SSH_CONNECTION"]
        # what is no connection, or none that the gate lets in now, is no reason
        for text in ("", "x", "1.2.3.4 1 5.6.7.8 22", "10.1.0.3 0 10.1.0.1 22",
                     "10.1.0.3 50000 10.1.0.1 23", "fe80::1%lab0 1 fe80::2%lab0 22",
                     "10.1.0.3 50000 10.1.0.1 22 " + "9" * 300):
            os.environ["SSH_CONNECTION"] = text
            changing.change(gate, "apply", "-f", shut, "--force-lockout")
            changing.change(gate, "rollback")
        del os.environ["SSH_CONNECTION"]
        changing.passes(gate, 80, "back again")
        # open under another permit: no reason either
        s = admin.connect(gate, 4)
        changing.change(gate, "apply", "-f", gate.write("moved.conf", MOVED))
        changing.passes(gate, 81, "administered under another permit")
        refused_log = [r for r in changing.changes(gate)
                       if "would cut off" in r["event"]["reason"]]
        check(len(refused_log) >= 6, "%d refusals on record" % len(refused_log))
        # SIGHUP asks too: the file says OLD, which lets him in; then one that does not
        gate.write("policy.conf", SHUT)
        gate.daemon.send_signal(1)
        changing.wait_for(lambda: len([r for r in changing.changes(gate) if "would cut off"
                                       in r["event"]["reason"]]) > len(refused_log), 5,
                          "the refusal of a reload")
        changing.passes(gate, 81, "after the refused reload")
        s.close()
    return "seen and told, both families"


case.main("CP-03", run)
