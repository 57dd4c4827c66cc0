#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CANARY: a tap that has gone blind is noticed: what leaves by the canary, what comes by count.

Traffic control diverts what leaves before the tap sees it; an XDP program drops what comes.
"""
import os
import shutil
import subprocess
import time

from sekisho_lab import case, frames, netns, policy, watching
from sekisho_lab.gate import Gate, check

XDP = """int drop(void *ctx) __attribute__((section("xdp")));
int drop(void *ctx) { (void)ctx; return 1; }
char tap_license[] __attribute__((section("license"))) = "GPL";
"""


def tap(gate, name):
    return [t for t in gate.status()["watch"]["taps"] if t["interface"] == name][0]


def gateway(gate, command, must=True):
    run = netns.run(netns.gateway(gate.prefix), *command.split())
    check(not must or run.returncode == 0, command + ": " + run.stderr)
    return run.returncode == 0


def alive(gate):
    check(watching.wait_until(lambda: all(
        t["canary"]["state"] == "alive" and t["canary"]["returned"] >= 3
        for t in gate.status()["watch"]["taps"]), 8), "not every canary sings")


def leaving(gate):
    gateway(gate, "tc qdisc add dev za0 clsact")
    if not gateway(gate, "tc filter add dev za0 egress protocol all u32 match u32 0 0 "
                   "action mirred egress redirect dev lo", must=False):
        return "no tc action to divert with; "
    if not watching.wait_until(lambda: tap(gate, "za0")["canary"]["state"] == "missing", 6):
        # a tap in front of all traffic control sees the frame before it is diverted
        check(tap(gate, "za0")["canary"]["state"] == "alive", "the canary has an odd state")
        gateway(gate, "tc qdisc del dev za0 clsact")
        return "the tap stands in front of traffic control; "
    check(watching.wait_until(lambda: watching.gaps(gate, "za0", "does not come back"), 2),
          "no gap on record")
    check(not watching.gaps(gate, "zb0", "does not come back"), "a gap of another interface")
    run = gate.sekisho("status")
    check(run.returncode == 1 and "za0" in run.stdout, "status finds nothing wrong")
    gateway(gate, "tc qdisc del dev za0 clsact")
    check(watching.wait_until(lambda: watching.gaps(gate, "za0", "comes back again"), 6),
          "the end of the gap is not on record")
    event = watching.gaps(gate, "za0", "comes back again")[0]["event"]
    check(watching.seconds(event["end"]) - watching.seconds(event["start"]) >= 3,
          "the gap is told as %s to %s" % (event["start"], event["end"]))
    return ""


def arrive(gate, seconds, done):
    """A trickle into za0 until done() or the time is over."""
    until, port = time.monotonic() + seconds, 20000
    while time.monotonic() < until:
        gate.fire([gate.opening(4, ("za", 2), ("zc", 2), frames.UDP, port + n)
                   for n in range(5)])
        time.sleep(0.1)
        if done():
            return True
    return done()


def coming(gate):
    clang = shutil.which("clang")
    source, program = gate.write("drop.c", XDP), os.path.join(gate.folder, "drop.o")
    if clang is None or subprocess.run([clang, "-O2", "-target", "bpf", "-c", source, "-o",
                                        program], check=False).returncode != 0:
        return "no clang for the XDP program; "
    if not gateway(gate, "ip link set dev za0 xdpgeneric obj %s sec xdp" % program, must=False):
        return "this ip(8) loads no XDP program; "
    check(arrive(gate, 8, lambda: watching.gaps(gate, "za0", "sees none")), "no gap on record")
    check(tap(gate, "za0")["deaf"], "status does not say that za0 is deaf")
    gateway(gate, "ip link set dev za0 xdpgeneric off")
    check(arrive(gate, 4, lambda: watching.gaps(gate, "za0", "comes in again")),
          "the end of the gap is not on record")
    return ""


def run():
    with Gate(policy.build()) as gate:
        alive(gate)
        gate.wire.drain()
        time.sleep(1.2)
        seen = [s for s in gate.wire.receive(0.05) if gate.canary(s)]
        check({s.segment for s in seen} == {0, 1, 2}, "a canary does not reach its wire")
        remark = leaving(gate)
        remark += coming(gate)
        watch = watching.settled(gate)
        case.equal(watch["leaks"], 0, "leaks: a canary is none")
        gate.sekisho("status")
        check(gate.sekisho("status").returncode == 0, "status is not healthy at the end")
        total = sum(t["canary"]["returned"] for t in gate.status()["watch"]["taps"])
    return "%s%d canaries came back" % (remark, total)


case.main("CANARY", run)
