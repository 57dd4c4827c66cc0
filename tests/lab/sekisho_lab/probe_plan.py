# SPDX-License-Identifier: GPL-2.0-or-later
"""Which packets "lab probe" sends: every permit's services, and their neighbours."""
import itertools
from collections import OrderedDict

from . import address
from .model import SELF, Packet

PROTOCOL_NUMBERS = 256
# Carried by IPv6 as extension headers, or needing a handshake of their own (DCCP).
UNPROBED = {0, 33, 43, 44, 51, 59, 60, 135, 139, 140}
IP_ANY_SAMPLE = (6, 17, 132, 47, 253)


class Probe:
    """One packet to send, and what should become of it."""
    __slots__ = ("packet", "out", "permit", "dimension", "tag", "seen", "answered", "state")

    def __init__(self, packet, out, permit, dimension):
        self.packet, self.out, self.permit, self.dimension = packet, out, permit, dimension
        self.tag = 0
        self.seen = []          # where it came out
        self.answered = False
        self.state = False      # a TCP packet that opens nothing

    def text(self, model):
        p = self.packet
        src, dst = (address.show(p.family, v) for v in (p.src, p.dst))
        name = SELF if p.in_ == SELF else model.segments[p.in_].interface
        return "%s %s -> %s protocol %d %d->%d%s" % (name, src, dst, p.protocol, p.sport,
                                                     p.dport, " no SYN" if self.state else "")


class Plan:
    """Fills .permitted and .denied from a model whose own addresses are known."""

    def __init__(self, model, per_match=4):
        self.model, self.per_match = model, per_match
        self.permitted, self.denied = [], []
        self.in_segment = 0     # enabled permits that never reach the gateway
        self.not_in_force = 0
        self.unprobed = 0       # matches the lab has no packet for
        self.allowed_otherwise = 0
        self._ports = itertools.cycle(range(20000, 60000))
        self._known = set()
        self._turn = itertools.count()
        for permit in range(len(model.permits)):
            self._permit(permit)

    def _permit(self, permit):
        boxes = [self.model._box(permit, b) for b in self.model.permits[permit]["boxes"]]
        force = self.model.in_force(permit)
        if not boxes:
            self.in_segment += 1
            return
        self.not_in_force += not force
        groups = OrderedDict()
        for b in boxes:
            key = (b.in_, b.out, b.family, b.protocol, b.form, b.sport, b.dport)
            groups.setdefault(key, []).append(b)
        for group in groups.values():
            for box in _spread(group, self.per_match):
                self._box(permit, box, force)

    def _box(self, permit, box, force):
        protocols = IP_ANY_SAMPLE if box.protocol is None else (box.protocol,)
        for protocol in protocols:
            if protocol in UNPROBED:
                self.unprobed += 1
                continue
            ends = ((box.s0, box.d0, 0), (box.s1, box.d1, 1))
            for src, dst, end in ends:
                base = self._base(box, protocol, src, dst, end)
                if base is None:
                    self.unprobed += end == 0
                    continue
                self._add(permit, base, "permit" if force else "validity")
                for packet, dimension in self._neighbours(box, base):
                    self._add(permit, packet, dimension)
            if protocol == 6:
                self._no_syn(permit, box)

    def _no_syn(self, permit, box):
        base = self._base(box, 6, box.s0, box.d0, 0, fresh=True)
        if base is not None:
            probe = Probe(base, None, self._name(permit), "state")
            probe.state = True
            self.denied.append(probe)

    def _name(self, permit):
        return self.model.permits[permit]["id"]

    def _add(self, permit, packet, dimension):
        key = packet[:5] + (packet.protocol,) + _ports_key(packet)
        wanted = dimension in ("permit", "validity")
        if wanted and packet.sport >= 20000:
            key = (permit,) + key       # two permits may both say it; try both
        if key in self._known or packet.protocol in UNPROBED:
            return
        if packet.in_ == SELF and (packet.family, packet.dst) in self.model.own:
            return                      # never leaves the gateway
        if any(self.model.anycast(packet.family, v) for v in (packet.src, packet.dst)):
            return
        verdict = self.model.judge(packet)
        if verdict is not None and not wanted:
            self.allowed_otherwise += 1
            return
        self._known.add(key)
        where = self.denied if verdict is None else self.permitted
        where.append(Probe(packet, verdict, self._name(permit), dimension))

    def _own(self, family, segment=None):
        """An own address of the gateway, on one segment when possible."""
        own = [(s != segment, v) for (f, v), s in self.model.own.items() if f == family]
        return min(own)[1] if own else None

    def _base(self, box, protocol, src, dst, end, fresh=False):
        """A packet inside the box, or None when it has no sendable one."""
        family = box.family
        if (protocol == 1) != (family == 4) and protocol in (1, 58):
            return None
        src = self._own(family, box.out) if box.in_ == SELF else \
            self._sendable(family, src, box.s0, box.s1)
        dst = self._own(family, box.in_) if box.out == SELF else \
            self._sendable(family, dst, box.d0, box.d1)
        if src is None or dst is None:
            return None
        sport, dport = self._ports_of(box, protocol, end, fresh)
        if sport is None:
            return None
        mac = b"" if box.in_ == SELF else self.model.mac_of(box.in_, family, src)
        return Packet(box.in_, mac, family, src, dst, protocol, sport, dport)

    def _sendable(self, family, value, first, last):
        """The address itself or one beside it that is not the gateway's own."""
        for v in (value, value + 1, value - 1, value + 2, value - 2):
            if first <= v <= last and (family, v) not in self.model.own \
                    and not self.model.anycast(family, v):
                return v
        return None

    def _ports_of(self, box, protocol, end, fresh):
        free = next(self._ports)
        if protocol in (1, 58):
            openers = {1: 8, 58: 128}
            kind = box.sport[end] if box.form == "icmp" else openers[protocol] << 8
            return kind, free
        if box.form != "ports":
            return free, 80
        sport = free if box.sport == (0, 65535) or fresh and box.sport[0] != box.sport[1] \
            else box.sport[end]
        dport = 80 + free % 1000 if box.dport == (0, 65535) else box.dport[end]
        return sport, dport

    def _neighbours(self, box, base):
        """Packets one step outside the box, in each dimension. The judge sorts them."""
        m, f = self.model, base.family
        top = (1 << address.BITS[f]) - 1
        if base.in_ != SELF:
            for src in (box.s0 - 1, box.s1 + 1):
                if 0 <= src <= top:
                    yield self._fresh(base, src=src), "source"
            yield from self._foreign(base)
        if base.in_ != SELF and m.macs.get((base.in_, f, base.src)):
            yield self._fresh(base)._replace(mac=b"\x02\x00\x00\x00\x66\x66"), "mac"
        if box.out != SELF:
            for dst in (box.d0 - 1, box.d1 + 1):
                if 0 <= dst <= top:
                    yield self._fresh(base, dst=dst), "destination"
        yield from self._services(box, base)
        if SELF not in (base.in_, box.out):
            back = Packet(box.out, m.mac_of(box.out, f, base.dst), f, base.dst, base.src,
                          base.protocol, base.sport, base.dport)
            yield self._fresh(back), "reverse"

    def _fresh(self, base, **changes):
        """The same packet, changed, from another ephemeral port where there is one."""
        if base.sport >= 20000 and base.protocol not in (1, 58):
            changes.setdefault("sport", next(self._ports))
        p = base._replace(**changes)
        if "src" in changes and p.in_ != SELF:
            p = p._replace(mac=self.model.mac_of(p.in_, p.family, p.src))
        return p

    def _services(self, box, base):
        if base.protocol in (1, 58):
            if box.form == "icmp":
                for kind in (box.sport[0] - 1, box.sport[1] + 1, box.sport[1] + 256):
                    if 0 <= kind <= 65535:
                        yield base._replace(sport=kind, dport=next(self._ports)), "icmp"
        elif box.form == "ports":
            for port in (box.dport[0] - 1, box.dport[1] + 1):
                if 0 <= port <= 65535:
                    yield self._fresh(base, dport=port), "port"
            for port in (box.sport[0] - 1, box.sport[1] + 1):
                if 0 <= port <= 65535 and box.sport != (0, 65535):
                    yield base._replace(sport=port), "source port"
        others = {6: (17, 132), 17: (6, 136)}.get(base.protocol, (6, 17, 253))
        for protocol in others:
            if box.protocol is not None:
                sport = next(self._ports) if base.protocol in (1, 58) else base.sport
                yield base._replace(protocol=protocol, sport=sport), "protocol"

    def _foreign(self, base):
        """The same packet from another segment, and to another segment."""
        segments = self.model.segments
        if len(segments) < 2:
            return
        turn = next(self._turn)
        other = segments[(base.in_ + 1 + turn % (len(segments) - 1)) % len(segments)]
        yield self._fresh(base)._replace(in_=other.index, mac=other.router_mac), "zone"
        other = segments[turn % len(segments)]
        for family, first, last in other.networks:
            if family == base.family and other.index != base.in_:
                dst = min(first + 7, last)
                yield self._fresh(base, dst=dst), "zone"
                break


def _ports_key(packet):
    """What makes two probes the same flow, ephemeral ports aside."""
    if packet.protocol in (1, 58):
        return (packet.sport, 0, packet.mac)
    return (0 if packet.sport >= 20000 else packet.sport, packet.dport, packet.mac)


def _spread(items, most):
    """At most so many of them, first and last among them."""
    if len(items) <= most:
        return items
    step = (len(items) - 1) / (most - 1) if most > 1 else len(items)
    return [items[round(i * step)] for i in range(most)]
