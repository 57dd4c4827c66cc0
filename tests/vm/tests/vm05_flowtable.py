#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-05: a foreign flowtable is told, and carries no flow on whose permit is gone.

What it carries past a gate that is shut is on record as leaks, to the last packet.
"""
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.frames import ACK, PSH
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow

WEB = [policy.service("web", "tcp", ports=["80"])]
WITH = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])], WEB)
WITHOUT = policy.build([policy.permit("WEB", ["c"], ["b"], ["web"])], WEB)
# after the gate, so that only permitted flows get into it
FOREIGN = """table inet foreign {
	flowtable fast { hook ingress priority 0; devices = { za0, zb0 }; }
	chain forward {
		type filter hook forward priority 10; policy accept;
		ct state established flow add @fast
	}
}
"""


def told_of(gate, text):
    until = time.monotonic() + 3
    while time.monotonic() < until:
        if any(text in r["message"] for r in gate.records() if r["event"]["action"] == "drift"):
            return True
        time.sleep(0.1)
    return False


def put_in(gate):
    made = gate.nft("-f", "-", text=FOREIGN)
    if made.returncode != 0:
        raise case.Skipped("no flowtable here: " + made.stderr.strip()[:80])


def shut(gate):
    """Nothing gets through the gate itself any more, not even what it had let through."""
    done = gate.nft("-f", "-", text="flush chain inet sekisho forward\n"
                    "add rule inet sekisho forward drop\n")
    check(done.returncode == 0, "the gate cannot be shut: " + done.stderr)
    for family in case.FAMILIES:
        gate.wire.drain()
        gate.fire([gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, 80, 46700)])
        came = [s for s in gate.wire.receive(0.3) if gate.crossed(s)]
        case.nothing(gate, came, "IPv%d: the gate is shut" % family)


def past_the_gate(gate):
    """Flows without a permit: begun through a hole, carried on by the flowtable alone."""
    before = gate.status()["watch"]["leaks"]
    with gate.opened():
        flows = [Flow(gate, f, 46600).open().data().data() for f in case.FAMILIES]
        shut(gate)
        for flow in flows:
            flow.data(b"past the gate").data(b"and again")
    crossed = len(flows) * (3 + 4 + 4)
    until = time.monotonic() + 3
    while (leaks := gate.status()["watch"]["leaks"] - before) != crossed:
        check(time.monotonic() < until, "%d packets crossed without a permit, 4 of each family "
              "past the gate; %d leaks are told" % (crossed, leaks))
        time.sleep(0.1)
    for family in ("ipv4", "ipv6"):
        check(gate.wait_for(lambda r, f=family: r["event"]["action"] == "leak"
                            and r["network"].get("type") == f, 1, seconds=1.5),
              "%s: no record of the leak" % family)
    return crossed


def run():
    with Gate(WITH) as gate:
        put_in(gate)
        check(told_of(gate, "foreign"), "no record of the foreign flowtable")
        flows = [Flow(gate, f, 46500).open().data().data() for f in case.FAMILIES]
        gate.apply(WITHOUT)
        for flow in flows:
            for n in range(3):
                past = flow.packet(True, PSH | ACK, b"past the gate %d" % n)
                check(not flow.put(0, past), "IPv%d: the flowtable carries a flow on whose "
                      "permit is gone" % flow.family)
                check(not flow.put(1, flow.packet(False, PSH | ACK, b"and back")),
                      "IPv%d: the flowtable carries its answers" % flow.family)
        listed = gate.nft("list", "table", "inet", "foreign").stdout
        check("flowtable fast" in listed, "the flowtable went away; the test shows nothing")
        crossed = past_the_gate(gate)
    return "both families, both directions; %d leaks told, of %d" % (crossed, crossed)


case.main("VM-05", run)
