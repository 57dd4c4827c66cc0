# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of addresses that may never cross: permit-all, many sources, none may pass."""
from . import address, case, frames, policy
from .gate import Gate, Shot, check


def number(text):
    return address.parse(text)


def shots_from(gate, sources, first_port, destination=None, segment=0):
    """One UDP packet from each source address, each to a port of its own."""
    shots = []
    for n, text in enumerate(sources):
        family, src = number(text)
        dst = number(destination)[1] if destination else policy.addr(family, "zb", 2)
        packet = frames.opening(family, src, dst, frames.UDP, 48000, first_port + n,
                                gate.tag())
        shots.append(Shot(segment, family, packet))
    return shots


def none_passes(gate, shots, ports, what):
    """Nothing crosses, and every packet is counted by a record of its own."""
    for family in case.FAMILIES:
        mine = [s for s in shots if s.family == family]
        if mine:
            case.nothing(gate, gate.passed(mine, family), "%s, IPv%d" % (what, family))
    found = gate.wait_for(lambda r: r.get("destination", {}).get("port") in ports, len(shots))
    missing = set(ports) - {r["destination"]["port"] for r in found}
    check(not missing, "%s: no record of ports %s" % (what, sorted(missing)))
    check(len(found) == len(shots), "%s: %d records of %d packets"
          % (what, len(found), len(shots)))
    leaks = [r for r in found if r["event"]["action"] == "leak"]
    check(not leaks, "%s: recorded as leak: %r" % (what, leaks[:1]))
    return found


def open_everything(gate):
    """Take the kernel's own source checks out of the way: the gate alone must hold."""
    names = ["all", "default"] + [s.interface for s in gate.model.segments]
    gate.in_gateway(*[("ipv4/conf/%s/%s" % (n, key), value) for n in names
                      for key, value in (("rp_filter", 0), ("accept_local", 1),
                                         ("route_localnet", 1))])


def run(sources, what, port=6000):
    """The whole test for a list of sources."""
    with Gate(policy.permit_all()) as gate:
        open_everything(gate)
        shots = shots_from(gate, sources, port)
        none_passes(gate, shots, range(port, port + len(shots)), what)
    return "%d sources" % len(sources)
