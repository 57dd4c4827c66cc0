#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-25: a limit of 20 half-open connections lets 30 complete ones be there at once.

PF-26: half-open ones expire, answered or refused ones go at once; then others may open.
"""
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.frames import ACK, RST, SYN
from sekisho_lab.gate import Gate, Shot, check
from sekisho_lab.tcpflow import Flow

LIMIT, SECONDS = 20, 4
LIMITS = "limits = { half_open = %d; half_open_seconds = %d; };\n" % (LIMIT, SECONDS)


def complete(gate, family):
    """30 connections, all there at the end: each still carries data."""
    flows = []
    for n in range(30):
        flow = Flow(gate, family, 42000 + n)
        # by then the first ones have completed; their places may not have been swept yet
        check(n < LIMIT or freed(gate, flow), "IPv%d: no place though all completed" % family)
        flows.append(flow.open())
    for flow in flows:
        flow.data()
    for flow in flows:
        flow.close()


def opens(gate, flow):
    packet = flow.packet(True, SYN, ack=0)
    return flow.put(0, packet, wait=0.15)


def freed(gate, flow):
    """Opens as soon as there is a place: within half the time in which one expires.

    The kernel looks for free places every 20 ms (compile_opening.c), when it has the time.
    """
    until = time.monotonic() + SECONDS / 2
    while not opens(gate, flow):
        if time.monotonic() > until:
            return False
    return True


def fill(gate, family, first):
    flows = [Flow(gate, family, first + n) for n in range(LIMIT)]
    for flow in flows:
        # what was there before has completed, and may wait for the sweep
        check(freed(gate, flow), "IPv%d: an opening below the limit is refused" % family)
    check(not opens(gate, Flow(gate, family, first + LIMIT)), "IPv%d: beyond the limit" % family)
    # the same SYN again is no second connection
    check(opens(gate, flows[0]), "IPv%d: a SYN sent again is refused" % family)
    return flows


def places(gate, family):
    """What completes a handshake, or refuses it, frees its place; a guess does not."""
    start = time.monotonic()
    flows = fill(gate, family, 43000)
    stray = flows[3].packet(True, ACK, seq=flows[3].client + 1, ack=77)
    check(not flows[3].put(0, stray, wait=0.1), "an ACK that answers nothing passed")
    flows[0].client += 1
    flows[0].say(False, SYN | ACK)
    check(not opens(gate, Flow(gate, family, 43100)), "IPv%d: only answered, but counted as "
          "complete" % family)
    flows[0].say(True, ACK)
    flows[1].client += 1
    refusal = flows[1].packet(False, RST | ACK, seq=0)
    check(flows[1].put(1, refusal), "the target's refusal did not pass")
    check(freed(gate, Flow(gate, family, 43101)), "IPv%d: no place after a handshake" % family)
    check(freed(gate, Flow(gate, family, 43102)), "IPv%d: no place after a refusal" % family)
    check(not opens(gate, Flow(gate, family, 43103)), "IPv%d: more places than were freed"
          % family)
    check(time.monotonic() - start < SECONDS - 0.2, "too slow to tell expiry from completion")
    flows[0].data()


def run():
    text = policy.build([policy.permit("WEB", ["za"], ["zb"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])], extra=LIMITS)
    with Gate(text) as gate:
        for family in case.FAMILIES:
            complete(gate, family)
            places(gate, family)
        time.sleep(SECONDS)
        for family in case.FAMILIES:
            check(freed(gate, Flow(gate, family, 44100)), "IPv%d: half-open ones do not expire"
                  % family)
            Flow(gate, family, 44000).open().data().close()
        # a limit that goes lets all open; one that changes holds anew
        gate.apply(text.replace(LIMITS, ""))
        for n in range(LIMIT + 5):
            check(opens(gate, Flow(gate, 4, 45000 + n)), "no limit, and yet refused")
        gate.apply(text.replace("half_open = %d" % LIMIT, "half_open = 3"))
        for n in range(3):
            check(opens(gate, Flow(gate, 4, 46000 + n)), "below the new limit")
        check(not opens(gate, Flow(gate, 4, 46003)), "beyond the new limit")
    return "30 complete connections with a limit of %d; free again in %d s" % (LIMIT, SECONDS)


case.main("PF-25 PF-26", run)
