#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-30: 150 reloads under 50,000 packets a second: 0 permitted lost, 0 denied passed.

Two policies take turns. Both permit the flows to port 5000 and deny those to port 5001;
everything around them changes: exact tuples, ranges, services, permits, leaf chains.

Runs alone.
"""
import os
import subprocess
import time

from sekisho_lab import case, load, model, policy
from sekisho_lab.gate import Gate, check

RELOADS = int(os.environ.get("SEKISHO_RELOADS", "150"))
RATE = load.RATE
# two permitted and two denied kinds of packet
PORTS = ((4, 5000), (4, 5001), (6, 5000), (6, 5001))

SERVICES = [policy.service("a-port", "udp", ports=["5000"]),
            policy.service("a-range", "udp", ports=["4990-5000"]),
            policy.service("low", "tcp", ports=["1-1024"]),
            policy.service("web", "tcp", ports=["80", "443"])]
ODD = policy.build([policy.permit("FLOW", ["a"], ["b"], ["a-port"]),
                    policy.permit("X1", ["za"], ["zb"], ["low"]),
                    policy.permit("X2", ["a", "a2"], ["b2"], ["web"])], SERVICES)
EVEN = policy.build([policy.permit("Y1", ["a2"], ["zb"], ["low", "web"]),
                     policy.permit("Y2", ["b"], ["a"], ["web"]),
                     policy.permit("FLOW", ["za"], ["b", "b2"], ["a-range"])], SERVICES)


def reload_many(gate):
    paths = [gate.write("odd.conf", ODD), gate.write("even.conf", EVEN)]
    for n in range(RELOADS):
        done = subprocess.run([model.binary(), "--root", gate.root, "apply", "-f",
                               paths[(n + 1) % 2]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        check(done.returncode == 0, "reload %d failed: %s" % (n, done.stdout))


def run():
    with Gate(ODD) as gate:
        gate.wire.close()       # its sockets would hear every packet of the flood
        ledger = load.Ledger(gate, PORTS, (5000,))
        counter = load.flood(gate, 1, "count")
        check(counter.stdout.readline().strip() == "ready", "the counter did not start")
        sender = load.flood(gate, 0, "send", load.templates(gate, PORTS), str(RATE))
        time.sleep(0.5)
        start = time.monotonic()
        reload_many(gate)
        took = time.monotonic() - start
        sent = load.finish(sender)
        time.sleep(0.5)
        got = load.finish(counter)
        rate = sum(sent["sent"]) / sent["seconds"]
        remark = "%d reloads in %.1f s, %d packets at %d a second" % (
            RELOADS, took, sum(sent["sent"]), rate)
        remark += ", " + ledger.judge(sent, got)
        check(rate > RATE * 0.8, "the load was too light: " + remark)
        gate.wire = None
    return remark + ", 0 leaked"


case.main("PF-30", run)
