#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwarding with the watcher on, off, and with taps that do nothing, in turn.

live.py BUILD ROUNDS

The world of forward.py, once for each case: one processor sends and forwards, the watcher
has the other. Packets are sent in short slices, world after world, in an order by dice: a
machine that grows slower for a second does so for all of them. Every round makes the worlds
anew, since where their memory lies makes a difference too. Every figure stands beside its
yardstick of the same rounds: "name value unit yardstick ratio". Times are the sender's own
on its processor, so what else runs there is not in them. Ratios of times and rates are
medians of the rounds' own; losses and totals are sums. Statistics of eBPF programs
(kernel.bpf_stats_enabled, off unless somebody asked) cost each run of one more than the
run: they are off while this measures.
"""
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time

import forward
from forward import Bench, NS, inside

PACKETS = 400_000
SLICES, SLICE = 20, 20_000
FLOWS = 1000
FLOOD = 1_000_000
FLOOD_SECONDS = 10
FLOOD_SOURCES = 10_000
FLOOD_CLASS = "ZV-02"   # not permitted; what detectors make of it is told beside that
LOGGED = """table inet yardstick {
	chain forward {
		type filter hook forward priority 0; policy drop;
		%s
	}
}
"""
LOG_EACH = 'log prefix "sekisho:policy" group 5 snaplen 128 queue-threshold 64'


class Tapped:
    """bench_watch in the gateway's namespace, on the other processor."""

    def __init__(self, build, *words):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", NS["g"], "taskset", "-c", "1",
             f"{build}/tests/bench/bench_watch", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline():
            raise RuntimeError("bench_watch did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def status(self):
        self.process.stdin.write("status\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self):
        """Packets of violations by class, as they were written in the end."""
        out, _ = self.process.communicate("")
        words = out.split()
        if words[:1] != ["recorded"]:
            return {}
        return {zv: int(n) for zv, n in (word.split(":") for word in words[1:])}


def lost(status):
    return sum(tap["dropped"] for tap in status["taps"])


def crossed(status):
    return sum(row["permitted"] for row in status["matrix"])


class Quiet:
    """No statistics of eBPF programs for a while."""

    NAME = "/proc/sys/kernel/bpf_stats_enabled"

    def __enter__(self):
        try:
            with open(self.NAME, encoding="ascii") as f:
                self.was = f.read()
            self.write("0")
        except OSError:     # a kernel without it
            self.was = None

    def __exit__(self, *_):
        if self.was is not None:
            self.write(self.was)

    def write(self, value):
        with open(self.NAME, "w", encoding="ascii") as f:
            f.write(value)


class World:
    """Namespaces of its own, with the rules, and somebody who taps the gateway or not."""

    def __init__(self, live, number, words):
        self.live = live
        self.names = {name: f"{forward.PREFIX}{number}{name}" for name in NS}
        self.times, self.tapped, self.gateway = [], None, None
        try:
            self.up(words)
        except BaseException:
            self.down()
            raise

    def __enter__(self):
        self.before = dict(NS), self.live.gateway
        NS.update(self.names)
        self.live.gateway = self.gateway

    def __exit__(self, *_):
        NS.update(self.before[0])
        self.live.gateway = self.before[1]

    def up(self, words):
        with self:
            forward.up()
            self.gateway = {"a": forward.mac("g", "g0"), "b": forward.mac("g", "g1")}
            self.live.load(self.live.nft)
            self.tapped = Tapped(self.live.build, *words)

    def down(self):
        with self:
            if self.tapped is not None:
                self.tapped.stop()
            forward.down()

    def warm(self, flows):
        with self:
            self.live.warm(flows)
        self.times = []

    def slice(self, flows):
        with self:
            self.times.append(self.live.blast("a", flows, SLICE, 0))


def line(name, value, unit, yardstick, ratio):
    print(f"{name} {value:.0f} {unit} {yardstick} {ratio:.3f}", flush=True)


class Live(Bench):
    def __init__(self, build, rounds):
        super().__init__(build, rounds)
        self.tuples, self.nft = self.policy("mixed", 10_000)
        self.conf = self.tuples.replace(".tuples", ".conf")
        self.known = self.flows(self.tuples, FLOWS)

    def watcher(self):
        return Tapped(self.build, "watch", self.conf, "g0", "g1")

    def warm(self, flows=None):
        flows = flows or self.known
        inside("g", "conntrack", "-F")
        self.blast("a", flows, FLOWS, 0)
        self.blast("b", flows, FLOWS, 0, "reverse")
        self.blast("a", flows, 20 * FLOWS, 0)

    def steady_round(self, worlds, flows):
        """Each world's median ns a packet, and what its watcher lost and left uncounted."""
        for world in worlds.values():
            world.warm(flows)
        before = crossed(worlds["on"].tapped.status())
        turns = list(worlds.values())
        for _ in range(SLICES):
            random.shuffle(turns)
            for world in turns:
                world.slice(flows)
        status = worlds["on"].tapped.status()
        return ({name: statistics.median(world.times) for name, world in worlds.items()},
                lost(status), SLICES * SLICE - (crossed(status) - before))

    def steady(self):
        """Permitted, established: ns a packet without, with the watcher, and with floors."""
        cases = {
            "off": ("reject", "in:lo"),
            "on": ("watch", self.conf, "g0", "g1"),
            "two-tcx": ("reject", "enter:g0", "enter:g1", "leave:g0", "leave:g1"),
            "tap-and-tcx": ("reject", "in:g0", "in:g1", "leave:g0", "leave:g1"),
            "one-tap": ("reject", "in:g0"),
            "two-taps": ("reject", "in:g0", "out:g1"),
        }
        counts = FLOWS, FLOWS // 10
        rounds = {count: [] for count in counts}
        for _ in range(self.rounds):
            worlds = {}
            try:
                for number, name in enumerate(random.sample(list(cases), len(cases))):
                    worlds[name] = World(self, number, cases[name])
                for count in counts:
                    rounds[count].append(
                        self.steady_round(worlds, self.flows(self.tuples, count)))
            finally:
                for world in worlds.values():
                    world.down()
        for count in counts:
            self.steady_lines(count, rounds[count], list(cases)[1:])

    @staticmethod
    def steady_lines(count, rounds, names):
        off = statistics.median(times["off"] for times, _, _ in rounds)
        for name in names:
            label = "live-on" if name == "on" else f"live-floor-{name}"
            line(f"{label}-{count}", statistics.median(times[name] for times, _, _ in rounds),
                 "ns/packet", f"off:{off:.0f}",
                 statistics.median(times["off"] / times[name] for times, _, _ in rounds))
        dropped, uncounted = sum(r[1] for r in rounds), sum(r[2] for r in rounds)
        line(f"live-ring-loss-{count}", dropped, "packets", "none:0", float(dropped == 0))
        line(f"live-uncounted-{count}", uncounted, "packets", "none:0",
             float(uncounted == 0))

    def violations(self):
        """Tuples that no permit has: 10,000 sources of zone a to one port of zone b."""
        name = f"{self.folder.name}/flood"
        with open(name, "w", encoding="ascii") as out:
            out.writelines(f"10.1.{100 + i // 250}.{i % 250 + 1} 10.2.200.7 9\n"
                           for i in range(FLOOD_SOURCES))
        return name

    def flooded(self, tuples):
        """ns a packet of permitted traffic, alone and beside; lost, recorded of the flood."""
        with self.watcher() as tapped:
            self.warm()
            alone = self.blast("a", self.known, PACKETS, 0)
            flood = threading.Thread(target=self.flood, args=(tuples,))
            flood.start()
            beside = []
            while flood.is_alive():
                beside.append(self.blast("a", self.known, PACKETS // 4, 0))
            flood.join()
            status = tapped.status()
            recorded = tapped.stop().get(FLOOD_CLASS, 0)
            return alone, statistics.median(beside), lost(status), recorded

    def flood(self, tuples):
        words = ["ip", "netns", "exec", NS["a"], "taskset", "-c", "1",
                 f"{self.build}/tests/bench/bench_blast", "eth0", self.gateway["a"], tuples,
                 str(FLOOD), "1", f"rate={FLOOD // FLOOD_SECONDS}"]
        subprocess.run(words, check=True, capture_output=True)

    def beside_flood(self):
        self.load(self.nft)
        rounds = [self.flooded(self.violations()) for _ in range(min(3, self.rounds))]
        alone = statistics.median(1e9 / r[0] for r in rounds)
        beside = statistics.median(1e9 / r[1] for r in rounds)
        line("live-beside-flood", beside, "packets/s", f"alone:{alone:.0f}",
             statistics.median(r[0] / r[1] for r in rounds))
        line("live-flood-lost", sum(r[2] for r in rounds), "packets", "none:0",
             float(sum(r[2] for r in rounds) == 0))
        for r in rounds:
            line("live-flood-recorded", r[3], "packets", f"sent:{FLOOD}", r[3] / FLOOD)

    def nflog(self):
        """Every packet stopped and logged, as fast as one processor sends."""
        tuples, rates, drops, gaps = self.violations(), [], [], 0
        for _ in range(self.rounds):
            inside("g", "nft", "flush", "ruleset")
            inside("g", "nft", "-f", "-", text=LOGGED % "")
            drops.append(1e9 / self.blast("a", tuples, PACKETS // 4, 1))
            inside("g", "nft", "flush", "ruleset")
            inside("g", "nft", "-f", "-", text=LOGGED % LOG_EACH)
            with self.watcher() as tapped:
                rates.append(1e9 / self.blast("a", tuples, PACKETS // 4, 1))
                time.sleep(0.5)     # what waits for its queue threshold
                gate = tapped.status()["gate"]
                gaps += PACKETS // 4 - gate["received"]
        line("live-nflog", statistics.median(rates), "events/s",
             f"drop:{statistics.median(drops):.0f}",
             statistics.median(r / d for r, d in zip(rates, drops)))
        line("live-nflog-lost", gaps, "events", "none:0", float(gaps == 0))


def main():
    forward.down()
    try:
        forward.up()
        live = Live(os.path.abspath(sys.argv[1]), int(sys.argv[2]))
        with Quiet():
            live.steady()
            live.beside_flood()
            live.nflog()
    finally:
        forward.down()


if __name__ == "__main__":
    main()
