#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-16: permit-all, IPv4 options (source routes, record route): 0 pass, all counted.

With accept_source_route 0 and 1: the sysctl must not matter. IPv4 only by nature.
"""
from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Gate, Shot, check

NOP = b"\x01"
HOP = bytes((10, 2, 0, 9))


def route(kind, pointer):
    return bytes((kind, 11, pointer)) + HOP + HOP


def variants():
    """Name -> options, padded to 4 bytes. 131 LSRR, 137 SSRR, 7 RR (RFC 791 3.1)."""
    found = {}
    for name, kind in (("LSRR", 131), ("SSRR", 137), ("RR", 7)):
        for label, pointer in (("4", 4), ("8", 8), ("exhausted", 12)):
            found["%s pointer %s" % (name, label)] = route(kind, pointer) + NOP
        found[name + " behind NOP"] = NOP + route(kind, 4)
    found["LSRR and RR"] = route(131, 4) + route(7, 4) + NOP * 2
    found["NOP only"] = NOP * 4
    found["timestamp"] = bytes((68, 8, 5, 0)) + bytes(4)
    found["router alert"] = bytes((148, 4, 0, 0))
    return found


def run():
    wanted = variants()
    with Gate(policy.permit_all()) as gate:
        for accept in (0, 1):
            gate.in_gateway(*[("ipv4/conf/%s/accept_source_route" % n, accept)
                              for n in ("all", "za0", "zb0", "zc0")])
            shots, port = [], 6300 + 100 * accept
            for n, options in enumerate(wanted.values()):
                src, dst = policy.addr(4, "za", 2), policy.addr(4, "zb", 2)
                body = frames.udp(4, src, dst, 48002, port + n, b"options")
                shots.append(Shot(0, 4, frames.ipv4(src, dst, frames.UDP, body,
                                                    options=options)))
            case.nothing(gate, gate.passed(shots, 4), "accept_source_route=%d" % accept)
            ports = range(port, port + len(shots))
            # so many ports of one host are a finding of their own (ZV-10)
            found = gate.wait_for(lambda r, p=ports: r["destination"].get("port") in p and
                                  r["rule"]["id"] != "ZV-10", len(shots))
            check(len(found) == len(shots), "accept_source_route=%d: %d records of %d"
                  % (accept, len(found), len(shots)))
    return "%d kinds of options, twice" % len(wanted)


case.main("PF-16", run)
