#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-03: somebody bridges two zones: what crosses there never meets the gate; the tap tells.

The daemon takes the ports out of the bridge again. So that something can cross at all, the
process that would do it stands still for the moment.
"""
import contextlib
import os
import signal
import time

from sekisho_lab import case, frames, netns, policy, watching
from sekisho_lab.gate import Gate, check

FOREIGN = 0x88B5


def bridge(gate):
    netns.ip_batch(["link add br9 type bridge", "link set br9 up",
                    "link set za0 master br9", "link set zb0 master br9"],
                   netns.gateway(gate.prefix))
    check(not os.path.exists("/proc/sys/net/bridge/bridge-nf-call-iptables"),
          "br_netfilter is loaded: the gate would see the packets after all")


@contextlib.contextmanager
def bridged(gate):
    """A bridge that stands, then one that is taken apart."""
    control = watching.pids(gate)["control"]
    os.kill(control, signal.SIGSTOP)
    try:
        bridge(gate)
        yield
    finally:
        os.kill(control, signal.SIGCONT)
    until = time.monotonic() + 5
    while "br9" in netns.run(netns.gateway(gate.prefix), "ip", "link", "show", "master",
                             "br9").stdout:
        check(time.monotonic() < until, "the ports are left in the bridge")
        time.sleep(0.1)
    netns.ip_batch(["link del br9"], netns.gateway(gate.prefix))


def crosses(gate, family, port):
    """a to b past the gate: to b's own MAC, as neighbours on one wire do."""
    shot = gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, port, 48000)
    shot.dst_mac = gate.model.segments[1].router_mac
    gate.fire([shot])
    check(gate.await_tag(gate.last_tag(), 1, 3),
          "IPv%d: nothing crossed the bridge; the test shows nothing" % family)


def leak_of(gate, family, port):
    found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == port
                          and r["event"]["action"] == "leak", 1, seconds=1.0)
    case.equal(len(found), 1, "IPv%d: leak records of what crossed the bridge" % family)
    sides = [found[0]["observer"][k]["interface"]["name"] for k in ("ingress", "egress")]
    case.equal(sides, ["za0", "zb0"], "IPv%d: interfaces" % family)
    check(found[0]["event"]["type"] == ["allowed"], "a leak is of type allowed")


def not_ip(gate):
    """A protocol nobody knows, flooded to the other zone."""
    gate.wire.drain()
    gate.wire.send(0, bytes(60), gate.model.segments[0].router_mac, 4, b"\xff" * 6, FOREIGN)
    came = [s for s in gate.wire.receive(0.5)
            if s.segment == 1 and s.frame[12:14] == FOREIGN.to_bytes(2, "big")]
    check(came, "the bridge did not flood; the test shows nothing")
    found = gate.wait_for(lambda r: r["event"]["action"] in ("leak", "unclassifiable")
                          and "egress" in r["observer"] and "source" not in r, 1, seconds=1.0)
    check(found, "no record of a foreign protocol that crossed the bridge")


def run():
    with Gate(policy.build()) as gate:
        stopped = gate.stopped()
        with bridged(gate):
            for n, family in enumerate(case.FAMILIES):
                crosses(gate, family, 8300 + n)
                leak_of(gate, family, 8300 + n)
            not_ip(gate)
        case.equal(gate.stopped(), stopped, "packets of the bridge that the gate saw")
        told = [r for r in gate.records() if r["event"]["action"] == "drift"
                and "br9" in r["message"]]
        check(told, "no record of the bridge")
    return "both families and a foreign protocol told"


case.main("VM-03", run)
