#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-37: an exact map of which more changes than one flip should is replaced, as one change.

48,000 tuples give way to as many others, back and forth: filled beside those that run, in
several batches, and turned over in one. What both policies permit loses nothing and goes on
being counted, what neither permits never passes, and a running flow ends in the flip that
denies it. A small change behind that is done in place. Runs alone.
"""
import re
import time

from sekisho_lab import case, frames, load, netns, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams

RATE = 10000
CHANGES = 4
HOSTS, PORTS = 80, 300              # x 2 families
FIRST_HOST, FIRST_PORT = 20, 20000
KEPT, NEVER = 5000, 5001
TRIED = (FIRST_HOST, FIRST_HOST + HOSTS // 2, FIRST_HOST + HOSTS - 1)


def text(odd, *more):
    """Of every two ports one or the other, to many hosts; one tuple that stays; more."""
    numbers = range(FIRST_HOST, FIRST_HOST + HOSTS)
    many = '{ name = "many"; zone = "zb"; addresses = [ %s ]; }' % ", ".join(
        '"10.2.0.%d", "2001:db8:2::%x"' % (n, n) for n in numbers)
    ports = [str(FIRST_PORT + 2 * n + odd) for n in range(PORTS)]
    services = [policy.service("ports", "udp", ports), policy.service("kept", "udp", [str(KEPT)]),
                policy.service("more", "udp", ["4000"])]
    permits = [policy.permit("MANY", ["a"], ["many"], ["ports"]),
               policy.permit("KEPT", ["a"], ["b"], ["kept"]), *more]
    return policy.build(permits, services, [many])


def maps(gate):
    """Name and version of the exact maps from za to zb."""
    listed = gate.nft("-t", "list", "table", "inet", "sekisho").stdout
    return sorted(re.findall(r"map (za0-zb0-x[46](?:\.\d+)?) \{", listed))


def counted(gate):
    listed = gate.nft("list", "counter", "inet", "sekisho", "permit_KEPT").stdout
    return int(re.search(r"packets (\d+)", listed).group(1))


def under_load(gate):
    """So many changes below a stream of openings; what the count of the kept permit grew by."""
    ports = [(family, port) for family in case.FAMILIES for port in (KEPT, NEVER)]
    gate.wire.close()
    ledger = load.Ledger(gate, ports, (KEPT,))
    counter = load.flood(gate, 1, "count")
    check(counter.stdout.readline().strip() == "ready", "the counter did not start")
    before = counted(gate)
    sender = load.flood(gate, 0, "send", load.templates(gate, ports), str(RATE))
    time.sleep(0.2)
    seen = []
    for n in range(CHANGES):
        running.apply(gate, text((n + 1) % 2))
        seen.append(maps(gate))
    sent = load.finish(sender)
    time.sleep(0.3)
    where = ledger.judge(sent, load.finish(counter))
    gate.wire = None
    check(all(a != b for a, b in zip(seen, seen[1:])), "maps were not replaced: %s" % seen)
    grown = counted(gate) - before
    check(grown > 0, "the permit that stays was not counted")
    return "%d packets under %d changes, %s" % (sum(sent["sent"]), CHANGES, where)


def opens(gate, port, wanted):
    """Does every tuple of this port at some hosts open, or none?"""
    for family in case.FAMILIES:
        for host in TRIED:
            flow = Datagrams(gate, family, frames.UDP, port, 47000 + host, dst=("zb", host))
            case.equal(flow.passes(True, 0.5 if wanted else 0.2), wanted, flow.name)


def revoked(gate, before):
    """One change while flows run of what goes and of what stays; so many others went before."""
    gone = [Datagrams(gate, f, frames.UDP, FIRST_PORT, 43000, dst=("zb", FIRST_HOST)).open()
            for f in case.FAMILIES]
    kept = [Datagrams(gate, f, frames.UDP, KEPT, 43001).open() for f in case.FAMILIES]
    running.revoked(gate, text(1), gone, kept, before)


def small(gate):
    """One permit more: where the map stands, and nothing but that."""
    before = maps(gate)
    running.apply(gate, text(1, policy.permit("MORE", ["a"], ["b"], ["more"])))
    case.equal(maps(gate), before, "maps behind a small change")
    check(Datagrams(gate, 4, frames.UDP, 4000, 43002).passes(True), "the new permit opens nothing")


def run():
    with Gate(text(0)) as gate:
        case.equal(maps(gate), ["za0-zb0-x4", "za0-zb0-x6"], "maps of a first load")
        netns.neighbours(gate.model, gate.prefix, [
            (1, f, policy.addr(f, "zb", host)) for f in case.FAMILIES for host in TRIED])
        opens(gate, FIRST_PORT, True)
        opens(gate, FIRST_PORT + 1, False)
        revoked(gate, len(case.FAMILIES) * len(TRIED))
        opens(gate, FIRST_PORT, False)
        opens(gate, FIRST_PORT + 1, True)
        small(gate)
        check(not running.apply(gate, text(1, policy.permit(
            "MORE", ["a"], ["b"], ["more"])))["changed"], "the same policy changed the table")
        running.apply(gate, text(0))
        loaded = under_load(gate)
    return loaded


case.main("PF-37", run)
