#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ZV-07: DHCP, router advertisements and claims of addresses by nobody registered. Silent:
the registered server and router, questions to them, ordinary ARP and neighbour discovery."""
from sekisho_lab import address, case, policy, signs
from sekisho_lab.gate import Gate, check

SERVER, ROUTER = bytes.fromhex("020000000167"), bytes.fromhex("0200000001fa")
HOSTS = [signs.host("leases", "za", 0x67, SERVER, ["dhcp"]),
         signs.host("exit", "za", 0xfa, ROUTER, ["router"])]
ALL, ROUTERS = signs.number("ff02::1"), signs.number("ff02::2")
CLIENTS = signs.number("fe80::9")
ADVERT = bytes((64, 0, 0, 0))                   # hop limit, flags, lifetime 0
BOOTREPLY, BOOTREQUEST = b"\2\1\6\0", b"\1\1\6\0"


def lease(number, mac, op=BOOTREPLY, ports=(67, 68)):
    return signs.udp(0, 4, policy.a4(1, number), 0xFFFFFFFF, *ports, op + bytes(240), mac,
                     signs.BROADCAST)


def lease6(src, mac, type_, ports):
    return signs.udp(0, 6, src, ALL, *ports, bytes((type_, 0, 0, 1)), mac,
                     signs.multicast_mac(ALL))


def advert(mac):
    return signs.icmp6(0, signs.number("fe80::66"), ALL, 134, ADVERT, bytes(8), mac)


def claim(target, mac):
    return signs.icmp6(0, signs.number("fe80::66"), ALL, 136, b"\x20\0\0\0",
                       address.pack(6, target), mac)


def look_alikes(gate):
    me = signs.STRANGER
    gate.fire([lease(0x67, SERVER), lease(5, me, BOOTREQUEST, (68, 67)),
               lease6(policy.a6(1, 0x67), SERVER, 7, (547, 546)),
               lease6(CLIENTS, me, 1, (546, 547)), advert(ROUTER),
               signs.icmp6(0, CLIENTS, ROUTERS, 133, bytes(4), mac=me),
               signs.arp(0, 1, policy.a4(1, 5), me, policy.a4(1, 1)),
               signs.arp(0, 1, policy.a4(1, 5), me, policy.a4(1, 5)),
               signs.arp(0, 1, 0, me, policy.a4(1, 1)), claim(policy.a6(1, 5), me)])


def run():
    rogues = [
        ("DHCP", "DHCP answer", lambda mac: lease(0x66, mac)),
        ("DHCPv6", "DHCPv6 answer", lambda mac: lease6(CLIENTS, mac, 2, (547, 546))),
        ("RA", "router advertisement", advert),
        ("ARP", "an address of the gateway",
         lambda mac: signs.arp(0, 2, policy.a4(1, 1), mac, policy.a4(1, 1))),
        ("ARP of another zone", "an address of another zone",
         lambda mac: signs.arp(0, 2, policy.a4(3, 5), mac, policy.a4(1, 5))),
        ("NA", "an address of the gateway", lambda mac: claim(policy.a6(1, 1), mac)),
    ]
    with Gate(signs.build(hosts=HOSTS)) as gate:
        look_alikes(gate)
        signs.silent(gate, "ZV-07", "registered services and ordinary talk")
        for n, (what, reason, make) in enumerate(rogues):
            gate.fire([make(bytes((2, 0x77, 0, 0, 7, n)))])
            found = signs.told(gate, "ZV-07", what, n + 1, "rogue-service")
            case.equal(len(found), n + 1, what + ": records")
            check(reason in found[-1]["event"]["reason"], "%s: %s" % (what, found[-1]))


case.main("ZV-07", run)
