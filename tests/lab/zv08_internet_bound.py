#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-08: from My Number towards the internet: a global address, names asked outside, a public
resolver behind the permit for the web. Silent: permitted DNS, TLS to any other name."""
from sekisho_lab import case, frames, policy, signs
from sekisho_lab.gate import Gate, Shot
from sekisho_lab.frames import ACK, PSH
from sekisho_lab.tcpflow import Flow

SERVICES = [policy.service("web", "tcp", ports=["443"]), policy.service("names", "udp",
                                                                        ports=["53"])]
PERMITS = [policy.permit("T1", ["a"], ["b"], ["web", "names"])]
OUTSIDE = {4: signs.number("198.41.0.4"), 6: signs.number("2001:503:ba3e::2:30")}


def hello(gate, family, sport, name):
    Flow(gate, family, sport, 443).open().say(True, PSH | ACK, signs.client_hello(name))


def run():
    with Gate(signs.build(PERMITS, SERVICES)) as gate:
        for n, family in enumerate(case.FAMILIES):
            src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
            gate.fire([signs.udp(0, family, src, dst, 47000, 53,
                                 signs.dns_query("www.city.mihon.lg.jp"))])
            hello(gate, family, 47100 + n, "www.example.jp")
        signs.silent(gate, "ZV-08", "permitted names and TLS")
        for n, family in enumerate(case.FAMILIES):
            src = policy.addr(family, "za", 2)
            packet = frames.opening(family, src, OUTSIDE[family], frames.TCP, 47200, 443,
                                    gate.tag())
            case.nothing(gate, gate.passed([Shot(0, family, packet)], family),
                         "IPv%d outside" % family)
            asked = gate.opening(family, ("za", 2), ("zb", 3), frames.UDP, 53, 47300)
            case.nothing(gate, gate.passed([asked], family), "IPv%d resolver" % family)
            signs.told(gate, "ZV-08", "IPv%d refused" % family, 2 * n + 2, "attempt")
            hello(gate, family, 47400 + n, "chrome.cloudflare-dns.com")
            signs.told(gate, "ZV-08", "IPv%d DoH" % family, n + 1, "behaviour",
                       "chrome.cloudflare-dns.com")


case.main("ZV-08", run)
