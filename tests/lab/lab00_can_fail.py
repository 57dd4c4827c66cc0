#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LAB-00: the lab can fail: of an open gate and of a shut one it says so."""
from sekisho_lab import case, netns, policy, probe, probe_plan, wire
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                     policy.permit("PING", ["a"], ["self"], ["ping", "ping6"])],
                    [policy.service("web", "tcp", ports=["80"]),
                     policy.service("ping", "icmp", types=["echo-request"]),
                     policy.service("ping6", "icmpv6", types=["echo-request"])])
OPEN = ("add table inet t\n"
        "add chain inet t f { type filter hook forward priority 0; policy accept; }\n")
SHUT = OPEN.replace("accept", "drop")


def report(gate):
    with wire.Wire(gate.model, gate.prefix) as w:
        return probe.Prober(gate.model, w, probe_plan.Plan(gate.model)).run()


def run():
    with Gate(TEXT, daemon=False) as gate:
        with netns.inside(netns.gateway(gate.prefix)):
            netns.forwarding(True)
        gate.nft("-f", "-", text=OPEN)
        r = report(gate)
        check(len(r["false_accepts"]) > 20 and not r["false_drops"],
              "an open gate: %d false accepts, %d false drops"
              % (len(r["false_accepts"]), len(r["false_drops"])))
        gate.nft("flush", "ruleset")
        gate.nft("-f", "-", text=SHUT)
        r = report(gate)
        check(r["false_drops"], "a shut gate has no false drops")
        through = [x for x in r["false_accepts"] if "self" not in x.split("came out:")[1]]
        check(not through, "a shut gate lets through: %s" % through[:2])
    return "%d packets" % (r["permitted"] + r["denied"])


case.main("LAB-00", run)
