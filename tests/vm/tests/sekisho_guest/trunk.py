# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway on one trunk: every segment is a VLAN (802.1Q) of the same wire.

The far end of a segment is a VLAN device on the trunk's far end, moved into the segment's
namespace: the lab's sockets work as ever, and the tags on the wire are the kernel's. The
last zone can be the native VLAN instead: the trunk itself, whose far end is then a macvlan.
"""
import socket
import struct

from sekisho_lab import address, netns, policy
from sekisho_lab.gate import Gate

WIRE = "eth0"           # the trunk's end on the gateway
SWITCH = "trunk"        # and the other one
ETH_P_ALL, ETH_P_8021Q, ETH_P_8021AD = 3, 0x8100, 0x88A8
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
STATUS_VLAN_VALID = 0x10
WIRE_MAC = bytes((2, 0x53, 0x6b, 1, 0, 0))


def vlan(segment):
    return 10 * (segment + 1)


def names(text, native=False):
    """Policy of the numbered tests with the segments on the trunk."""
    for n, zone in enumerate(policy.ZONES):
        name = "%s.%d" % (WIRE, vlan(n))
        if native and zone == policy.ZONES[-1]:
            name = WIRE
        text = text.replace('interface = "%s0"' % zone, 'interface = "%s"' % name)
    return text


def switch(prefix):
    return netns.far(prefix, 99)


def links(model, prefix):
    gw, wire = netns.gateway(prefix), switch(prefix)
    own = [s.gateway_mac for s in model.segments if s.interface == WIRE] or [WIRE_MAC]
    netns.ip_batch(["netns add " + wire,
                    "link add %s address %s netns %s type veth peer name %s netns %s"
                    % (WIRE, address.mac_text(own[0]), gw, SWITCH, wire)])
    with netns.inside(wire):
        netns.sysctl([("ipv6/conf/%s/disable_ipv6" % SWITCH, 1)])
    for name, end, far in ((gw, WIRE, False), (wire, SWITCH, True)):
        lines = ["link set %s up" % end]
        for s in model.segments:
            native = s.interface == WIRE
            if native and not far:
                continue
            mac = s.router_mac if far else s.gateway_mac
            lines.append("link add link %s name %s address %s%s type %s" % (
                end, netns.FAR if far else s.interface, address.mac_text(mac),
                " netns " + netns.far(prefix, s.index) if far else "",
                "macvlan mode private" if native else "vlan id %d" % vlan(s.index)))
        netns.ip_batch(lines, name)


class TrunkGate(Gate):
    """Gate whose segments are VLANs; the trunk itself can be heard and spoken on."""

    links = staticmethod(links)

    def __init__(self, text, native=False, **more):
        super().__init__(names(text, native), **more)
        self.native = native
        self.trunk = None

    def __enter__(self):
        super().__enter__()
        with netns.inside(switch(self.prefix)):
            self.trunk = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                       socket.htons(ETH_P_ALL))
            self.trunk.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            self.trunk.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            self.trunk.bind((SWITCH, 0))
        self.trunk.setblocking(False)
        return self

    def apply(self, text, name="next.conf", must=True):
        return super().apply(names(text, self.native), name, must)

    def close(self):
        if getattr(self, "trunk", None) is not None:
            self.trunk.close()
            self.trunk = None
        return super().close()

    def know_neighbours(self):
        self.know_hosts()

    def say_tagged(self, tags, ethertype, payload, dst=WIRE_MAC, src=None):
        """A frame on the trunk with these tags, outermost first: (EtherType, VLAN)."""
        frame = dst + (src or self.model.segments[0].router_mac)
        for kind, number in tags:
            frame += struct.pack("!HH", kind, number)
        self.trunk.send(frame + struct.pack("!H", ethertype) + payload)

    def heard(self):
        """What the gateway put on the trunk so far: (VLAN or None, frame without it)."""
        while True:
            try:
                data, extra, _, _ = self.trunk.recvmsg(65535, 256)
            except BlockingIOError:
                return
            tag = None
            for level, kind, value in extra:
                if level == SOL_PACKET and kind == PACKET_AUXDATA:
                    status, _, _, _, _, tci = struct.unpack_from("=IIIHHH", value)
                    tag = tci & 0xFFF if status & STATUS_VLAN_VALID else None
            yield tag, data
