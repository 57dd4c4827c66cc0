#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-06: the watcher stopped for 5 s under 50,000 packets a second: loss is known exactly.

Violations that the gate stops fill the ring of the way in, leaks the event ring of the way
out as well: what was judged and what is told as lost is all that came, or crossed. What a
permit covers is counted in the kernel: of it nothing is lost.

Runs alone.
"""
import json
import os
import signal
import time

from sekisho_lab import case, policy, watching
from sekisho_lab.gate import Gate, check

RATE = int(os.environ.get("SEKISHO_PPS", "50000"))
STOPPED = 5.0
PORT, PERMITTED = 8900, 8901
POLICY = policy.build([policy.permit("OK", ["a"], ["zc"], ["ok"])],
                      [policy.service("ok", "udp", ports=[str(PERMITTED)])])
OPEN = ("udp dport %d counter accept" % PORT, "accept")
WORD = "capture ring"


class Stop:
    """One flood with the watcher stopped in the midst of it."""

    def __init__(self, gate, port):
        watcher = watching.pids(gate)["watcher"]
        flood = watching.Flood(gate, RATE, port)
        time.sleep(1)
        os.kill(watcher, signal.SIGSTOP)
        self.begun = time.time()
        time.sleep(STOPPED)
        os.kill(watcher, signal.SIGCONT)
        self.ended = time.time()
        time.sleep(2)
        self.arrived, self.rate = flood.finish()
        time.sleep(0.7)     # for what waits whether it leaves
        check(watching.pids(gate)["watcher"] == watcher, "the watcher was replaced")
        check(self.rate > RATE * 0.8, "the load was too light: %d a second" % self.rate)

    def settle(self, gate):
        self.status = watching.settled(gate)
        return self

    def tap(self, interface):
        return next(t for t in self.status["taps"] if t["interface"] == interface)

    def pair(self):
        rows = self.status["matrix"]
        return next(r for r in rows if (r["from"], r["to"]) == ("za", "zc"))


def let_through(gate):
    """Packets that the opened gate passed on, by the kernel's own count."""
    listed = json.loads(gate.nft("-j", "list", "chain", "inet", "sekisho", "forward").stdout)
    rules = [item["rule"]["expr"] for item in listed["nftables"] if "rule" in item]
    return sum(e["counter"]["packets"] for expr in rules for e in expr if "counter" in e)


def told_of(gate, interface, stop):
    """What the records tell as lost there; it is what the ledger has, and in that time."""
    gaps = watching.gaps(gate, interface, WORD)
    told = sum(r["sekisho"]["lost"] for r in gaps)
    check(told > 0, "%s: nothing was lost; the test shows nothing" % interface)
    case.equal(told, stop.tap(interface)["dropped"], "%s: loss in log and ledger" % interface)
    first = gaps[0]["event"]
    check(watching.seconds(first["start"]) < stop.begun + 1.5
          and watching.seconds(first["end"]) > stop.ended - 0.5,
          "%s: the interval of the loss, %s to %s, does not hold the stop"
          % (interface, first["start"], first["end"]))
    return told


def quiet(gate):
    """The test's own sockets would hear every packet of the flood."""
    gate.wire.close()
    gate.wire = None


def end(gate):
    trouble = gate.stop()
    check(trouble is None, trouble)


def permitted_and_refused():
    with Gate(POLICY) as gate:
        quiet(gate)
        stop = Stop(gate, PERMITTED).settle(gate)
        case.equal(stop.status["lost"], 0, "of permitted packets: lost")
        case.equal(stop.pair()["permitted"], stop.arrived, "of permitted packets: counted")
        proven = stop.status["ledger"]["filter"]["proven"]
        stop = Stop(gate, PORT).settle(gate)
        end(gate)
        seen, told = watching.finals(gate, PORT, "attempt"), told_of(gate, "za0", stop)
        remark = "of %d attempts %d judged, %d told as lost" % (stop.arrived, seen, told)
        case.equal(seen + told, stop.arrived, "judged and lost together (%s)" % remark)
    return "%d proven in the kernel; %s" % (proven, remark)


def leaks():
    with Gate(POLICY) as gate:
        quiet(gate)
        with gate.opened(OPEN):
            stop = Stop(gate, PORT)
            left = let_through(gate)
        stop.settle(gate)
        end(gate)
        seen, told = watching.finals(gate, PORT, "leak"), told_of(gate, "zc0", stop)
        remark = "of %d leaks %d judged, %d told as lost" % (left, seen, told)
        case.equal(seen + told, left, "judged and lost together (%s)" % remark)
        case.equal(stop.pair()["leaks"], seen, "leaks in the matrix and in the records")
    return remark


def run():
    return "%s; %s" % (permitted_and_refused(), leaks())


case.main("WA-06", run)
