#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-30b: mixed changes under load: permits added, removed, widened, narrowed and swapped.

Openings come at a high rate and running flows speak in both directions, in pairs of hash
and of interval maps. What every policy permits loses nothing, though by another permit or
another kind of map each time; what none permits never passes. SEKISHO_RELOADS=300 is the
long form.

Runs alone.
"""
import os
import random
import threading
import time

from sekisho_lab import case, frames, load, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams

CHANGES = int(os.environ.get("SEKISHO_RELOADS", "36"))
RATE = int(os.environ.get("SEKISHO_PPS", "20000"))
RUNNING = max(CHANGES // 3, 12)      # of them under running flows

SERVICES = [policy.service("exact", "udp", ports=["5000"]),
            policy.service("two", "udp", ports=["4999", "5000"]),
            policy.service("around", "udp", ports=["4000-5000"]),
            policy.service("range", "udp", ports=["6000-6999"]),
            policy.service("part", "udp", ports=["6100-6300"]),
            policy.service("wide", "udp", ports=["5900-6999", "7100-7999"]),
            policy.service("tcps", "tcp", ports=["1-1024"]),
            policy.service("web", "tcp", ports=["80", "443"])]
# Each kind of hold on what is always permitted: port 5000 and port 6200 from a to b.
FIRST = [(["a"], ["b"], ["exact"]), (["a", "a2"], ["b"], ["two"]), (["za"], ["zb"], ["around"]),
         (["za"], ["b"], ["exact"])]
SECOND = [(["a"], ["b"], ["part"]), (["za"], ["zb"], ["range"]), (["za"], ["zb"], ["wide"]),
          (["a"], ["zb"], ["range"])]
# What stands around them comes and goes.
OTHERS = [(["a2"], ["b"], ["tcps"]), (["za"], ["zb"], ["web"]), (["b"], ["a2"], ["around"]),
          (["za"], ["zc"], ["range", "web"]), (["a2"], ["b2"], ["part", "exact"]),
          (["zc"], ["za"], ["wide"])]
PERMITTED, DENIED = (5000, 6200), (5001, 7050)


def policies(dice):
    """Policies without an end, each a step or two from the one before."""
    first, second, others = 0, 0, set()
    names = ["ONE", "TWO", "THREE", "FOUR"]
    while True:
        step = dice.randrange(5)
        if step == 0:                                       # add or remove
            others ^= {dice.randrange(len(OTHERS))}
        elif step in (1, 2):                                # widen or narrow
            first = dice.randrange(len(FIRST))
            second = dice.randrange(len(SECOND))
        elif step == 3:                                     # another permit holds it
            names = dice.sample(names, len(names))
        else:                                               # all of it
            others = set(dice.sample(range(len(OTHERS)), 3))
            first = dice.randrange(len(FIRST))
        permits = [policy.permit(names[0], *FIRST[first]), policy.permit(names[1],
                                                                        *SECOND[second])]
        permits += [policy.permit("X%d" % n, *OTHERS[n]) for n in sorted(others)]
        dice.shuffle(permits)
        yield policy.build(permits, SERVICES)


def change(gate, texts, n):
    """So many applies; how many flows they cut."""
    return sum(running.apply(gate, next(texts))["flows_cut"] for _ in range(n))


def under_openings(gate, texts, n):
    gate.wire.close()
    ports = [(family, port) for family in case.FAMILIES for port in PERMITTED + DENIED]
    ledger = load.Ledger(gate, ports, PERMITTED)
    counter = load.flood(gate, 1, "count")
    check(counter.stdout.readline().strip() == "ready", "the counter did not start")
    sender = load.flood(gate, 0, "send", load.templates(gate, ports), str(RATE))
    time.sleep(0.3)
    cut = change(gate, texts, n)
    sent = load.finish(sender)
    time.sleep(0.5)
    got = load.finish(counter)
    where = ledger.judge(sent, got)
    gate.wire = None
    return "%d openings at %d a second, %d cut, %s" % (
        sum(sent["sent"]), sum(sent["sent"]) / sent["seconds"], cut, where)


def under_running(gate, texts, n):
    flows = [Datagrams(gate, family, frames.UDP, port, 42000 + i).open()
             for family in case.FAMILIES for port in PERMITTED for i in range(3)]
    done = []
    work = threading.Thread(target=lambda: done.append(change(gate, texts, n)))
    work.start()
    result = running.stream(gate, flows, work.is_alive)
    work.join()
    check(done, "an apply failed")
    for f, packets in result.items():
        case.equal(running.cut(packets)[1], 0, "%s: lost of %d packets" % (f.name,
                                                                        len(packets)))
    check(running.settled(gate), "flows are still being judged again")
    return "%d packets of running flows" % sum(map(len, result.values()))


def run():
    texts = policies(random.Random(4))
    with Gate(next(texts)) as gate:
        first = under_running(gate, texts, RUNNING)
        second = under_openings(gate, texts, CHANGES - RUNNING)
    return "%d changes, %s, %s, 0 leaked" % (CHANGES, first, second)


case.main("PF-30b", run)
