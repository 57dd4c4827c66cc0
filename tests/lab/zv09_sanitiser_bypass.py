#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-09: files and mail from the internet zone into LGWAN beside the sanitiser. Silent: the
same way with a web protocol, which is refused as ZV-01, and files the other way."""
from sekisho_lab import case, frames, signs
from sekisho_lab.gate import Gate

CLASSES = {"za": "internet", "zb": "dmz", "zc": "lgwan"}


def run():
    with Gate(signs.build(classes=CLASSES)) as gate:
        for family in case.FAMILIES:
            shots = [gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, 8443, 48000),
                     gate.opening(family, ("zc", 2), ("za", 2), frames.TCP, 445, 48001, 2)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d look-alike" % family)
        signs.silent(gate, "ZV-09", "web protocols, and files outwards")
        for n, family in enumerate(case.FAMILIES):
            shots = [gate.opening(family, ("za", 2), ("zc", 2), frames.TCP, port, 48100)
                     for port in (445, 25)]
            case.nothing(gate, gate.passed(shots, family), "IPv%d" % family)
            found = signs.told(gate, "ZV-09", "IPv%d" % family, 2 * n + 2, "attempt")
            case.equal([r["event"]["severity"] for r in found], [9] * (2 * n + 2),
                       "IPv%d: severities" % family)


case.main("ZV-09", run)
