#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-01: permits that go take their running flows with them in the flip, and no other.

TCP, UDP and echo through the gate, UDP to it and from it, IPv4 and IPv6; beside them
flows of another permit of the same pair run on without losing a packet.
"""
from sekisho_lab import case, frames, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams, Inward, Outward, Stream

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("dns", "udp", ports=["53"]),
            policy.service("keep", "udp", ports=["5300-5309"]),
            policy.service("here", "udp", ports=["5400"]),
            policy.service("there", "udp", ports=["5500"]),
            policy.service("ping", "icmp", types=["echo-request"]),
            policy.service("ping6", "icmpv6", types=["echo-request"])]
KEEP = [policy.permit("KEEP", ["a"], ["b"], ["keep"]),
        policy.permit("KIN", ["a2"], ["self"], ["here"]),
        policy.permit("KOUT", ["self"], ["b2"], ["there"])]
GONE = [policy.permit("WEB", ["a"], ["b"], ["web"]),
        policy.permit("DNS", ["za"], ["b"], ["dns"]),
        policy.permit("PING", ["a"], ["b"], ["ping", "ping6"]),
        policy.permit("IN", ["a"], ["self"], ["here"]),
        policy.permit("OUT", ["self"], ["b"], ["there"])]


def flows(gate, family, gone):
    if gone:
        echo = (frames.ICMP, 8 << 8) if family == 4 else (frames.ICMPV6, 128 << 8)
        return [Stream(gate, family, 46001).open(),
                Datagrams(gate, family, frames.UDP, 53, 46002).open(),
                Datagrams(gate, family, echo[0], 4603, echo[1]).open(),
                Inward(gate, family, 5400, 46004).open(),
                Outward(gate, family, 5500, 46005).open()]
    return [Datagrams(gate, family, frames.UDP, 5301, 46011).open(),
            Inward(gate, family, 5400, 46012, src=("za", 3)).open(),
            Outward(gate, family, 5500, 46013, dst=("zb", 3)).open()]


def run():
    whole = policy.build(KEEP + GONE, SERVICES)
    with Gate(whole) as gate:
        gone = [f for family in case.FAMILIES for f in flows(gate, family, True)]
        kept = [f for family in case.FAMILIES for f in flows(gate, family, False)]
        counted = gate.permit_counter("KEEP")
        less = policy.build(KEEP, SERVICES)
        case.equal(running.plan(gate, less)["flows_cut"], len(gone), "flows that plan tells of")
        running.runs(gone + kept, "after plan")
        case.equal(len(running.entries(gate, "udp", 53)), 2, "entries before")
        under = [f for f in gone + kept if isinstance(f, Datagrams)
                 and not isinstance(f, (Inward, Outward))]
        result, answer = running.apply_under(gate, less, under)
        for f, (first, lost, later) in result.items():
            check(f in gone or lost == 0, "%s: lost %d packets" % (f.name, lost))
            check(f in kept or (lost > 0 and later == 0), "%s: %d came, then %d lost, then "
                  "%d came" % (f.name, first, lost, later))
        case.equal(answer["flows_cut"], len(gone), "flows cut")
        running.stopped(gone, "after its permit went")
        running.runs(kept, "though its permit stands")
        check(running.settled(gate), "flows are still being judged again")
        for protocol, port in (("tcp", 80), ("udp", 53)):
            case.equal(running.entries(gate, protocol, port), [], "entries left")
        case.equal(gate.permit_counter("KEEP"), counted, "openings counted for KEEP")
        told = [r["event"]["reason"] for r in gate.records()
                if "%d running flows cut" % len(gone) in r["event"].get("reason", "")]
        case.equal(len(told), 1, "records that tell how many were cut")
        gate.apply(whole)
        running.runs([Datagrams(gate, 4, frames.UDP, 53, 46100).open()], "permitted again")
    return "%d flows cut, %d ran on" % (len(gone), len(kept))


case.main("REV-01", run)
