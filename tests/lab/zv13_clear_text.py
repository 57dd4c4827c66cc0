#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-13: clear text where My Number is concerned, permitted or not. Silent: TLS on the same
ports, SNMPv3, SMB 2, and clear text between other zones."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.frames import ACK, PSH
from sekisho_lab.gate import Gate
from sekisho_lab.tcpflow import Flow

SERVICES = [policy.service("web", "tcp", ports=["80"]), policy.service("files", "tcp",
                                                                       ports=["445"]),
            policy.service("manage", "udp", ports=["161"])]
PERMITS = [policy.permit("T1", ["a"], ["b"], ["web", "files", "manage"]),
           policy.permit("T2", ["c"], ["b"], ["web"])]
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SMB1 = b"\0\0\0\x23\xffSMB\x73" + bytes(30)
SMB2 = b"\0\0\0\x40\xfeSMB" + bytes(60)
SNMP = {2: b"\x30\x26\x02\x01\x01\x04\x06public", 3: b"\x30\x26\x02\x01\x03\x30\x11\x02"}


def send(gate, family, sport, dport, payload):
    Flow(gate, family, sport, dport).open().say(True, PSH | ACK, payload)


def manage(gate, family, version):
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
    gate.fire([signs.udp(0, family, src, dst, 54000 + version, 161, SNMP[version])])


def other_zones(gate, family):
    """The same words from LGWAN: refused or not, no concern of this class."""
    src, dst = policy.addr(family, "zc", 2), policy.addr(family, "zb", 2)
    body = frames.tcp(family, src, dst, 54900, 80, 1, 1, PSH | ACK, GET)
    gate.fire([signs.shot(2, family, src, dst, frames.TCP, body)])


def run():
    with Gate(signs.build(PERMITS, SERVICES)) as gate:
        for n, family in enumerate(case.FAMILIES):
            send(gate, family, 54100 + n, 80, signs.client_hello("www.example.jp"))
            send(gate, family, 54110 + n, 445, SMB2)
            manage(gate, family, 3)
            other_zones(gate, family)
        signs.silent(gate, "ZV-13", "encrypted protocols, other zones")
        for n, family in enumerate(case.FAMILIES):
            send(gate, family, 54200 + n, 80, GET)
            send(gate, family, 54210 + n, 445, SMB1)
            manage(gate, family, 2)
            for reason in ("http", "smb v1", "snmp v1/v2c"):
                signs.told(gate, "ZV-13", "IPv%d" % family, n + 1, "behaviour", reason)


case.main("ZV-13", run)
