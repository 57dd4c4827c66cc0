# SPDX-License-Identifier: GPL-2.0-or-later
"""A scripted TCP connection through the gate, both ends raw, byte for byte ours."""
import time

from . import frames, policy
from .frames import ACK, FIN, PSH, SYN
from .gate import Shot, check


class Flow:
    """Client on segment 0, server on segment 1; each send says whether it came out."""

    def __init__(self, gate, family, sport, dport=80, src=("za", 2), dst=("zb", 2)):
        self.gate, self.family = gate, family
        self.sport, self.dport = sport, dport
        self.src, self.dst = policy.addr(family, *src), policy.addr(family, *dst)
        self.client, self.server = 1000, 5000       # next sequence numbers

    def packet(self, from_client, flags, payload=b"", seq=None, ack=None, **changed):
        """IP packet of one side, any field changed by name (src dst sport dport)."""
        f = dict(src=self.src, dst=self.dst, sport=self.sport, dport=self.dport)
        if not from_client:
            f = dict(src=f["dst"], dst=f["src"], sport=f["dport"], dport=f["sport"])
        f.update(changed)
        mine, theirs = (self.client, self.server) if from_client else (self.server, self.client)
        body = frames.tcp(self.family, f["src"], f["dst"], f["sport"], f["dport"],
                          mine if seq is None else seq, theirs if ack is None else ack,
                          flags, payload, window=65535)
        return frames.ip(self.family, f["src"], f["dst"], frames.TCP, body)

    def say(self, from_client, flags, payload=b""):
        """Send in order; it must arrive. Advances the sequence number."""
        packet = self.packet(from_client, flags, payload,
                             ack=0 if flags == SYN else None)
        came = self.put(0 if from_client else 1, packet)
        check(came, "IPv%d: a segment of a permitted TCP flow was lost (flags %d)"
              % (self.family, flags))
        step = len(payload) + (1 if flags & (SYN | FIN) else 0)
        if from_client:
            self.client += step
        else:
            self.server += step

    def put(self, segment, packet, wait=0.5):
        """True when this TCP segment comes out of the gate unchanged."""
        self.gate.fire([Shot(segment, self.family, packet)])
        want = frames.transport(packet)
        return self._await(lambda found: found[3:] == want[3:], wait)

    def _await(self, what, wait):
        until = time.monotonic() + wait
        while time.monotonic() < until:
            for seen in self.gate.wire.receive(0.01):
                found = frames.transport(seen.frame[14:])
                if found and what(found):
                    return True
        return False

    def open(self):
        self.say(True, SYN)
        self.say(False, SYN | ACK)
        self.say(True, ACK)
        return self

    def data(self, payload=b"hello"):
        self.say(True, PSH | ACK, payload)
        self.say(False, ACK)
        return self

    def close(self):
        self.say(True, FIN | ACK)
        self.say(False, FIN | ACK)
        self.say(True, ACK)
        return self
