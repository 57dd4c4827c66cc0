#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-06: connections that are half open while their permit is revoked, under a limit of them.

Those of the revoked permit end: the answer of the server does not come back, nor does the
client's last word cross, and the kernel forgets them. Those of the other permit of the same
pair go on: their handshake is completed behind the change, and they carry data.
"""
from sekisho_lab import case, frames, policy, running
from sekisho_lab.frames import ACK, SYN
from sekisho_lab.gate import Gate, check

LIMITS = "limits = { half_open = 20; half_open_seconds = 30; };\n"
SERVICES = [policy.service("web", "tcp", ports=["80"]), policy.service("alt", "tcp", ports=["81"])]
KEEP = policy.permit("KEEP", ["a"], ["b"], ["alt"])
GONE = policy.permit("GONE", ["a"], ["b"], ["web"])
N = 4                   # of each permit and family, a half of them answered already


def half_open(gate, dport):
    flows = []
    for family in case.FAMILIES:
        for n in range(N):
            flow = running.Stream(gate, family, 45000 + 10 * dport + n, dport)
            flow.say(True, SYN)
            if n % 2 == 1:
                flow.say(False, SYN | ACK)
            flow.answered = n % 2 == 1
            flows.append(flow)
    return flows


def go_on(flow):
    if not flow.answered:
        flow.say(False, SYN | ACK)
    flow.say(True, ACK)
    flow.data()


def run():
    with Gate(policy.build([KEEP, GONE], SERVICES, extra=LIMITS)) as gate:
        gone, kept = half_open(gate, 80), half_open(gate, 81)
        case.equal(len(running.entries(gate, "tcp", 80)), len(gone), "entries before")
        less = policy.build([KEEP], SERVICES, extra=LIMITS)
        case.equal(running.plan(gate, less)["flows_cut"], len(gone), "flows that plan tells of")
        answer = running.apply(gate, less)
        case.equal(answer["flows_cut"], len(gone), "flows cut")
        for flow in gone:
            words = [(1, flow.packet(False, SYN | ACK))] if not flow.answered else []
            for segment, packet in words + [(0, flow.packet(True, ACK)),
                                            (1, flow.packet(False, ACK))]:
                check(not flow.put(segment, packet, 0.1), flow.name + ": goes on half open")
        case.equal(running.entries(gate, "tcp", 80), [], "entries of what was revoked")
        for flow in kept:
            go_on(flow)
        case.equal(len(running.entries(gate, "tcp", 81)), len(kept), "entries of what stays")
        # its places under the limit are free again
        more = policy.build([KEEP, GONE], SERVICES, extra=LIMITS)
        gate.apply(more)
        for family in case.FAMILIES:
            gate.exchange(family, frames.TCP, 80, 47000)
    return "%d ended, %d went on" % (len(gone), len(kept))


case.main("REV-06", run)
