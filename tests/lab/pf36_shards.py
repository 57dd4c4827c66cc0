#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-36: a leaf whose tables are in shards, in the kernel.

Openings find their shard and its neighbours' do not matter; a permit across all shards
holds in each of them; a change loads maps of its own shards alone, loses nothing that is
permitted before and after, lets nothing else through, and a permit that goes takes its
running flows with it.
"""
import re
import time

from sekisho_lab import case, frames, load, netns, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams

RATE = 10000
EVERY = list(range(10, 106, 2))     # hosts that fill the leaf; none beside another
SERVICES = [policy.service("fill", "udp", ports=["20000-20099", "20200-20299", "20400-20499",
                                                 "20600-20699"]),
            policy.service("across", "udp", ports=["7000-7099"]),
            policy.service("kept", "udp", ports=["5000-5099"]),
            policy.service("gone", "udp", ports=["6000-6099"])]
HOSTS = [text % (n, f, n, f, n) for f in EVERY for text, n in (
    ('{ name = "f%d-%d"; zone = "za"; addresses = [ "10.%d.0.%d", "2001:db8:%d::' + "%x" % f
     + '" ]; }', 1),
    ('{ name = "f%d-%d"; zone = "zb"; addresses = [ "10.%d.0.%d", "2001:db8:%d::' + "%x" % f
     + '" ]; }', 2))]
FILL = policy.permit("FILL", ["f1-%d" % f for f in EVERY], ["f2-%d" % f for f in EVERY], ["fill"])
ACROSS = policy.permit("ACROSS", ["za"], ["zb"], ["across"])
KEPT = policy.permit("KEPT", ["a"], ["b"], ["kept"])
GONE = policy.permit("GONE", ["a"], ["b"], ["gone"])


def maps(gate):
    """The interval maps of shards, and the maps that find those."""
    listed = gate.nft("-t", "list", "table", "inet", "sekisho").stdout
    return (set(re.findall(r"map (za0-zb0-h[46]_\w+-r[46]\.\d+)", listed)),
            set(re.findall(r"map (za0-zb0-d[46]\.\d+)", listed)))


def openings(gate):
    """One packet of each kind in many shards, and one beside it that nobody permits."""
    shots, wanted = [], set()
    cases = [(x, y, 20250, True) for x in EVERY[::9] for y in EVERY[::7]]
    cases += [(x, y, 20300, False) for x in EVERY[::9] for y in EVERY[::7]]
    cases += [(x + 1, y, 20250, False) for x in EVERY[::9] for y in EVERY[::7]]
    cases += [(200, y, 7050, True) for y in (1 + EVERY[0], 77, 140, 250)]
    cases += [(200, y, 7100, False) for y in (1 + EVERY[0], 77, 140, 250)]
    for family in case.FAMILIES:
        for n, (x, y, port, passes) in enumerate(cases):
            tag = gate.tag()
            shots.append(running.Shot(0, family, frames.opening(
                family, policy.addr(family, "za", x), policy.addr(family, "zb", y), frames.UDP,
                30000 + n, port, tag)))
            wanted |= {tag} if passes else set()
    netns.neighbours(gate.model, gate.prefix, [(1, f, policy.addr(f, "zb", y))
                     for f in case.FAMILIES for y in sorted({c[1] for c in cases})])
    gate.wire.drain()
    gate.fire(shots)
    came = {frames.tag_of(f[3], f[4]) for s in gate.wire.receive(1.0)
            if s.segment == 1 for f in [frames.transport(s.frame[14:])]
            if f and f[3] == frames.UDP}
    case.equal(came, wanted, "openings that came")
    return len(shots)


def under_load(gate, texts):
    ports = [(family, port) for family in case.FAMILIES for port in (5050, 6050, 6150)]
    gate.wire.close()
    before = load.harness_lost(gate)
    counter = load.flood(gate, 1, "count")
    check(counter.stdout.readline().strip() == "ready", "the counter did not start")
    sender = load.flood(gate, 0, "send", load.templates(gate, ports), str(RATE))
    time.sleep(0.2)
    for text in texts:
        running.apply(gate, text)
    sent = load.finish(sender)
    time.sleep(0.3)
    got = load.finish(counter)
    behind = load.harness_lost(gate) - before + got["dropped"]
    lost = {p: sent["sent"][i] - got["counted"][i] for i, p in enumerate(ports)}
    case.equal(sum(lost[p] for p in ports if p[1] == 5050) - behind, 0, "permitted packets lost")
    case.equal([got["counted"][i] for i, p in enumerate(ports) if p[1] == 6150], [0, 0],
               "denied packets that passed")
    gate.wire = None
    return sum(sent["sent"])


def revoked(gate, less):
    gone = [Datagrams(gate, f, frames.UDP, 6001, 43000).open() for f in case.FAMILIES]
    kept = [Datagrams(gate, f, frames.UDP, 5001, 43001).open() for f in case.FAMILIES]
    running.revoked(gate, less, gone, kept)


def run():
    whole = policy.build([FILL, ACROSS, KEPT, GONE], SERVICES, HOSTS)
    less = policy.build([FILL, ACROSS, KEPT], SERVICES, HOSTS)
    with Gate(whole) as gate:
        before, finders = maps(gate)
        check(len(before) > 8 and len(finders) == 2, "the leaf has no shards: %s" % before)
        text = gate.sekisho("plan", "--nft", "-f", gate.path).stdout
        refused = gate.nft("-c", "-f", "-", text=text).stderr
        check(not refused, "nft refuses what plan prints: " + refused[:500])
        tried = openings(gate)
        check(not running.apply(gate, whole)["changed"], "the same policy changed the table")
        revoked(gate, less)
        after, _ = maps(gate)
        case.equal(len(before - after), 2, "maps of shards that one permit loads anew")
        sent = under_load(gate, [whole, less] * 3)
    return "%d shards, %d openings, %d packets under 6 changes" % (len(before), tried, sent)


case.main("PF-36", run)
