#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-05: somebody flushes the ruleset: nothing denied passes for long, the table comes back.

The permits' counters go on from seconds before, and a record says how many: what they
counted is evidence.
"""
import os
import re
import time

from sekisho_lab import case, frames, netns, policy
from sekisho_lab.gate import Gate, check

SERVICES = [policy.service("web", "tcp", ports=["80"]), policy.service("dns", "udp", ports=["53"])]
WEB = policy.permit("WEB", ["a"], ["b"], ["web"])
ONE = policy.build([WEB], SERVICES)
TWO = policy.build([WEB, policy.permit("DNS", ["za"], ["zc"], ["dns"])], SERVICES)
REMEMBERED = 5.0        # the counters are read so often (control_guard_counts.c)


def forwarding(gate):
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/ipv4/ip_forward")
    return run.stdout.strip() == "1"


def table(gate):
    return gate.nft("list", "table", "inet", "sekisho").returncode == 0


def wait_until(what, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def use(gate, sport, times):
    """Open flows by the permit."""
    for n in range(times):
        gate.exchange(4, frames.TCP, 80, sport + n)


def losses(gate):
    return [r for r in gate.records() if r["sekisho"].get("kind") == "drift"
            and "the counters of the permits went with table" in r["event"]["reason"]]


def counters_go_on(gate):
    """What was counted a while before a flush stands in the table that is put back."""
    told = len(losses(gate))
    use(gate, 47200, 10)
    time.sleep(REMEMBERED + 1)
    before = gate.permit_counter("WEB")
    check(before >= 10, "the permit counted %d" % before)
    # nor does a change just before it make them begin anew
    check(gate.sekisho("apply", "-f", gate.write("two.conf", TWO)).returncode == 0, "apply")
    use(gate, 47300, 3)         # may be lost
    check(gate.nft("flush", "ruleset").returncode == 0, "flush failed")
    check(wait_until(lambda: table(gate) and forwarding(gate), 2.0), "not back")
    after = gate.permit_counter("WEB")
    check(before <= after <= before + 3, "the permit counted %d, now %d" % (before, after))
    use(gate, 47400, 2)
    case.equal(gate.permit_counter("WEB"), after + 2, "it counts on from")
    check(wait_until(lambda: len(losses(gate)) > told, 2.0), "no record of what was lost")
    reason = losses(gate)[-1]["event"]["reason"]
    seconds = float(re.search(r"were ([0-9.]+) s before: hits", reason).group(1))
    check(0 <= seconds <= REMEMBERED + 1.5, reason)


def kept_hits(gate):
    with open(os.path.join(gate.root, "lib", "hits"), encoding="utf-8") as file:
        return int(next(line.split()[4] for line in file if line.startswith("WEB ")))


def set_back(gate):
    """Somebody resets them: what they had is kept, and it is on record."""
    time.sleep(REMEMBERED + 1)
    counted = gate.permit_counter("WEB")
    gate.nft("reset", "counters")
    check(wait_until(lambda: any("set back: hits" in r["event"].get("reason", "")
                                 for r in gate.records()), REMEMBERED + 2), "not on record")
    # written beside the loop
    check(wait_until(lambda: kept_hits(gate) == counted, 5.0),
          "kept of its hits: %d of %d" % (kept_hits(gate), counted))


def run():
    with Gate(ONE) as gate:
        for n in range(3):
            check(gate.nft("flush", "ruleset").returncode == 0, "flush failed")
            check(wait_until(lambda: table(gate) and forwarding(gate), 2.0),
                  "table and forwarding are not back within two seconds")
            for family in case.FAMILIES:
                gate.exchange(family, frames.TCP, 80, 47000 + n)
                shot = gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, 81, 47100 + n)
                case.nothing(gate, gate.passed([shot], family), "after the table came back")
        told = [r for r in gate.records() if r["sekisho"].get("kind") == "drift"
                and "table inet sekisho was taken away by nft" in r["event"].get("reason", "")]
        first = [r for r in told if not r["event"]["reason"].startswith("while ")]
        case.equal(len(first), 3, "records of 3 flushes, with the writer's name")
        counters_go_on(gate)
        set_back(gate)
    return "3 flushes, %d records, counters go on" % len(told)


case.main("FC-05", run)
