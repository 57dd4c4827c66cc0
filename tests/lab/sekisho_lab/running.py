# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows that run through the gate or end at it, and whether each direction still does."""
import json
import os
import signal
import subprocess
import time

from . import case, frames, model, netns, policy
from .gate import Failed, Shot, check
from .tcpflow import Flow


class Datagrams:
    """A UDP flow, or an echo with its identifier in dport and type in sport."""

    def __init__(self, gate, family, protocol, dport, sport, src=("za", 2), dst=("zb", 2)):
        self.gate, self.family, self.protocol = gate, family, protocol
        self.dport, self.sport = dport, sport
        self.ends = policy.addr(family, *src), policy.addr(family, *dst)
        self.sides = policy.NUMBER[src[0]] - 1, policy.NUMBER[dst[0]] - 1
        self.name = "IPv%d protocol %d %d -> %d" % (family, protocol, sport, dport)

    def _packet(self, make, tag):
        words = (tag,) if make is frames.opening else (0, tag)
        return make(self.family, *self.ends, self.protocol, self.sport, self.dport, *words)

    def send(self, forth):
        """One packet of a direction; its tag."""
        tag = self.gate.tag()
        packet = self._packet(frames.opening if forth else frames.answer, tag)
        self.gate.fire([Shot(self.sides[0 if forth else 1], self.family, packet)])
        return tag

    def passes(self, forth, wait=0.5):
        return self.gate.await_tag(self.send(forth), self.sides[1 if forth else 0], wait)

    def open(self):
        check(self.passes(True) and self.passes(False), self.name + ": does not open")
        return self


class Stream(Flow):
    """A TCP connection in its middle."""

    def __init__(self, gate, family, sport, dport=80, src=("za", 2), dst=("zb", 2)):
        super().__init__(gate, family, sport, dport, src, dst)
        self.name = "IPv%d TCP %d -> %d" % (family, sport, dport)

    def passes(self, forth, wait=0.5):
        mine = "client" if forth else "server"
        word = self.packet(forth, frames.PSH | frames.ACK, b"data!")
        came = self.put(0 if forth else 1, word, wait)
        setattr(self, mine, getattr(self, mine) + (5 if came else 0))
        return came


class Inward(Datagrams):
    """A UDP flow to the gateway itself."""

    def __init__(self, gate, family, dport, sport, src=("za", 2)):
        super().__init__(gate, family, frames.UDP, dport, sport, src, (src[0], 1))
        gate.wire.listen_local(family, frames.UDP)

    def passes(self, forth, wait=0.5):
        if forth:
            return self.gate.await_tag(self.send(True), "self", wait)
        tag = self.gate.tag()
        packet = self._packet(frames.answer, tag)
        return self.gate.wire.send_local(self.family, packet, self.ends[0]) \
            and self.gate.await_tag(tag, self.sides[0], wait)


class Outward(Datagrams):
    """A UDP flow that the gateway itself opens."""

    def __init__(self, gate, family, dport, sport, dst=("zb", 2)):
        super().__init__(gate, family, frames.UDP, dport, sport, (dst[0], 1), dst)
        gate.wire.listen_local(family, frames.UDP)

    def passes(self, forth, wait=0.5):
        if not forth:
            return self.gate.await_tag(self.send(False), "self", wait)
        tag = self.gate.tag()
        packet = self._packet(frames.opening, tag)
        return self.gate.wire.send_local(self.family, packet, self.ends[1]) \
            and self.gate.await_tag(tag, self.sides[1], wait)


def stopped(flows, when):
    for f in flows:
        for forth in (True, False):
            check(not f.passes(forth, 0.1), "%s: a packet %s passed %s"
                  % (f.name, "forth" if forth else "back", when))


def runs(flows, when):
    for f in flows:
        for forth in (True, False):
            check(f.passes(forth), "%s: a packet %s was lost %s"
                  % (f.name, "forth" if forth else "back", when))


def apply(gate, text, name="next.conf"):
    """What apply answers."""
    run = gate.sekisho("--json", "apply", "-f", gate.write(name, text))
    check(run.returncode == 0, "apply failed: " + run.stderr + run.stdout)
    return json.loads(run.stdout)


def plan(gate, text):
    run = gate.sekisho("--json", "plan", "-f", gate.write("plan.conf", text))
    check(run.stdout, "plan says nothing: " + run.stderr)
    return json.loads(run.stdout)


def stream(gate, flows, going):
    """Let flows of datagrams run back and forth as long as going() holds.

    {flow: [(when it was sent, whether it came out)]}
    """
    sent, came, n = [], set(), 0
    gate.wire.drain()
    while going():
        for f in flows:
            when = time.time()
            sent.append((f, when, f.send(n % 2 == 0)))
        n += 1
        came |= _tags(gate, 0.002)
    came |= _tags(gate, 0.3)
    return {f: [(when, tag in came) for g, when, tag in sent if g is f] for f in flows}


def cut(packets):
    """(came before the first loss, lost, came after it)"""
    here = [came for _, came in packets]
    first = here.index(False) if False in here else len(here)
    return first, here.count(False), sum(here[first:])


def apply_under(gate, text, flows):
    """Apply while flows run: what became of each (see cut()), and the answer of apply."""
    path, after = gate.write("under.conf", text), [40]
    work = subprocess.Popen(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary(), "--root", gate.root,
         "--json", "apply", "-f", path], stdout=subprocess.PIPE, text=True)

    def going():
        after[0] -= 1 if work.poll() is not None else 0
        return after[0] > 0

    result = stream(gate, flows, going)
    out, _ = work.communicate()
    check(work.returncode == 0, "apply failed: " + out)
    return {f: cut(packets) for f, packets in result.items()}, json.loads(out)


def processes(gate):
    """The keeper and its children."""
    keeper = gate.daemon.pid
    with open("/proc/%d/task/%d/children" % (keeper, keeper), encoding="ascii") as f:
        return [*map(int, f.read().split()), keeper]


def kill(gate, pids):
    """SIGKILL all of the daemon at once; pids of processes()."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    gate.daemon.wait()
    gate.daemon = None
    gate.stderr.close()


def _tags(gate, seconds):
    found = [frames.transport(s.frame[14:]) for s in gate.wire.receive(seconds)]
    return {frames.tag_of(f[3], f[4]) for f in found if f}


def entries(gate, protocol, dport):
    """Entries of the connection table, both families, as conntrack(8) tells them."""
    found = []
    for family in ("ipv4", "ipv6"):
        run = netns.run(netns.gateway(gate.prefix), "conntrack", "-L", "-f", family, "-p",
                        protocol, "--dport", str(dport))
        check(run.returncode == 0, "conntrack -L: " + run.stderr)
        found += [line for line in run.stdout.splitlines() if "src=" in line]
    return found


def revoked(gate, text, gone, kept, others=0):
    """Apply what ends these flows, and so many others, and lets those run on."""
    result, answer = apply_under(gate, text, gone + kept)
    case.equal(answer["flows_cut"], len(gone) + others, "flows cut")
    for f in kept:
        case.equal(result[f][1], 0, f.name + ": packets lost")
    for f in gone:
        case.equal(result[f][2], 0, f.name + ": packets after it was cut")
    stopped(gone, "after its permit went")
    check(settled(gate), "flows are still being judged again")


def judging(gate):
    """True while running flows are being judged again."""
    return gate.nft("list", "map", "inet", "sekisho", "revoked").returncode == 0


def settled(gate, seconds=3):
    """True when no flow is judged again any more, which ends behind the answer of a change."""
    until = time.monotonic() + seconds
    while judging(gate):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def wait_until(what, seconds, text):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.02)
    raise Failed(text)
