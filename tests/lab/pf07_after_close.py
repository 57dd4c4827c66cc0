#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-07: what a closed TCP flow left behind opens nothing: replays are judged anew."""
import time

from sekisho_lab import case, policy
from sekisho_lab.frames import ACK, PSH, RST
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow


def replay(gate, family, sport, how):
    flow = Flow(gate, family, sport).open().data()
    early = flow.packet(True, PSH | ACK, b"hello", seq=flow.client - 5)
    late = flow.packet(True, PSH | ACK, b"again")
    back = flow.packet(False, PSH | ACK, b"reply")
    if how == "FIN":
        flow.close()
    else:
        flow.say(True, RST | ACK)
    time.sleep(0.9)
    for name, segment, packet in (("replayed", 0, early), ("next", 0, late),
                                  ("reverse", 1, back)):
        check(not flow.put(segment, packet, 0.2),
              "IPv%d: after %s the %s segment passed" % (family, how, name))


def run():
    text = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])])
    with Gate(text) as gate:
        for family in case.FAMILIES:
            replay(gate, family, 44001, "FIN")
            replay(gate, family, 44002, "RST")
            Flow(gate, family, 44003).open().data()     # control: a new flow is fine
    return "after FIN and after RST"


case.main("PF-07", run)
