#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwarding through the gate beside conntrack alone, round by round in turn.

forward.py BUILD ROUNDS

Namespaces sender - gateway - receiver, veth pairs, 60-byte UDP frames from one processor.
The yardstick is a table with nothing but `ct state invalid drop`. Prints lines of
"name value unit yardstick ratio": value and yardstick are nanoseconds a packet (medians),
the ratio is the median of the rounds' own rates, gate over yardstick.
"""
import os
import statistics
import subprocess
import sys
import tempfile

PREFIX = f"skb{os.getpid()}"
NS = {name: f"{PREFIX}{name}" for name in ("a", "g", "b")}
YARDSTICK = """table inet yardstick {
	chain forward {
		type filter hook forward priority 0; policy accept;
		ct state invalid drop
	}
}
"""
# The ends take no packet further than their interface: what is measured is the gateway.
SINK = """table netdev sink {
	chain ingress {
		type filter hook ingress device eth0 priority 0; policy drop;
	}
}
"""
OPENINGS = 150_000      # fits nf_conntrack_max (262,144) in one round
ESTABLISHED = 600_000


def run(*words, text=None):
    return subprocess.run(words, check=True, text=True, input=text, capture_output=True).stdout


def inside(name, *words, text=None):
    return run("ip", "netns", "exec", NS[name], *words, text=text)


def up():
    for name in NS.values():
        run("ip", "netns", "add", name)
    for peer, interface, net in (("a", "g0", 1), ("b", "g1", 2)):
        run("ip", "link", "add", interface, "netns", NS["g"], "type", "veth",
            "peer", "name", "eth0", "netns", NS[peer])
        inside("g", "ip", "address", "add", f"10.{net}.255.1/16", "dev", interface)
        inside("g", "ip", "link", "set", interface, "up")
        inside(peer, "ip", "link", "set", "eth0", "up")
        inside(peer, "nft", "-f", "-", text=SINK)
        # Nobody answers for 10,000 hosts: the gateway finds them behind one router.
        inside("g", "ip", "neigh", "replace", f"10.{net}.255.2", "lladdr", mac(peer, "eth0"),
               "dev", interface)
        inside("g", "ip", "route", "replace", f"10.{net}.0.0/16", "via", f"10.{net}.255.2",
               "dev", interface)
    inside("g", "sysctl", "-qw", "net.ipv4.ip_forward=1")


def down():
    for name in NS.values():
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def mac(name, interface):
    words = inside(name, "ip", "-o", "link", "show", interface).split()
    return words[words.index("link/ether") + 1]


class Bench:
    def __init__(self, build, rounds):
        self.build = build
        self.rounds = rounds
        self.folder = tempfile.TemporaryDirectory(prefix="sekisho-bench")
        self.gateway = {"a": mac("g", "g0"), "b": mac("g", "g1")}

    def policy(self, mix, boxes):
        policy, tuples, nft = (f"{self.folder.name}/{mix}{boxes}.{kind}"
                               for kind in ("conf", "tuples", "nft"))
        run(os.path.join(os.path.dirname(__file__), "policy.py"), mix, str(boxes), policy,
            tuples)
        with open(nft, "w", encoding="utf-8") as out:
            out.write(run(f"{self.build}/sekisho", "plan", "--nft", "-f", policy))
        return tuples, nft

    def load(self, nft):
        inside("g", "nft", "flush", "ruleset")
        if nft is None:
            inside("g", "nft", "-f", "-", text=YARDSTICK)
        else:
            inside("g", "nft", "-f", nft)

    def blast(self, side, tuples, packets, step, *more):
        words = ["ip", "netns", "exec", NS[side], "taskset", "-c", "0",
                 f"{self.build}/tests/bench/bench_blast", "eth0", self.gateway[side], tuples,
                 str(packets), str(step), *more]
        return float(run(*words))

    def flows(self, tuples, count):
        with open(tuples, encoding="ascii") as rows:
            n = sum(1 for _ in rows)
        name = f"{tuples}.{count}"
        with open(tuples, encoding="ascii") as rows, open(name, "w", encoding="ascii") as out:
            out.writelines(row for i, row in enumerate(rows) if i % max(1, n // count) == 0)
        return name

    def established(self, tuples):
        inside("g", "conntrack", "-F")
        flows = self.flows(tuples, 1000)
        self.blast("a", flows, 1000, 0)
        self.blast("b", flows, 1000, 0, "reverse")
        return self.blast("a", flows, ESTABLISHED, 0)

    def opening(self, tuples):
        inside("g", "conntrack", "-F")
        return self.blast("a", tuples, OPENINGS, 1)

    def pair(self, name, mix, boxes, measure):
        tuples, nft = self.policy(mix, boxes)
        gate, yardstick = [], []
        for _ in range(self.rounds):
            self.load(nft)
            gate.append(measure(tuples))
            self.load(None)
            yardstick.append(measure(tuples))
        ratio = statistics.median(y / g for g, y in zip(gate, yardstick))
        print(f"{name} {statistics.median(gate):.0f} ns/packet "
              f"conntrack:{statistics.median(yardstick):.0f} {ratio:.3f}", flush=True)


def main():
    down()
    try:
        up()
        bench = Bench(os.path.abspath(sys.argv[1]), int(sys.argv[2]))
        bench.pair("established-mixed-10k", "mixed", 10_000, bench.established)
        bench.pair("opening-exact-10k", "exact", 10_000, bench.opening)
        bench.pair("opening-mixed-10k", "mixed", 10_000, bench.opening)
        bench.pair("opening-exact-100k", "exact", 100_000, bench.opening)
        bench.pair("opening-mixed-100k", "mixed", 100_000, bench.opening)
    finally:
        down()


if __name__ == "__main__":
    main()
