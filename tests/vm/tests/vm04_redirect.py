#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-04: a tc redirect from one zone's interface to another's: each packet is a leak."""
from sekisho_lab import case, frames, netns, policy
from sekisho_lab.gate import Gate, check


def redirect(gate):
    for words in (("qdisc", "add", "dev", "za0", "clsact"),
                  ("filter", "add", "dev", "za0", "ingress", "matchall", "action", "mirred",
                   "egress", "redirect", "dev", "zc0")):
        run = netns.run(netns.gateway(gate.prefix), "tc", *words)
        check(run.returncode == 0, "tc: " + run.stderr)


def leak(gate, family, n, target):
    port = 8400 + n
    shot = gate.opening(family, ("za", 2), (target, 2), frames.UDP, port, 48100)
    gate.fire([shot])
    check(gate.await_tag(gate.last_tag(), 2, 3),
          "IPv%d: nothing was redirected; the test shows nothing" % family)
    found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == port
                          and r["event"]["action"] == "leak", 1, seconds=1.0)
    check(found, "IPv%d to %s: no leak record within a second" % (family, target))
    sides = [found[0]["observer"][k]["interface"]["name"] for k in ("ingress", "egress")]
    case.equal(sides, ["za0", "zc0"], "IPv%d to %s: interfaces" % (family, target))


def run():
    with Gate(policy.build()) as gate:
        redirect(gate)
        for family in case.FAMILIES:
            leak(gate, family, family, "zc")
            leak(gate, family, 10 + family, "zb")   # bound elsewhere, leaves by zc0
    return "4 packets, 4 leaks"


case.main("VM-04", run)
