#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-05: a foreign flowtable carries a flow past the gate after its permit is gone."""
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow

WEB = [policy.service("web", "tcp", ports=["80"])]
WITH = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])], WEB)
WITHOUT = policy.build([policy.permit("WEB", ["c"], ["b"], ["web"])], WEB)
# after the gate, so that only permitted flows get into it
FOREIGN = """table inet foreign {
	flowtable fast { hook ingress priority 0; devices = { za0, zb0 }; }
	chain forward {
		type filter hook forward priority 10; policy accept;
		ct state established flow add @fast
	}
}
"""
SHUT = "insert rule inet sekisho forward drop\n"     # whatever the daemon makes of old flows
GRACE = 2.5             # seconds in which the watcher still excuses what was permitted


def leaks(gate, family):
    want = "ipv%d" % family
    return gate.wait_for(lambda r: r["event"]["action"] == "leak"
                         and r["network"].get("type") == want, 1, seconds=1.5)


def put_in(gate):
    made = gate.nft("-f", "-", text=FOREIGN)
    if made.returncode != 0:
        raise case.Skipped("no flowtable here: " + made.stderr.strip()[:80])


def run():
    with Gate(WITH) as gate:
        put_in(gate)
        flows = [Flow(gate, f, 46500).open().data().data() for f in case.FAMILIES]
        gate.apply(WITHOUT)
        check(gate.nft("-f", "-", text=SHUT).returncode == 0, "the gate could not be shut")
        time.sleep(GRACE)
        for flow in flows:
            stranger = gate.opening(flow.family, ("za", 2), ("zb", 2), frames.TCP, 80, 46600)
            case.nothing(gate, came_without_control(gate, stranger), "the gate is shut")
            flow.data(b"past the gate")
        rules = gate.nft("list", "chain", "inet", "sekisho", "forward").stdout
        check("priority filter; policy drop;\n\t\tdrop" in rules,
              "the gate did not stay shut; the test shows nothing")
        for family in case.FAMILIES:
            check(leaks(gate, family), "IPv%d: no leak record of a flow that a flowtable "
                  "carried past the gate" % family)
    return "both families told"


def came_without_control(gate, shot):
    """What comes out of a gate that is wholly shut."""
    gate.wire.drain()
    gate.fire([shot])
    return [s for s in gate.wire.receive(0.3) if gate.crossed(s)]


case.main("VM-05", run)
