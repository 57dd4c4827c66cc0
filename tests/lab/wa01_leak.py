#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-01: the gate opened behind the agent's back: one packet, one leak record, < 1 s."""
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check


def leak(gate, family, port):
    """Open the gate, send one packet from a to c (a pair without permit)."""
    shot = gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, port, 50000)
    with gate.opened():
        when = time.time()
        gate.fire([shot])
        check(gate.await_tag(gate.last_tag(), 2),
              "IPv%d: the packet did not leak; the test shows nothing" % family)
        found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == port
                              and r["event"]["action"] == "leak", 1, seconds=1.0, grace=0)
        took = time.time() - when
    check(found, "IPv%d: no leak record within a second" % family)
    return found[0], took


def run():
    slowest = 0
    with Gate(policy.build()) as gate:
        for n, family in enumerate(case.FAMILIES):
            port = 8100 + n
            record, took = leak(gate, family, port)
            slowest = max(slowest, took)
            time.sleep(0.5)
            mine = [r for r in gate.violations()
                    if r.get("destination", {}).get("port") == port]
            case.equal(len(mine), 1, "IPv%d: records of one leaked packet" % family)
            case.equal((record["source"]["port"], record["network"]["transport"],
                        record["rule"]["id"], record["sekisho"]["count"]),
                       (50000, "tcp", "ZV-01", 1), "IPv%d: what the record says" % family)
            sides = [record["observer"][k]["interface"]["name"] for k in ("ingress", "egress")]
            case.equal(sides, ["za0", "zc0"], "IPv%d: interfaces" % family)
            check(record["event"]["type"] == ["allowed"], "a leak is of type allowed")
            gate.apply(policy.build())      # shut it again
            shot = gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, 8200, 50001)
            case.nothing(gate, gate.passed([shot], family), "after the repair")
    return "slowest record after %.2f s" % slowest


case.main("WA-01", run)
