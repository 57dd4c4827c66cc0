#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-30: 300 reloads under 50,000 packets a second: 0 permitted lost, 0 denied passed.

Two policies take turns. Both permit the flows to port 5000 and deny those to port 5001;
everything around them changes: exact tuples, ranges, services, permits, leaf chains.
"""
import json
import os
import signal
import struct
import subprocess
import time

from sekisho_lab import case, frames, model, netns, policy
from sekisho_lab.gate import Gate, check

RELOADS = int(os.environ.get("SEKISHO_RELOADS", "300"))
RATE = int(os.environ.get("SEKISHO_PPS", "50000"))

SERVICES = [policy.service("a-port", "udp", ports=["5000"]),
            policy.service("a-range", "udp", ports=["4990-5000"]),
            policy.service("low", "tcp", ports=["1-1024"]),
            policy.service("web", "tcp", ports=["80", "443"])]
ODD = policy.build([policy.permit("FLOW", ["a"], ["b"], ["a-port"]),
                    policy.permit("X1", ["za"], ["zb"], ["low"]),
                    policy.permit("X2", ["a", "a2"], ["b2"], ["web"])], SERVICES)
EVEN = policy.build([policy.permit("Y1", ["a2"], ["zb"], ["low", "web"]),
                     policy.permit("Y2", ["b"], ["a"], ["web"]),
                     policy.permit("FLOW", ["za"], ["b", "b2"], ["a-range"])], SERVICES)


def templates(gate):
    """Two permitted and two denied kinds of packet, as flood.c wants them."""
    data = b""
    for n, (family, port) in enumerate(((4, 5000), (4, 5001), (6, 5000), (6, 5001))):
        src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
        body = frames.udp(family, src, dst, 20000, port, b"skfl" + struct.pack("!I", n))
        s = gate.model.segments[0]
        frame = frames.ethernet(s.gateway_mac, s.router_mac, family,
                                frames.ip(family, src, dst, frames.UDP, body))
        data += struct.pack("<H", len(frame)) + frame
    path = os.path.join(gate.folder, "templates")
    with open(path, "wb") as f:
        f.write(data)
    return path


def flood(gate, segment, *words):
    program = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "flood")
    if not os.access(program, os.X_OK):
        raise case.Skipped("tests/lab/flood is not built (make tests)")
    return subprocess.Popen(["ip", "netns", "exec", netns.far(gate.prefix, segment), program,
                             words[0], netns.FAR, *words[1:]],
                            stdout=subprocess.PIPE, text=True)


def finish(process):
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    return json.loads(out.splitlines()[-1])


def reload_many(gate):
    paths = [gate.write("odd.conf", ODD), gate.write("even.conf", EVEN)]
    for n in range(RELOADS):
        done = subprocess.run([model.binary(), "--root", gate.root, "apply", "-f",
                               paths[(n + 1) % 2]], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        check(done.returncode == 0, "reload %d failed: %s" % (n, done.stdout))


def harness_lost(gate):
    """Packets that the gate sent and its veth could not hand over."""
    run = netns.run(netns.gateway(gate.prefix), "ip", "-s", "-j", "link", "show", "zb0")
    return json.loads(run.stdout)[0]["stats64"]["tx"]["dropped"]


def run():
    with Gate(ODD) as gate:
        gate.wire.close()       # its sockets would hear every packet of the flood
        before = harness_lost(gate)
        counter = flood(gate, 1, "count")
        check(counter.stdout.readline().strip() == "ready", "the counter did not start")
        sender = flood(gate, 0, "send", templates(gate), str(RATE))
        time.sleep(0.5)
        start = time.monotonic()
        reload_many(gate)
        took = time.monotonic() - start
        sent = finish(sender)
        time.sleep(0.5)
        got = finish(counter)
        lost = [s - g for s, g in zip(sent["sent"], got["counted"])]
        rate = sum(sent["sent"]) / sent["seconds"]
        remark = "%d reloads in %.1f s, %d packets at %d a second" % (
            RELOADS, took, sum(sent["sent"]), rate)
        case.equal((got["counted"][1], got["counted"][3]), (0, 0), "denied packets passed")
        # a busy machine overruns the backlog of the veth behind the gate: the gate passed
        # those packets on, and the kernel counts them to the last one
        behind = harness_lost(gate) - before + got["dropped"]
        refused = gate.stopped() - sent["sent"][1] - sent["sent"][3]
        case.equal(lost[0] + lost[2] - behind, 0, "permitted packets lost (%s; lost behind the "
                   "gate %d, refused by its rules %d)" % (remark, behind, refused))
        check(behind < 1e-4 * sum(sent["sent"]), "the machine is too busy: %d packets lost "
              "behind the gate" % behind)
        remark += ", %d lost behind it" % behind if behind else ""
        check(rate > RATE * 0.8, "the load was too light: " + remark)
        gate.wire = None
    return remark + ", 0 lost, 0 leaked"


case.main("PF-30", run)
