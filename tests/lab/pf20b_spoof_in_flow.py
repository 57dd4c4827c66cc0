#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-20b: a third segment cannot speak into a running flow by its addresses and ports.

The source belongs to another segment than the one it comes from (FFW_RUL_EXT.1.7 c): that
the five-tuple is one of a permitted flow makes it no better.
"""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow


def run():
    with Gate(policy.permit_all()) as gate:
        for family in case.FAMILIES:
            gate.exchange(family, frames.UDP, 53, 45100)
            forged = [gate.opening(family, ("zb", 2), ("za", 2), frames.UDP, 45100, 53, 2),
                      gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, 53, 45100, 2)]
            case.nothing(gate, gate.passed(forged, family), "IPv%d from zc0" % family)
            flow = Flow(gate, family, 45200).open().data()
            word = flow.packet(False, frames.PSH | frames.ACK, b"forged")
            check(not flow.put(2, word, 0.2), "IPv%d: TCP data from zc0 passed" % family)
            check(flow.put(1, word, 0.5), "IPv%d: the same from zb0 did not" % family)
    return "UDP and TCP"


case.main("PF-20b", run)
