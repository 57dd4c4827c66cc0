#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-14: an interface goes away and is not watched. Silent: a reload, and a quiet wire."""
from sekisho_lab import case, netns, signs
from sekisho_lab.gate import Gate, check


def run():
    with Gate(signs.build()) as gate:
        gate.apply(signs.build(extra="detect = { beacon = { enabled = false; }; };"))
        gate.apply(signs.build())
        signs.silent(gate, "ZV-14", "reloads")
        ran = netns.run(netns.gateway(gate.prefix), "ip", "link", "delete", "zc0")
        check(ran.returncode == 0, ran.stderr)
        found = signs.told(gate, "ZV-14", "an interface that went away", reason="zc0")
        case.equal((found[0]["sekisho"]["kind"], found[0]["event"]["action"]), ("gap", "gap"),
                   "the record")


case.main("ZV-14", run)
