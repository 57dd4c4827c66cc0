#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-09: with 100,000 permitted tuples a cut-off is in force within a second, by packets.

Also when it is ordered in the middle of the commit of an apply that replaces all of them: it
waits for the batch that the kernel is at, and no longer. Runs alone.
"""
import subprocess
import threading
import time

from sekisho_lab import case, cutoff, frames, netns, policy
from sekisho_lab.gate import Gate, check

HOSTS, PORTS = 200, 500
# Of an apply: from its compiling to what it did being read back.
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def text(first):
    """200 hosts x 500 ports of two numbers each between za and zb, beside the usual."""
    hosts = ", ".join('"10.1.0.%d"' % n for n in range(20, 20 + HOSTS))
    ports = ", ".join('"%d"' % (first + 2 * n) for n in range(PORTS))
    built = cutoff.text((policy.permit("BIG", ["many"], ["b2"], ["ports"]),))
    built = built.replace("hosts = (\n", 'hosts = (\n  { name = "many"; zone = "za"; '
                          "addresses = [ %s ]; },\n" % hosts, 1)
    return built.replace("services = (\n", 'services = (\n  { name = "ports"; '
                         'protocol = "tcp"; ports = [ %s ]; },\n' % ports, 1)


class Voice(threading.Thread):
    """One packet a millisecond of a running flow, each with its time in it."""

    def __init__(self, gate, stream):
        super().__init__()
        self.gate, self.stream, self.going, self.last = gate, stream, True, 0.0

    def run(self):
        while self.going:
            self.gate.fire([self.stream.shots()[0][0]])
            for seen in self.gate.wire.receive(0.001):
                found = frames.transport(seen.frame[14:])
                if found and found[3] == frames.UDP and seen.segment == self.stream.out:
                    self.last = time.monotonic()

    def end(self):
        self.going = False
        self.join()


def timed(gate, before):
    """Seconds from the command's start to the last packet that came out."""
    stream = cutoff.Stream(gate, 4, frames.UDP, 48000, ("za", 2), ("zb", 2)).open()
    voice = Voice(gate, stream)
    voice.start()
    busy = before()
    began = time.monotonic()
    cutoff.isolate(gate, "za")
    if busy is not None:
        check(busy.wait(60) == 0, "the apply failed")
    time.sleep(0.3)
    voice.end()
    cutoff.restore(gate)
    check(voice.last > 0, "no packet came out before the cut")
    return max(0.0, voice.last - began)


def start(gate, path):
    return subprocess.Popen(
        ["ip", "netns", "exec", netns.gateway(gate.prefix),
         cutoff.binary(), "--root", gate.root, "apply", "-f", path],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Beside:
    """An apply that has run for so many seconds."""

    def __init__(self, gate, path, seconds):
        self.gate, self.path, self.seconds = gate, path, seconds

    def __call__(self):
        child = start(self.gate, self.path)
        time.sleep(self.seconds)
        return child


def run():
    with Gate(text(20000)) as gate:
        quiet = timed(gate, lambda: None)
        paths = [gate.write("next%d.conf" % n, text(20001 - n)) for n in range(2)]
        began = time.monotonic()
        check(start(gate, paths[0]).wait(60) == 0, "the apply failed")
        whole = time.monotonic() - began

        waits = sorted(timed(gate, Beside(gate, paths[(n + 1) % 2], share * whole))
                       for n, share in enumerate(SHARES))
        check(gate.status()["cutoffs"] == [], "a cut-off is left")
    check(quiet < 1.0, "the cut took %.3f s" % quiet)
    told = "beside an apply of %.1f s %s ms" % (
        whole, ", ".join("%.0f" % (1000 * w) for w in waits))
    check(waits[-1] < 1.0, told)
    return "%.0f ms; %s" % (quiet * 1000, told)


case.main("ISO-09", run)
