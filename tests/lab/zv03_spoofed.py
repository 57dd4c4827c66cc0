#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-03: a source that does not belong there, or a registered one from another MAC. Silent:
DHCP before there is an address, link-local neighbours, the same MAC with the right address."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate

MAC = bytes.fromhex("020000000109")
HOSTS = [signs.host("bound", "za", 9, MAC)]
SERVICE = policy.service("web", "tcp", ports=["80"])
PERMIT = policy.permit("T1", ["bound"], ["b"], ["web"])


def look_alikes(gate):
    gate.fire([signs.udp(0, 4, 0, 0xFFFFFFFF, 68, 67, b"\1\1\6\0" + bytes(240), MAC,
                         signs.BROADCAST)])
    gate.fire([signs.icmp6(0, signs.number("fe80::9"), signs.number("ff02::2"), 133, bytes(4),
                           mac=MAC)])
    for n, family in enumerate(case.FAMILIES):
        gate.fire([gate.opening(family, ("za", 9), ("zb", 2), frames.TCP, 80, 42000 + n,
                                mac=MAC)])


def run():
    with Gate(signs.build([PERMIT], [SERVICE], HOSTS)) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-03", "what every station says")
        for n, family in enumerate(case.FAMILIES):
            shots = [gate.opening(family, ("zc", 5), ("zb", 2), frames.UDP,
                                  policy.CONTROL_PORT, 43000)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d spoofed" % family)
            shots = [gate.opening(family, ("za", 9), ("zb", 2), frames.TCP, 80, 43100 + n,
                                  mac=signs.STRANGER)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d foreign MAC" % family)
            for action in ("spoofed-source", "wrong-mac"):
                found = signs.told(gate, "ZV-03", "IPv%d" % family, n + 1, action)
                case.equal(len(found), n + 1, "IPv%d: records of %s" % (family, action))


case.main("ZV-03", run)
