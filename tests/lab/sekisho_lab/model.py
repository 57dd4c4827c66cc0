# SPDX-License-Identifier: GPL-2.0-or-later
"""The checked policy as the lab sees it, and the lab's own opinion of a packet.

The boxes come from "sekisho model"; whether a packet is permitted is computed
here, by a plain scan, so that neither the compiler nor the classifier judges itself.
"""
import json
import os
import shutil
import subprocess
import time
from collections import namedtuple

from . import address

SELF = "self"
Box = namedtuple("Box", "permit in_ out family s0 s1 d0 d1 protocol form sport dport")
Packet = namedtuple("Packet", "in_ mac family src dst protocol sport dport")

# ICMP types that open a flow; any other unasked one is no opening (conntrack's
# nf_conntrack_proto_icmp.c and icmpv6.c: echo, timestamp, information, mask, NI).
ICMP_OPENERS = {1: (8, 13, 15, 17), 58: (128, 139)}


def binary(name="sekisho"):
    """The program under test: $SEKISHO_BUILD, else the newest build of this tree."""
    here = os.path.dirname(os.path.abspath(__file__))
    top = os.path.normpath(os.path.join(here, "..", "..", ".."))
    places = [os.environ.get("SEKISHO_BUILD", "")]
    places += [os.path.join(top, "build", b) for b in ("release", "debug", "asan", "ubsan")]
    for place in places:
        path = os.path.join(place, name)
        if place and os.access(path, os.X_OK):
            return path
    path = shutil.which(name)
    if path is None:
        raise SystemExit("lab: no %s: build it (make), or set SEKISHO_BUILD" % name)
    return path


def load(path):
    """A policy file (asks sekisho) or a model already saved as .json."""
    if path.endswith(".json"):
        with open(path, encoding="utf-8") as f:
            return Model(json.load(f))
    run = subprocess.run([binary(), "--json", "model", "-f", path],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if run.returncode != 0:
        raise SystemExit("lab: %s is no valid policy:\n%s"
                         % (path, run.stderr.decode(errors="replace")))
    return Model(json.loads(run.stdout))


class Segment:
    def __init__(self, index, data):
        self.index = index
        self.interface = data["interface"]
        self.zone = data["zone"]
        self.networks = [address.parse_range(n) for n in data["networks"]]
        self.network_texts = data["networks"]
        self.gateway = [address.parse(g) for g in data["gateway"]]
        self.gateway_mac = bytes((2, 0x53, 0x6b, 0, index >> 8, index & 255))
        self.router_mac = bytes((2, 0x53, 0x6c, 0, index >> 8, index & 255))


class Model:
    def __init__(self, data):
        self.data = data
        self.segments = [Segment(i, s) for i, s in enumerate(data["segments"])]
        self.zones = {z["name"]: z for z in data["zones"]}
        self.permits = data["permits"]
        self.macs = {}
        for b in data["bindings"]:
            self.macs[(b["segment"],) + address.parse(b["address"])] = \
                address.mac_bytes(b["mac"])
        self.boxes = [self._box(p, b) for p in range(len(self.permits))
                      for b in self.permits[p]["boxes"]]
        self.own = {}       # (family, value) -> segment index; see set_own()
        self._index = {}
        self._networks = self._by_prefix()
        self.set_own([(s.index,) + g for s in self.segments for g in s.gateway])

    @staticmethod
    def _box(permit, data):
        family, s0, s1 = address.parse_range(data["src"])
        _, d0, d1 = address.parse_range(data["dst"])
        return Box(permit, data["in"], data["out"], family, s0, s1, d0, d1,
                   data["protocol"], data["form"], tuple(data["sport"]),
                   tuple(data["dport"]))

    def _by_prefix(self):
        """Networks, narrowest first, so that the first hit is the longest prefix."""
        found = [(last - first, family, first, last, s.index)
                 for s in self.segments for family, first, last in s.networks]
        return sorted(found)

    def set_own(self, triples):
        """Tell which addresses the gateway really has: (segment, family, value)."""
        self.own = {(family, value): segment for segment, family, value in triples}

    def in_force(self, permit, now=None):
        p = self.permits[permit]
        now = time.time() if now is None else now
        return (p["enabled"] and (p["valid_from"] is None or p["valid_from"] <= now)
                and (p["valid_until"] is None or now < p["valid_until"]))

    def network_of(self, family, value):
        """(segment, first, last) of the longest prefix, or None."""
        for _, f, first, last, segment in self._networks:
            if f == family and first <= value <= last:
                return segment, first, last
        return None

    def owner(self, family, value):
        """Segment that owns an address, None for nobody."""
        hit = self.network_of(family, value)
        if hit is None or address.never_forwarded(family, value):
            return None
        if family == 4 and any(f == 4 and value == last and last - first >= 3
                               for _, f, first, last, _ in self._networks):
            return None     # directed broadcast of a network of /30 or wider
        return hit[0]

    def anycast(self, family, value):
        """Subnet-router anycast of a written IPv6 network (RFC 4291 2.6.1).

        The kernel takes the first address of every on-link route for one (ipv6_
        anycast_destination()); no packet may come from it, so nothing is probed with it.
        """
        return family == 6 and any(f == 6 and value == first and last - first >= 3
                                   for _, f, first, last, _ in self._networks)

    def boxes_near(self, in_, out, p):
        """Boxes in force that might hold the packet: a large policy is mostly exact hosts."""
        if not self._index:
            now = time.time()
            for b in self.boxes:
                if self.in_force(b.permit, now):
                    src = b.s0 if b.s0 == b.s1 else None
                    dst = b.d0 if b.d0 == b.d1 else None
                    key = (b.in_, b.out, b.family, src, dst)
                    self._index.setdefault(key, []).append(b)
        for src in (p.src, None):
            for dst in (p.dst, None):
                yield from self._index.get((in_, out, p.family, src, dst), ())

    def mac_of(self, segment, family, value):
        bound = self.macs.get((segment, family, value))
        return bound or self.segments[segment].router_mac

    def judge(self, p):
        """Packet -> where it comes out when it may pass as an opening, else None."""
        own_src = (p.family, p.src) in self.own
        own_dst = (p.family, p.dst) in self.own
        out = SELF if own_dst else self.owner(p.family, p.dst)
        if out is None or out == p.in_:
            return None
        if p.in_ == SELF:
            if not own_src:
                return None
        elif own_src or self.owner(p.family, p.src) != p.in_:
            return None
        else:
            bound = self.macs.get((p.in_, p.family, p.src))
            if bound is not None and p.mac != bound:
                return None
        if p.protocol in ICMP_OPENERS and (p.sport >> 8) not in ICMP_OPENERS[p.protocol]:
            return None
        for b in self.boxes_near(p.in_, out, p):
            if holds(b, p):
                return out
        return None


def holds(b, p):
    """True when a box of the right segments and family holds the packet."""
    if not (b.s0 <= p.src <= b.s1 and b.d0 <= p.dst <= b.d1):
        return False
    if b.protocol is not None and b.protocol != p.protocol:
        return False
    if b.form == "icmp":
        return b.sport[0] <= p.sport <= b.sport[1]
    if b.form == "ports":
        return (b.sport[0] <= p.sport <= b.sport[1]
                and b.dport[0] <= p.dport <= b.dport[1])
    return True
