# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of cut-offs share: a policy, running flows of every kind, the command."""
import json
import time

from . import frames, model, policy
from .case import FAMILIES
from .frames import ACK, PSH
from .gate import Shot, check
from .tcpflow import Flow

ECHO = {4: 8 << 8, 6: 128 << 8}
PING = {4: frames.ICMP, 6: frames.ICMPV6}
WAIT = 0.25
binary = model.binary


def text(extra=()):
    """za and zb are ordinary, zc manages the gateway. Hosts a, a2, b, b2, c."""
    services = [policy.service("web", "tcp", ["80"]), policy.service("dns", "udp", ["53"]),
                policy.service("ping", "icmp", types=["echo-request"]),
                policy.service("ping6", "icmpv6", types=["echo-request"])]
    ping = ["ping", "ping6"]
    permits = [policy.permit("WEB", ["za"], ["zb"], ["web", "dns", *ping]),
               policy.permit("ADM", ["zb"], ["zc"], ["web", "dns"]),
               policy.permit("SFA", ["za"], ["self"], ping),
               policy.permit("SFC", ["zc"], ["self"], ping), *extra]
    built = policy.build(permits, services)
    return built.replace('name = "zc"; class = "intra"', 'name = "zc"; class = "mgmt"')


# ---- flows that run -----------------------------------------------------------

class Stream:
    """A flow that was opened through the gate; say() sends once in each direction."""

    def __init__(self, gate, family, protocol, sport, src, dst):
        self.gate, self.family, self.protocol, self.sport = gate, family, protocol, sport
        self.src, self.dst, self.flow = src, dst, None
        self.in_, self.out = policy.ZONES.index(src[0]), \
            None if dst[0] == "self" else policy.ZONES.index(dst[0])
        self.name = "IPv%d %s -> %s protocol %d" % (family, src, dst, protocol)

    def address(self, end):
        return policy.addr(self.family, self.src[0] if end[0] == "self" else end[0], end[1])

    def open(self):
        if self.protocol == frames.TCP:
            self.flow = Flow(self.gate, self.family, self.sport, 80, self.src, self.dst)
            segments = (self.in_, self.out)
            self.flow.put = lambda n, packet, wait=0.5: self._put(segments[n], packet, wait)
            self.flow.open()
        else:
            check(self.crosses() == self.ways(), self.name + " does not open")
        return self

    def _put(self, segment, packet, wait):
        self.gate.fire([Shot(segment, self.family, packet)])
        want = frames.transport(packet)
        return self.flow._await(lambda found: found[3:] == want[3:], wait)

    def ways(self):
        """How many packets of one say() come out when nothing is in the way."""
        unopened = self.flow is None and self.protocol == frames.TCP
        return 1 if self.out is None or unopened else 2

    def shots(self):
        """[(shot, what of it is looked for on the other side)]; of TCP its SYN before open()"""
        if self.flow is None and self.protocol == frames.TCP:
            tag = self.gate.tag()
            return [(Shot(self.in_, self.family, frames.opening(
                self.family, self.address(self.src), self.address(self.dst), frames.TCP,
                self.sport, 80, tag)), ("syn", tag))]
        if self.flow is not None:
            payloads = [b"%d" % self.gate.tag() for _ in range(2)]
            packets = [self.flow.packet(way == 0, PSH | ACK, payloads[way]) for way in range(2)]
            return [(Shot((self.in_, self.out)[way], self.family, packets[way]), payloads[way])
                    for way in range(2)]
        s, d = self.address(self.src), self.address(self.dst)
        sport, dport = (ECHO[self.family], self.sport) if self.protocol in PING.values() \
            else (self.sport, 53)
        one, two = self.gate.tag(), self.gate.tag()
        shots = [(Shot(self.in_, self.family, frames.opening(
            self.family, s, d, self.protocol, sport, dport, one)), one)]
        if self.out is not None:
            shots.append((Shot(self.out, self.family, frames.answer(
                self.family, s, d, self.protocol, sport, dport, one, two)), two))
        return shots

    def crosses(self):
        return crossed(self.gate, [self])[0]


def _marks(seen):
    found = frames.transport(seen.frame[14:])
    if found is None:
        return None
    if found[3] == frames.TCP:
        payload = found[4][(found[4][12] >> 4) * 4:]
        return payload or ("syn", frames.tag_of(frames.TCP, found[4]))
    return frames.tag_of(found[3], found[4])


def crossed(gate, streams):
    """Every stream speaks once both ways: how many of its packets came out of the gate."""
    gate.wire.drain()
    wanted = []
    for stream in streams:
        pairs = stream.shots()
        for shot, mark in pairs:
            gate.fire([shot])
            time.sleep(0.001)       # the answer behind its question
        wanted.append({mark for _, mark in pairs})
    came, until, left = set(), time.monotonic() + WAIT, sum(s.ways() for s in streams)
    while time.monotonic() < until and len(came) < left:
        came |= {_marks(seen) for seen in gate.wire.receive(0.02)} - {None}
    return [len(w & came) for w in wanted]


def streams_unopened(gate, family, sport):
    """One of each kind."""
    return [Stream(gate, family, frames.TCP, sport, ("za", 2), ("zb", 2)),
            Stream(gate, family, frames.UDP, sport + 1, ("za", 2), ("zb", 2)),
            Stream(gate, family, PING[family], sport + 2, ("za", 2), ("zb", 2)),
            Stream(gate, family, frames.UDP, sport + 3, ("za", 3), ("zb", 3)),
            Stream(gate, family, frames.TCP, sport + 4, ("zb", 3), ("zc", 2)),
            Stream(gate, family, PING[family], sport + 5, ("za", 3), ("self", 1)),
            Stream(gate, family, PING[family], sport + 6, ("zc", 2), ("self", 1))]


def streams(gate, family, sport):
    """The same, running."""
    return [s.open() for s in streams_unopened(gate, family, sport)]


def check_streams(gate, running, cut, what):
    """What cut(stream) names is still in both directions; all else goes on whole."""
    counts = crossed(gate, running)
    for stream, count in zip(running, counts):
        if cut(stream):
            check(count == 0, "%s: %s: %d packets came out" % (what, stream.name, count))
        else:
            check(count == stream.ways(), "%s: %s lost packets that nobody cut: %d came out"
                  % (what, stream.name, count))


def check_openings(gate, sport, cut=lambda stream: False, what="", families=FAMILIES):
    """Of new flows of every kind just those open that cut() does not name."""
    for family in families:
        unopened = streams_unopened(gate, family, sport)
        for stream, count in zip(unopened, crossed(gate, unopened)):
            want = 0 if cut(stream) else stream.ways()
            check(count == want, "%s: of the opening of %s %d packets came out, not %d"
                  % (what, stream.name, count, want))


# ---- what is cut ----------------------------------------------------------------

def _ends(stream):
    return [stream.src] + ([stream.dst] if stream.out is not None else [])


def host(zone, number):
    return lambda s: (zone, number) in _ends(s)


def zone(name):
    return lambda s: name in [e[0] for e in _ends(s)]


def pair(a, b):
    return lambda s: {e[0] for e in _ends(s)} == {a, b}


def everything(s):
    return not (s.src[0] == "zc" and s.out is None)


def cases(family):
    """[(words of sekisho isolate, which streams they cut)]"""
    address, network = ("10.1.0.3", "10.1.0.0/29") if family == 4 else \
        ("2001:db8:1::3", "2001:db8:1::/125")
    return [(["b"], host("zb", 2)), ([address], host("za", 3)), ([network], zone("za")),
            (["za"], zone("za")), (["--pair", "zb", "za"], pair("za", "zb")),
            (["--all"], everything)]


# ---- the command ----------------------------------------------------------------

WHO = ("--person", "Hanako", "--reason", "test")


def isolate(gate, *words, must=True):
    run = gate.sekisho("--json", "isolate", *words, *WHO)
    check(not must or run.returncode == 0, "isolate %s: %s%s" % (words, run.stdout, run.stderr))
    return json.loads(run.stdout) if run.stdout else {}


def restore(gate, *words, must=True):
    run = gate.sekisho("--json", "restore", *[str(w) for w in words])
    check(not must or run.returncode == 0, "restore %s: %s%s" % (words, run.stdout, run.stderr))
    return json.loads(run.stdout) if run.stdout else {}


def standing(gate):
    run = gate.sekisho("--json", "isolate", "--list")
    check(run.returncode == 0, "isolate --list: " + run.stderr)
    return json.loads(run.stdout)["cutoffs"]


def records(gate, action="cut-off"):
    return [r for r in gate.records() if r["event"]["action"] == action]
