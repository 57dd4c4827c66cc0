#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-12: identical attempts, 100,000 a second if this machine can: few bytes, exact totals.

What the gateway itself has to say is written at once meanwhile, and nothing is lost.
SEKISHO_ATTEMPTS=1000000: a million of them.
"""
import os
import struct
import time

from sekisho_lab import case, drifting, frames, policy
from sekisho_lab.gate import Gate, check

ATTEMPTS = int(os.environ.get("SEKISHO_ATTEMPTS", "200000"))
RATE = 100000
BYTES = 64 << 10        # of the record, for all of it
POLICY = policy.build()


class Attempts(drifting.Flood):
    """One opening to a port that nothing permits, again and again."""

    def _templates(self):
        s = self.gate.model.segments[0]
        src, dst = policy.addr(4, "za", 2), policy.addr(4, "zb", 2)
        body = frames.udp(4, src, dst, 20000, 5001, b"skfl" + struct.pack("!I", 0))
        frame = frames.ethernet(s.gateway_mac, s.router_mac, 4,
                                frames.ip(4, src, dst, frames.UDP, body))
        return struct.pack("<H", len(frame)) + frame

    def finish(self):
        sent = self._finish(self.sender)
        self._finish(self.counter)
        return sum(sent["sent"])


def size(gate):
    folder = os.path.join(gate.root, "log")
    return sum(os.stat(os.path.join(folder, name)).st_size for name in os.listdir(folder)
               if name.startswith("violations"))


def waited(gate):
    """Seconds between a change and its record."""
    worst, known = 0.0, len(drifting_changes(gate))
    for n in range(3):
        start = time.monotonic()
        gate.apply(POLICY.replace("R8-0001", "R8-%04d" % (n + 2)))
        done = time.monotonic()
        check(drifting.wait_until(lambda want=known + n + 1: len(drifting_changes(gate)) >= want, 5),
              "a change is not on record under the flood")
        worst = max(worst, time.monotonic() - done)
        time.sleep(max(0.0, 1.5 - (time.monotonic() - start)))
    return worst


def drifting_changes(gate):
    return [r for r in gate.records() if r["sekisho"]["kind"] == "change"]


def run():
    with Gate(POLICY) as gate:
        before = size(gate)
        flood = Attempts(gate, RATE)
        start = time.monotonic()
        worst = waited(gate)
        drifting.wait_until(lambda: gate.stopped() >= ATTEMPTS, 40, 0.2)
        seconds = time.monotonic() - start
        sent = flood.finish()
        check(sent >= ATTEMPTS, "only %d attempts were sent in %d s" % (sent, seconds))
        time.sleep(1)
        status = gate.status()
        case.equal(status["record"]["lost"], 0, "records lost")
        trouble = gate.stop()
        check(trouble is None, trouble)
        grown = size(gate) - before
        check(grown < BYTES, "the record grew by %d bytes" % grown)
        told = sum(r["sekisho"]["count"] for r in gate.records()
                   if r["sekisho"].get("agg") == "final"
                   and r["event"]["action"] == "attempt"
                   and r["destination"].get("port") == 5001)
        dropped = sum(t["dropped"] for t in status["watch"]["taps"])
        case.equal(told + dropped, sent, "in final records, and frames that the tap told lost")
        check(worst < 1, "a change waited %.2f s for its record" % worst)
        return "%d attempts in %.0f s, %d bytes, %d lost by the tap, changes on record after %.2f s" % (
            sent, seconds, grown, dropped, worst)


case.main("LG-12", run)
