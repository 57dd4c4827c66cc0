#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-04: a registered MAC in another zone, and any MAC in two zones. Silent: a MAC that both
zones register, one that stays in its zone, the virtual MACs of VRRP and HSRP."""
import time

from sekisho_lab import case, frames, signs
from sekisho_lab.gate import Gate

MINE = bytes.fromhex("020000000109")
BOTH = bytes.fromhex("02000000010a")
HOSTS = [signs.host("mine", "za", 9, MINE), signs.host("both-a", "za", 10, BOTH),
         signs.host("both-c", "zc", 10, BOTH)]
VIRTUAL = [bytes.fromhex(m) for m in ("00005e000107", "00005e000207", "00000c07ac01",
                                      "00000c9ff001")]
DETECT = 'detect = { roaming = { seconds = 60; severity = "critical"; }; };'


def say(gate, family, zone, number, mac):
    gate.fire([gate.opening(family, (zone, number), ("zb", 2), frames.TCP, 8100, 44000,
                            {"za": 0, "zb": 1, "zc": 2}[zone], mac)])


def look_alikes(gate):
    for family in case.FAMILIES:
        say(gate, family, "za", 9, MINE)
        for mac in [BOTH, *VIRTUAL]:
            number = 10 if mac == BOTH else 11
            say(gate, family, "za", number, mac)
            say(gate, family, "zc", number, mac)


def run():
    with Gate(signs.build(hosts=HOSTS, extra=DETECT)) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-04", "stations where they belong")
        say(gate, 4, "zc", 5, MINE)
        r = signs.one(signs.told(gate, "ZV-04", "registered", reason="is registered in za"),
                      "registered")
        case.equal((r["event"]["action"], r["observer"]["ingress"]["interface"]["name"]),
                   ("foreign-station", "zc0"), "the record")
        for n, family in enumerate(case.FAMILIES):
            mac = bytes((2, 0x77, 0, 0, 0, family))
            say(gate, family, "za", 6, mac)
            time.sleep(0.3)         # taps are read one after the other
            say(gate, family, "zc", 6, mac)
            found = signs.told(gate, "ZV-04", "IPv%d roaming" % family, n + 1, reason="was on za0")
            case.equal(found[0]["event"]["severity"], 9, "severity as the policy says")


case.main("ZV-04", run)
