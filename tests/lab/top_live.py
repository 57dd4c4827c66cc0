#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TOP: what the live view says of a real gateway: its state, a stopped packet, its pair."""
import json
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check


def look(gate, *more):
    run = gate.sekisho("top", "--once", "--interval", "0.5", *more)
    case.equal(run.returncode, 0, "exit status of top: %s" % run.stderr)
    return run.stdout


def run():
    with Gate(policy.build()) as gate:
        gate.fire([gate.opening(4, ("za", 2), ("zc", 2), frames.TCP, 8100, 50000)])
        end = time.monotonic() + 10
        while True:
            seen = json.loads(look(gate, "--json"))
            if seen["violations"] and seen["pairs"]:
                break
            check(time.monotonic() < end, "no violation in the view: %r" % seen)
        newest = seen["violations"][0]
        case.equal((newest["action"], newest["service"], newest["from"], newest["to"]),
                   ("attempt", "tcp/8100", "za", "zc"), "newest violation")
        mine = [p for p in seen["pairs"] if (p["from"], p["to"]) == ("za", "zc")]
        case.equal([(p["tap"]["attempts"]["total"], p["tap"]["leaks"]["total"])
                    for p in mine], [(1, 0)], "pair")
        check(seen["answering"] and seen["tier"] and len(seen["digest"]) == 64, seen)
        frame = look(gate)
        for words in ("as the policy says", "za -> zc", "ZV-01", "tcp/8100"):
            check(words in frame, "no %r in\n%s" % (words, frame))
    return ""


case.main("TOP", run)
