#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-05: an interface goes down, is renamed, changed, made anew: watched again within 2 s.

Every time that it was not watched stands in the record with its begin and its end.
"""
import time

from sekisho_lab import address, case, frames, netns, watching
from sekisho_lab import policy as policies
from sekisho_lab.gate import Gate, check

MOST = 2.0
IF = "za0"


class Bed:
    def __init__(self, gate):
        self.gate, self.port = gate, 20000

    def ip(self, *lines):
        netns.ip_batch(list(lines), netns.gateway(self.gate.prefix))

    def watched(self):
        """Seconds until a packet that comes in by za0 is on record."""
        start = time.monotonic()
        first = self.port
        while time.monotonic() - start < MOST + 1:
            shot = self.gate.opening(4, ("za", 2), ("zc", 2), frames.UDP, self.port)
            self.port += 1
            self.gate.fire([shot])
            time.sleep(0.02)
            if self.recorded(first):
                return time.monotonic() - start
        return None

    def recorded(self, port):
        return [r for r in self.gate.violations()
                if r.get("destination", {}).get("port", 0) >= port
                and watching.interface_of(r) == IF     # "": the gate knew it before a tap did
                and "tap-ingress" in r["sekisho"]["witness"]]

    def again(self, what):
        took = self.watched()
        check(took is not None and took <= MOST,
              "%s: %s" % (what, "not watched again" if took is None
                          else "watched again after %.1f s" % took))
        return took

    def gap(self, what, since, begun, word, n):
        """One more gap that began when it did and has an end."""
        def closed():
            return [r for r in watching.gaps(self.gate, IF) if "again" in
                    r["event"]["reason"]][n:]
        check(watching.wait_until(closed, 2), "%s: the end of the gap is not on record: %s"
              % (what, [r["event"]["reason"] for r in watching.gaps(self.gate, IF)]))
        event = closed()[-1]["event"]
        start, end = watching.seconds(event["start"]), watching.seconds(event["end"])
        check(since - 1.5 <= start <= begun + 1.0 and end >= begun,
              "%s: the gap is told as %s to %s" % (what, event["start"], event["end"]))
        check(word in event["reason"], "%s: told as %r" % (what, event["reason"]))
        opened = [r for r in watching.gaps(self.gate, IF) if "not watched" in
                  r["event"]["reason"] and watching.seconds(r["event"]["end"]) >= since - 0.1]
        check(opened, "%s: its begin is not on record" % what)
        return n + 1


def down_up(bed, n):
    since = time.time()
    bed.ip("link set %s down" % IF)
    time.sleep(1)
    begun = time.time()
    bed.ip("link set %s up" % IF)
    watcher = watching.pids(bed.gate)["watcher"]
    took = bed.again("down and up")
    check(watching.pids(bed.gate)["watcher"] == watcher, "down and up needs no new watcher")
    return took, bed.gap("down and up", since, begun, "it was down", n)


def renamed(bed, n):
    since = time.time()
    bed.ip("link set %s down" % IF, "link set %s name other0" % IF, "link set other0 up")
    time.sleep(1)
    begun = time.time()
    bed.ip("link set other0 down", "link set other0 name %s" % IF, "link set %s up" % IF)
    took = bed.again("renamed and back")
    return took, bed.gap("renamed", since, begun, "again", n)


def made_anew(bed, n):
    gate = bed.gate
    s = gate.model.segments[0]
    since = time.time()
    gate.wire.close()
    bed.ip("link del %s" % IF)
    time.sleep(1)
    begun = time.time()
    netns.ip_batch(["link add %s address %s netns %s type veth peer name %s address %s netns %s"
                    % (IF, address.mac_text(s.gateway_mac), netns.gateway(gate.prefix),
                       netns.FAR, address.mac_text(s.router_mac), netns.far(gate.prefix, 0))])
    netns.ip_batch(["link set %s up" % netns.FAR], netns.far(gate.prefix, 0))
    bed.ip("link set %s up" % IF)
    gate.wire = type(gate.wire)(gate.model, gate.prefix)
    took = bed.again("deleted and made anew")
    return took, bed.gap("made anew", since, begun, "again", n)


def unharmed(bed):
    """What a tap does not even notice: no gap, no new watcher."""
    watcher, before = watching.pids(bed.gate)["watcher"], len(watching.gaps(bed.gate))
    for line in ("mtu 1400", "mtu 1500", "promisc on", "promisc off"):
        bed.ip("link set %s %s" % (IF, line))
        bed.again(line)
    case.equal(watching.pids(bed.gate)["watcher"], watcher, "the watcher after MTU, promisc")
    case.equal([r["event"]["reason"] for r in watching.gaps(bed.gate)[before:]], [],
               "gaps after MTU and promisc")


def run():
    with Gate(policies.build()) as gate:
        bed, n, slowest = Bed(gate), 0, 0
        bed.again("at first")
        unharmed(bed)
        for change in (down_up, renamed, made_anew, down_up):
            took, n = change(bed, n)
            slowest = max(slowest, took)
        alive = {"alive"}
        check(watching.wait_until(lambda: {t["canary"]["state"] for t in
                                           gate.status()["watch"]["taps"]} == alive, 4),
              "the canaries do not sing again")
        check(watching.settled(gate)["balanced"], "the ledgers do not balance")
    return "slowest %.1f s" % slowest


case.main("WA-05", run)
