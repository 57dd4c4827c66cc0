#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-02: the pair has a permit, but not for this. Silent: what it does list, and the answer."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate


def run():
    with Gate(signs.build()) as gate:
        for n, family in enumerate(case.FAMILIES):
            gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 31000 + n)
        signs.silent(gate, "ZV-02", "a permitted exchange")
        for n, family in enumerate(case.FAMILIES):
            shots = [gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, 8100 + n),
                     gate.opening(family, ("za", 3), ("zb", 2), frames.UDP,
                                  policy.CONTROL_PORT, 41000 + n)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d" % family)
            found = signs.told(gate, "ZV-02", "IPv%d" % family, 2 + 2 * n, "attempt")
            case.equal(len(found), 2 + 2 * n, "IPv%d: records" % family)


case.main("ZV-02", run)
