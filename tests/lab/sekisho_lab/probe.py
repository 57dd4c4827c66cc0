# SPDX-License-Identifier: GPL-2.0-or-later
"""Send the plan, watch every segment, and tell false accepts from false drops.

Denied packets go first: a reverse-direction probe must not find the state that a
permitted exchange leaves behind.
"""
import random
import time
from collections import Counter

from . import frames, netns
from .model import SELF

BATCH = 256
QUIET = 0.15            # seconds of silence after which nothing more is coming
PATIENCE = 1.0          # for packets that should come; only failures pay it


class Prober:
    def __init__(self, model, wire, plan):
        self.model, self.wire, self.plan = model, wire, plan
        self.base = random.getrandbits(31) & ~0xFFFFFF
        self.by_tag = {}
        self.false_accepts, self.false_drops = [], []
        self.retried = 0
        for n, probe in enumerate([*plan.denied, *plan.permitted]):
            probe.tag = self.base + 2 * n
            self.by_tag[probe.tag] = probe

    def run(self):
        start = time.monotonic()
        netns.flush_conntrack(self.wire.prefix)
        self._prepare()
        self.wire.drain()
        for batch in _batches(self.plan.denied):
            for probe in batch:
                self._open(probe)
            self._collect(QUIET if batch[-1] is self.plan.denied[-1] else 0.0)
        for batch in _batches(self.plan.permitted):
            self._exchange(batch)
        self._collect(QUIET)
        self._judge()
        return self.report(time.monotonic() - start)

    def _prepare(self):
        """Neighbours for every address that the gateway may have to reach."""
        wanted = set()
        for probe in [*self.plan.permitted, *self.plan.denied]:
            p = probe.packet
            for value in (p.src, p.dst):
                hit = self.model.network_of(p.family, value)
                if hit and (p.family, value) not in self.model.own:
                    wanted.add((hit[0], p.family, value))
            if SELF in (probe.out, p.in_) or (p.family, p.dst) in self.model.own:
                self.wire.listen_local(p.family, p.protocol)
        netns.neighbours(self.model, self.wire.prefix, sorted(wanted))

    def _open(self, probe):
        p = probe.packet
        if probe.state:
            body = frames.tcp(p.family, p.src, p.dst, p.sport, p.dport, probe.tag, 1,
                              frames.ACK)
            packet = frames.ip(p.family, p.src, p.dst, 6, body)
        else:
            packet = frames.opening(p.family, p.src, p.dst, p.protocol, p.sport, p.dport,
                                    probe.tag)
        if p.in_ == SELF:
            self.wire.send_local(p.family, packet, p.dst)
        else:
            self.wire.send(p.in_, packet, p.mac, p.family)

    def _answer(self, probe):
        p = probe.packet
        if probe.out == SELF and p.protocol in (6, 1, 58):
            return          # the gateway's own stack answers
        packet = frames.answer(p.family, p.src, p.dst, p.protocol, p.sport, p.dport,
                               probe.tag, probe.tag + 1)
        if probe.out == SELF:
            self.wire.send_local(p.family, packet, p.src)
        else:
            self.wire.send(probe.out, packet, self.model.mac_of(probe.out, p.family, p.dst),
                           p.family)

    def _exchange(self, batch):
        for attempt in range(2):
            late = [p for p in batch if p.out not in p.seen]
            for probe in late:
                self._open(probe)
            self.retried += len(late) if attempt else 0
            self._wait(batch, lambda p: p.out in p.seen)
        for attempt in range(2):
            late = [p for p in batch if p.out in p.seen and not p.answered]
            for probe in late:
                self._answer(probe)
            self.retried += len(late) if attempt else 0
            self._wait(batch, lambda p: p.answered or p.out not in p.seen)

    def _wait(self, batch, done):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self._collect(0.01)
            if all(done(p) for p in batch):
                return

    def _collect(self, timeout):
        for seen in self.wire.receive(timeout):
            self._note(seen)

    def _note(self, seen):
        info = frames.transport(seen.frame[14:])
        if info is None or seen.frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
            return
        _, _, _, protocol, payload = info
        if seen.segment != SELF and protocol == frames.TCP and len(payload) >= 20 \
                and payload[13] & frames.ACK:
            self._own_answer(seen, int.from_bytes(payload[8:12], "big") - 1)
        tag = frames.tag_of(protocol, payload)
        if tag is None:
            return
        probe = self.by_tag.get(tag)
        if probe is not None:
            if seen.segment == probe.packet.in_ and probe.out == SELF:
                probe.answered = True       # an echo: the stack returns the tag
            else:
                probe.seen.append(seen.segment)
        elif (tag - 1) in self.by_tag and seen.segment == self.by_tag[tag - 1].packet.in_:
            self.by_tag[tag - 1].answered = True

    def _own_answer(self, seen, tag):
        """SYN/ACK or RST of the gateway's own stack."""
        probe = self.by_tag.get(tag)
        if probe and probe.out == SELF and seen.segment == probe.packet.in_:
            probe.answered = True

    def _judge(self):
        for probe in self.plan.denied:
            if probe.seen:
                self.false_accepts.append(probe)
        for probe in self.plan.permitted:
            if probe.out not in probe.seen or not probe.answered:
                self.false_drops.append(probe)
            if any(where != probe.out for where in probe.seen):
                self.false_accepts.append(probe)

    def report(self, seconds):
        plan = self.plan
        return {
            "permitted": len(plan.permitted), "denied": len(plan.denied),
            "false_accepts": [self._line(p) for p in self.false_accepts],
            "false_drops": [self._line(p) for p in self.false_drops],
            "permits_probed": len({p.permit for p in plan.permitted}),
            "permits_in_segment": plan.in_segment, "permits_not_in_force": plan.not_in_force,
            "matches_without_packet": plan.unprobed, "neighbours_permitted_otherwise":
            plan.allowed_otherwise, "retried": self.retried,
            "dimensions": dict(Counter(p.dimension for p in plan.denied)),
            "seconds": round(seconds, 2)}

    def _line(self, probe):
        where = ", ".join(str(w) if w == SELF else self.model.segments[w].interface
                          for w in probe.seen) or "nowhere"
        return "%s %s: %s; came out: %s%s" % (
            probe.permit, probe.dimension, probe.text(self.model), where,
            "" if probe.answered or probe.out is None else ", no answer back")


def _batches(items):
    for at in range(0, len(items), BATCH):
        yield items[at:at + BATCH]
