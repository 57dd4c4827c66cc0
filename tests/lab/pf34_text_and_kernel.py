#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-34: what plan prints, nft accepts, and the kernel lists back, are one ruleset;
and a small universe tried whole agrees with the lab's own reading of the policy."""
import itertools
import re

from sekisho_lab import case, netns, policy, probe
from sekisho_lab.gate import Gate, check
from sekisho_lab.model import Packet
from sekisho_lab.probe_plan import Probe

POLICY = policy.build(
    [policy.permit("T1", ["a", "a2"], ["b"], ["web", "dns"]),
     policy.permit("T2", ["za"], ["b2"], ["range"]),
     policy.permit("T3", ["zb"], ["a"], ["ping", "ping6", "src"]),
     policy.permit("T4", ["c"], ["za", "zb"], ["p200"], enabled="false"),
     policy.permit("T5", ["zc"], ["b"], ["web"], valid_from="2020-01-01",
                   valid_until="2099-12-31"),
     policy.permit("T6", ["zc"], ["a"], ["web"], valid_until="2021-03-31"),
     policy.permit("T7", ["a"], ["self"], ["ping", "ping6"]),
     policy.permit("T8", ["self"], ["b"], ["dns"])],
    [policy.service("web", "tcp", ports=["80", "443"]),
     policy.service("dns", "udp", ports=["53"]),
     policy.service("range", "udp", ports=["60-69"]),
     policy.service("src", "udp", ports=["60-69"], source_ports=["1000"]),
     policy.service("ping", "icmp", types=["echo-request"]),
     policy.service("ping6", "icmpv6", types=["echo-request"]),
     policy.service("p200", "200")])


def canonical(text):
    """A listing without counts, the elements of each set sorted."""
    text = re.sub(r"packets \d+ bytes \d+", "", text)
    text = re.sub(r"\b(expires|last used) \S+", "", text)

    def elements(match):
        items = sorted(" ".join(i.split()) for i in match.group(1).split(",") if i.strip())
        return "elements = {\n" + "\n".join(items) + "\n}"
    text = re.sub(r"elements = \{([^}]*)\}", elements, text)
    return [" ".join(line.split()) for line in text.splitlines()
            if line.strip() and not line.strip().startswith("#")]


def same(one, two, what):
    one, two = canonical(one), canonical(two)
    for n, (x, y) in enumerate(zip(one, two)):
        check(x == y, "%s differ at line %d:\n  %s\n  %s" % (what, n + 1, x, y))
    case.equal(len(one), len(two), what + ": lines")


class Universe:
    """Every combination of a few values: a plan for the prober."""

    in_segment = not_in_force = unprobed = allowed_otherwise = 0

    def __init__(self, m):
        self.permitted, self.denied = [], []
        hosts = [policy.addr(f, z, h) for f in (4, 6) for z in policy.ZONES for h in (2, 3)]
        protocols = [(6, 30000, 80), (6, 30000, 81), (6, 30000, 443), (17, 30000, 53),
                     (17, 30000, 59), (17, 30000, 60), (17, 1000, 60), (17, 1001, 69),
                     (17, 30000, 70), (1, 8 << 8, 5), (58, 128 << 8, 5), (200, 0, 0)]
        for src, dst, p in itertools.product(hosts, hosts, protocols):
            family = 4 if src < 1 << 32 else 6
            foreign = {1: 6, 58: 4}.get(p[0])
            if (dst < 1 << 32) != (family == 4) or foreign == family:
                continue
            for in_ in range(3):
                self._add(m, Packet(in_, m.segments[in_].router_mac, family, src, dst, *p))

    def _add(self, m, packet):
        if m.owner(packet.family, packet.dst) == packet.in_:
            return              # would not reach the gateway
        verdict = m.judge(packet)
        where = self.denied if verdict is None else self.permitted
        where.append(Probe(packet, verdict, "-", "universe"))


def run():
    with Gate(POLICY) as gate:
        plan = gate.sekisho("plan", "--nft", "-f", gate.path)
        check(plan.returncode == 0, "plan --nft: " + plan.stderr)
        run = gate.nft("-c", "-f", "-", text=plan.stdout)
        check(run.returncode == 0, "nft -c -f refuses the plan:\n" + run.stderr[:1500])
        listed = gate.nft("-s", "list", "table", "inet", "sekisho").stdout
        # what nft(8) makes of the text is what we made of the policy; both listed by nft,
        # which has words of its own for some expressions
        other = netns.far(gate.prefix, 2)
        loaded = netns.run(other, "nft", "-f", "-", input=plan.stdout)
        check(loaded.returncode == 0, "nft -f: " + loaded.stderr[:1500])
        same(netns.run(other, "nft", "-s", "list", "table", "inet", "sekisho").stdout, listed,
             "nft's table and ours")
        netns.run(other, "nft", "delete", "table", "inet", "sekisho")
        # the same again by way of our own reading back: nothing to change
        done = gate.apply(POLICY)
        check(gate.nft("-s", "list", "table", "inet", "sekisho").stdout == listed,
              "applying the same policy changed the table: " + done.stdout)
        report = probe.Prober(gate.model, gate.wire, Universe(gate.model)).run()
        for kind in ("false_accepts", "false_drops"):
            check(not report[kind], "%s: %d\n  %s" % (kind, len(report[kind]),
                                                      "\n  ".join(report[kind][:5])))
    return "universe of %d permitted and %d denied packets" % (report["permitted"],
                                                               report["denied"])


case.main("PF-34", run)
