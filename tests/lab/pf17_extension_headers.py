#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-17: permit-all, IPv6 extension headers: routing headers never pass, nothing behind an
extension header is taken for a permitted transport. IPv6 only by nature."""
import struct

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, Shot, check

HBH, ROUTING, FRAGMENT, NONE, DSTOPT, UNKNOWN = 0, 43, 44, 59, 60, 253
PAD = b"\x01\x04" + bytes(4)


def ext(next_header, body=PAD):
    """An extension header in the common layout (RFC 8200 4.2); body is 6 + 8n bytes."""
    return struct.pack("!BB", next_header, (len(body) + 2) // 8 - 1) + body


def routing(next_header, type_, left):
    """Routing header with one address (RFC 8200 4.4; type 0: RFC 5095)."""
    via = policy.addr(6, "zb", 9).to_bytes(16, "big")
    return ext(next_header, struct.pack("!BBI", type_, left, 0) + via)


def chains():
    src, dst = policy.addr(6, "za", 2), policy.addr(6, "zb", 2)
    udp = frames.udp(6, src, dst, 48003, 5000, b"behind")
    syn = frames.tcp(6, src, dst, 48003, 80, 1)
    make = lambda first, rest, **more: frames.ipv6(src, dst, first, rest, **more)
    yield "RH0", make(ROUTING, routing(17, 0, 1) + udp)
    yield "RH0 done", make(ROUTING, routing(17, 0, 0) + udp)
    yield "RH2", make(ROUTING, routing(17, 2, 1) + udp)
    yield "RH4", make(ROUTING, routing(6, 4, 1) + syn)
    yield "RH0 behind options", make(DSTOPT, ext(ROUTING) + routing(6, 0, 1) + syn)
    yield "jumbogram", make(HBH, ext(17, b"\xc2\x04" + struct.pack("!I", 70000)) + udp,
                            length=0)
    yield "hop-by-hop", make(HBH, ext(6) + syn)
    yield "destination options", make(DSTOPT, ext(6) + syn)
    yield "unknown header", make(DSTOPT, ext(UNKNOWN) + bytes((6, 0)) + PAD + syn)
    deep = b"".join(ext(DSTOPT) for _ in range(9)) + ext(17)
    yield "10 deep", make(DSTOPT, deep + udp)
    yield "10 deep, RH0 last", make(DSTOPT, b"".join(ext(DSTOPT) for _ in range(8)) +
                                    ext(ROUTING) + routing(17, 0, 1) + udp)
    yield "hop-by-hop not first", make(DSTOPT, ext(HBH) + ext(17) + udp)
    yield "truncated header", make(DSTOPT, struct.pack("!BB", 17, 200) + PAD)
    first = struct.pack("!BBHI", DSTOPT, 0, 1, 0x7777) + ext(17)
    yield "transport not in the first fragment", make(FRAGMENT, first)


def run():
    names = []
    with Gate(policy.permit_all()) as gate:
        for name, packet in chains():
            case.nothing(gate, gate.passed([Shot(0, 6, packet)], 6, wait=0.04), name)
            names.append(name)
        # a flow that is open already: its packets pass, with a routing header they do not
        gate.exchange(6, frames.UDP, 5000, 48004)
        src, dst = policy.addr(6, "za", 2), policy.addr(6, "zb", 2)
        udp = frames.udp(6, src, dst, 48004, 5000, b"established")
        came = gate.passed([Shot(0, 6, frames.ipv6(src, dst, 17, udp))], 6)
        check(len(came) == 1, "a packet of an open flow was stopped")
        evil = Shot(0, 6, frames.ipv6(src, dst, ROUTING, routing(17, 0, 1) + udp))
        case.nothing(gate, gate.passed([evil], 6), "RH0 inside an open flow")
    return "%d header chains" % (len(names) + 1)


case.main("PF-17", run)
