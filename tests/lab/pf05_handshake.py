#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-05: TCP that is no lone SYN opens nothing, even to a permitted port."""
from sekisho_lab import case, frames, policy
from sekisho_lab.frames import ACK, FIN, PSH, RST, SYN, URG
from sekisho_lab.gate import Gate, Shot

FLAGS = {"ACK": ACK, "FIN": FIN, "FIN+ACK": FIN | ACK, "RST": RST, "RST+ACK": RST | ACK,
         "SYN+FIN": SYN | FIN, "SYN+RST": SYN | RST, "SYN+ACK": SYN | ACK, "null": 0,
         "Xmas": FIN | PSH | URG, "all": 0x3F, "PSH+ACK": PSH | ACK}


def run():
    text = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                        [policy.service("web", "tcp", ports=["80"])])
    with Gate(text) as gate:
        for family in case.FAMILIES:
            src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
            before = gate.stopped()
            for n, (name, flags) in enumerate(FLAGS.items()):
                body = frames.tcp(family, src, dst, 43000 + n, 80, 7, 9, flags)
                shot = Shot(0, family, frames.ip(family, src, dst, frames.TCP, body))
                case.nothing(gate, gate.passed([shot, shot], family, wait=0.03),
                             "IPv%d %s as first packet" % (family, name))
            case.equal(gate.stopped() - before, 2 * len(FLAGS), "IPv%d: stopped" % family)
            gate.exchange(family, frames.TCP, 80, 43999)
    return "%d flag patterns" % len(FLAGS)


case.main("PF-05", run)
