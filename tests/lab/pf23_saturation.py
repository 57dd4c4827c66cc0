#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-23: permitted and denied packets until the way out is full and drops: 0 denied pass.

Runs alone.
"""
import json
import time

from sekisho_lab import case, load, netns, policy
from sekisho_lab.gate import Gate, check

SECONDS, SENDERS = 3, 2
PORTS = ((4, 5000), (4, 5001), (6, 5000), (6, 5001))    # permitted, denied, twice


def narrow(gate):
    """The line to zone b carries less than what is permitted: its queue runs over."""
    run_ = netns.run(netns.gateway(gate.prefix), *"tc qdisc add dev zb0 root tbf rate 4mbit "
                     "burst 8k limit 16k".split())
    if run_.returncode != 0:
        raise case.Skipped("no tbf in this kernel: " + run_.stderr.strip())


def dropped_by_queue(gate):
    text = netns.run(netns.gateway(gate.prefix), "tc", "-s", "-j", "qdisc", "show", "dev",
                     "zb0").stdout
    return json.loads(text)[0]["drops"]


def run():
    text = policy.build([policy.permit("FLOW", ["a"], ["b"], ["stream"])],
                        [policy.service("stream", "udp", ports=["5000"])])
    with Gate(text) as gate:
        gate.wire.close()       # its sockets would hear every packet of the flood
        gate.wire = None
        narrow(gate)
        counter = load.flood(gate, 1, "count")
        check(counter.stdout.readline().strip() == "ready", "the counter did not start")
        path = load.templates(gate, PORTS)
        senders = [load.flood(gate, 0, "send", path, "5000000") for _ in range(SENDERS)]
        time.sleep(SECONDS)
        sent = [load.finish(s) for s in senders]
        time.sleep(0.5)
        got = load.finish(counter)
        dropped = dropped_by_queue(gate)
        total = [sum(s["sent"][n] for s in sent) for n in range(len(PORTS))]
        case.equal((got["counted"][1], got["counted"][3]), (0, 0), "denied packets passed")
        check(min(total) > 5000 and got["counted"][0] > 500 and got["counted"][2] > 500,
              "the flood was none: sent %s, came %s" % (total, got["counted"]))
        check(dropped > 0, "nothing was dropped: no saturation with %s" % total)
        status = gate.status()
        check(status["watch"]["balanced"], "the ledgers do not balance")
    return "%d denied of %d packets in %d s, %d permitted ones dropped by the full line, 0 passed" % (
        total[1] + total[3], sum(total), SECONDS, dropped)


case.main("PF-23", run)
