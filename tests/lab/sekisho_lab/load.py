# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods of known packets through the gate, counted on both sides (flood.c)."""
import json
import os
import signal
import struct
import subprocess

from . import case, frames, model, netns, policy

RATE = int(os.environ.get("SEKISHO_PPS", "50000"))


def templates(gate, ports, src=("za", 2), dst=("zb", 2)):
    """A file of one UDP packet for each (family, port), as flood.c wants them."""
    data = b""
    for n, (family, port) in enumerate(ports):
        a, b = policy.addr(family, *src), policy.addr(family, *dst)
        body = frames.udp(family, a, b, 20000, port, b"skfl" + struct.pack("!I", n))
        s = gate.model.segments[0]
        frame = frames.ethernet(s.gateway_mac, s.router_mac, family,
                                frames.ip(family, a, b, frames.UDP, body))
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


def harness_lost(gate):
    """Packets that the gate sent and its veth could not hand over."""
    run = netns.run(netns.gateway(gate.prefix), "ip", "-s", "-j", "link", "show", "zb0")
    return json.loads(run.stdout)[0]["stats64"]["tx"]["dropped"]
