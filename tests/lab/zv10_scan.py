#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-10: many hosts, many ports, many hosts asked for administration. Silent: one host below
each limit, many clients of one server, answers, a host with the role monitor."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate

DETECT = """detect = { scan_hosts = { limit = 12; seconds = 60; };
  scan_ports = { limit = 20; seconds = 60; }; lateral = { limit = 6; seconds = 60; }; };"""
HOSTS = [signs.host("watch", "za", 50, roles=["monitor"])]


def openings(gate, family, source, hosts, ports, sport=49000):
    """Each host of zb at each port, from one host of za; the gate refuses them all."""
    gate.fire([gate.opening(family, ("za", source), ("zb", h), frames.TCP, p, sport)
               for h in hosts for p in ports])


def look_alikes(gate):
    for family in case.FAMILIES:
        openings(gate, family, 5, range(2, 10), [8100])
        openings(gate, family, 5, [30], range(8100, 8114))
        openings(gate, family, 5, range(2, 6), [445])
        openings(gate, family, 50, range(2, 60), [161, 445])
        for client in range(60, 90):
            openings(gate, family, client, [2], [8100])
    for n, family in enumerate(case.FAMILIES):
        for i in range(30):
            gate.exchange(family, frames.UDP, policy.CONTROL_PORT, 33000 + 100 * n + i)


def run():
    with Gate(signs.build(hosts=HOSTS, extra=DETECT)) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-10", "clients and servers at work")
        for n, family in enumerate(case.FAMILIES):
            openings(gate, family, 6, range(2, 30), [8100])
            openings(gate, family, 7, [30], range(8100, 8140))
            openings(gate, family, 8, range(2, 9), [3389])
            for reason in ("hosts in 60 s", "ports of one host", "asked for administration"):
                found = signs.told(gate, "ZV-10", "IPv%d" % family, n + 1, "behaviour", reason)
                case.equal(len(found), n + 1, "IPv%d %s: records" % (family, reason))
                case.equal(found[-1]["event"]["severity"], 3, "a notice")


case.main("ZV-10", run)
