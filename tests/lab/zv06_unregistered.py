#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-06: a MAC that nobody registered, where only registered ones may be. Silent: registered
ones, the gateway's own, a switch's spanning tree, and every MAC on other segments."""
from sekisho_lab import case, frames, signs
from sekisho_lab.gate import Gate, Shot

MAC = bytes.fromhex("020000000109")
HOSTS = [signs.host("known", "za", 9, MAC)]
BRIDGES = bytes.fromhex("0180c2000000")     # IEEE 802.1D 7.12.3


def run():
    text = signs.build(hosts=HOSTS).replace(
        'interface = "za0";', 'interface = "za0"; stations = "registered";')
    with Gate(text) as gate:
        for family in case.FAMILIES:
            gate.fire([gate.opening(family, ("za", 9), ("zb", 2), frames.TCP, 8100, mac=MAC),
                       gate.opening(family, ("zc", 9), ("zb", 2), frames.TCP, 8100, segment=2,
                                    mac=signs.STRANGER[:5] + b"\2")])
        # an 802.3 frame: its length where the EtherType stands
        gate.fire([Shot(0, 4, bytes(46), signs.STRANGER[:5] + b"\3", BRIDGES, 38)])
        signs.silent(gate, "ZV-06", "registered stations")
        for n, family in enumerate(case.FAMILIES):
            mac = signs.STRANGER[:5] + bytes((0x10 + family,))
            for i in range(3):
                gate.fire([gate.opening(family, ("za", 5), ("zb", 2), frames.TCP, 8100,
                                        46000 + i, mac=mac)])
            found = signs.told(gate, "ZV-06", "IPv%d" % family, n + 1, "foreign-station",
                               "is not registered")
            case.equal(len(found), n + 1, "IPv%d: records of one device" % family)


case.main("ZV-06", run)
