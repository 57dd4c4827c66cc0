#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-05: every way to change our table: put back within a second, by name on record.

Runs alone.
"""
import os
import re
import time

from sekisho_lab import case, drifting, policy
from sekisho_lab.gate import Gate, check

RATE = int(os.environ.get("SEKISHO_PPS", "50000"))
SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("flow", "udp", ports=["5000"])]
POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                       policy.permit("FLOW", ["a"], ["b"], ["flow"])], SERVICES)


def first_handle(gate, chain):
    run = gate.nft("-a", "list", "chain", "inet", "sekisho", chain)
    found = re.search(r"# handle (\d+)\n", run.stdout.split("policy drop;")[1])
    return found.group(1)


def changes(gate):
    """(what, words of nft, the record's verb, forwarding must have been off)"""
    handle = first_handle(gate, "forward")
    return [
        ("delete table", "delete table inet sekisho", "taken away"),
        ("delete rule", "delete rule inet sekisho forward handle " + handle, "changed"),
        ("accept rule", "insert rule inet sekisho forward accept", "changed"),
        ("policy", "add chain inet sekisho forward { policy accept; }", "changed"),
        ("dormant", "add table inet sekisho { flags dormant; }", "taken away"),
        ("element", "delete element inet sekisho pairs { \"za0\" . \"zb0\" }", "changed"),
    ]


def one(gate, n, name, words, verb, want):
    run = gate.nft(*words.split(" ", 2))
    check(run.returncode == 0, "%s: nft: %s" % (name, run.stderr))
    start = time.monotonic()
    check(drifting.wait_until(lambda: drifting.forwarding(gate) and
                              drifting.table(gate) == want, 1.0, 0.005),
          "%s: table and forwarding are not back within a second" % name)
    took = time.monotonic() - start
    told = drifting.wait_drift(gate, "was %s by nft, pid" % verb, 1, 1.0)
    told = [r for r in told if r["event"]["reason"].startswith("table")][-1]
    check(told["event"]["outcome"] == "success" and
          told["sekisho"]["actor"].startswith("nft, pid "), "%s: record %s" % (name, told))
    check("forwarding off" in told["event"]["reason"], "%s: %s" % (name, told))
    drifting.stays_shut(gate, 42000 + 1000 * n)
    return took


def earlier_accept(gate, want):
    """An accept before ours overrides nothing, is theirs, and stays."""
    for words in ("add table inet other",
                  "add chain inet other f { type filter hook forward priority -10; "
                  "policy accept; }", "add rule inet other f accept"):
        check(gate.nft(*words.split(" ", 2)).returncode == 0, words)
    drifting.stays_shut(gate, 50000)
    check(drifting.table(gate) == want, "our table changed")
    check("accept" in gate.nft("list", "table", "inet", "other").stdout, "theirs was touched")
    gate.nft("delete", "table", "inet", "other")


def under_load(gate, want):
    """A flush under 50,000 packets a second, half of them denied."""
    gate.wire.close()
    flood = drifting.Flood(gate, RATE)
    time.sleep(0.5)
    before = len(drifting.drifts(gate, "; forwarding off"))
    accounts = len(drifting.drifts(gate, "the tap saw"))
    check(gate.nft("flush", "ruleset").returncode == 0, "flush failed")
    check(drifting.wait_until(lambda: drifting.table(gate) == want and
                              drifting.forwarding(gate), 1.0, 0.005),
          "after the flush under load nothing is back within a second")
    told = drifting.wait_drift(gate, "; forwarding off", before + 1, 1.0)[-1]
    account = drifting.wait_drift(gate, "the tap saw", accounts + 1, 4.0)[-1]
    rate, _, through = flood.finish()
    seen = int(re.search(r"tap saw (\d+) packets", account["event"]["reason"]).group(1))
    return rate, through, seen, told["event"]["reason"]


def run():
    with Gate(POLICY) as gate:
        want = drifting.table(gate)
        times = [one(gate, n, *c, want) for n, c in enumerate(changes(gate))]
        earlier_accept(gate, want)
        time.sleep(2.0)         # the account of the last change
        rate, through, seen, told = under_load(gate, want)
        # the window opens with the flush and ends with forwarding off: milliseconds
        check(through < rate / 2 * 0.1, "%d denied packets passed" % through)
        case.equal(seen, through, "leaks on record, and packets that arrived")
        gate.wire = None
    return "%d changes, back in %.0f ms at most; flush at %d packets a second: %d denied " \
        "passed; %s " % (len(times), max(times) * 1000, rate, through,
                         told.split("; ", 1)[1])


case.main("FC-05b", run)
