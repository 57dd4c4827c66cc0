#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-11: permit-all, broken fragments: no forbidden payload passes, and the gate lives on."""
import struct

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, Shot, check

EVIL = b"FORBIDDEN-PAYLOAD"


def ends(family):
    return policy.addr(family, "za", 2), policy.addr(family, "zb", 2)


def evil_udp(family, size=96):
    src, dst = ends(family)
    return frames.udp(family, src, dst, 47000, 5000, (EVIL * 8)[:size])


def broken(family):
    """Name -> fragments of one attack."""
    src, dst = ends(family)
    part = lambda data, at, more, ident: frames.fragment(family, src, dst, frames.UDP, data,
                                                         at, more, ident)
    body = evil_udp(family)
    ack = frames.tcp(family, src, dst, 47001, 80, 5, 6, frames.ACK, EVIL)
    yield "beyond 65535", [part(body[:64], 0, True, 1), part(EVIL * 4, 65512, False, 1)]
    yield "overlap", [part(body[:48], 0, True, 2), part(EVIL + bytes(15), 24, True, 2),
                      part(body[48:], 48, False, 2)]
    yield "teardrop", [part(body[:64], 0, True, 3), part(body[24:40], 24, False, 3)]
    yield "overlap behind", [part(body[48:], 48, False, 4), part(body[:72], 0, True, 4)]
    yield "zero length", [part(b"", 0, True, 5), part(b"", 8, False, 5)]
    yield "two ends", [part(body[:32], 0, True, 6), part(body[32:64], 32, False, 6),
                       part(body[64:], 64, False, 6)]
    yield "tiny first, no SYN", [frames.fragment(family, src, dst, frames.TCP, ack[:8], 0,
                                                 True, 7),
                                 frames.fragment(family, src, dst, frames.TCP, ack[8:], 8,
                                                 False, 7)]
    yield "odd middle length", [part(body[:33], 0, True, 8), part(body[40:], 40, False, 8)]


def broken6():
    src, dst = ends(6)
    body = evil_udp(6)
    frag = lambda nh, at, more, ident: struct.pack("!BBHI", nh, 0, at | more, ident)
    yield "no upper header", [frames.ipv6(src, dst, 44, frag(17, 0, 1, 21)),
                              frames.ipv6(src, dst, 44, frag(17, 8, 0, 21) + EVIL + bytes(7))]
    # conntrack takes the header of an atomic fragment off (RFC 6946): what is left is
    # judged like any packet, and this one opens nothing
    ack = frames.tcp(6, src, dst, 47002, 80, 5, 6, frames.ACK, EVIL)
    yield "atomic, no SYN", [frames.ipv6(src, dst, 44, frag(6, 0, 0, 22) + ack)]
    yield "nested", [frames.ipv6(src, dst, 44, frag(44, 0, 0, 23) + frag(6, 0, 0, 24) + ack)]
    yield "nested, split", [frames.ipv6(src, dst, 44, frag(44, 0, 1, 25) +
                                        frag(17, 0, 0, 26) + body[:40]),
                            frames.ipv6(src, dst, 44, frag(44, 48, 0, 25) + body[40:])]
    # next header 60: destination options fill the first fragment, UDP is in the second
    options = struct.pack("!BB", 17, 6) + b"\x01\x34" + bytes(52)
    yield "late upper header", [frames.ipv6(src, dst, 44, frag(60, 0, 1, 27) + options),
                                frames.ipv6(src, dst, 44, frag(60, 56, 0, 27) + body)]


def run():
    tried = 0
    with Gate(policy.permit_all()) as gate:
        for family in case.FAMILIES:
            attacks = [*broken(family), *(broken6() if family == 6 else ())]
            for name, packets in attacks:
                shots = [Shot(0, family, p) for p in packets]
                came = gate.passed(shots, family, wait=0.05)
                case.nothing(gate, came, "IPv%d %s" % (family, name))
                tried += 1
        check(gate.status()["gate"], "the gate answers")
    return "%d attacks" % tried


case.main("PF-11", run)
