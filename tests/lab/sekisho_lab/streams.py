# SPDX-License-Identifier: GPL-2.0-or-later
"""Permitted and denied packets at a steady rate, counted at the far side phase by phase.

Both families, za to zb: UDP to port 5000 (permitted by POLICY) and to 5001 (never). Every
packet opens a flow, so nothing passes as the answer or the rest of an older one.
"""
import json
import os
import signal
import struct
import subprocess

from . import case, frames, model, netns, policy
from .gate import Failed, check

PPS = 1000
PERMITTED, DENIED = 5000, 5001
PERMITS = [policy.permit("FLOW", ["a"], ["b"], ["stream"])]
SERVICES = [policy.service("stream", "udp", ports=[str(PERMITTED)])]
POLICY = policy.build(PERMITS, SERVICES)


class Streams:
    """Streams through a gate that need not run yet; use as a context manager."""

    def __init__(self, gate, pps=PPS):
        self.gate, self.pps = gate, pps
        self.sender = self.counter = None

    def __enter__(self):
        self.counter = self._count()
        self.sender = self._flood(0, "send", self._templates(), str(self.pps))
        return self

    def __exit__(self, *_):
        for process in (self.sender, self.counter):
            if process is not None:
                process.kill()
                process.wait()

    def phase(self):
        """(permitted, denied) that came through since the last call."""
        new = self._count()     # before the old one ends: packets between two phases count twice
        got = finish(self.counter, signal.SIGINT)["counted"]
        self.counter = new
        return got[0] + got[2], got[1] + got[3]

    def sent(self):
        """End the sender: (permitted, denied) that it put on the wire in all."""
        sent, self.sender = finish(self.sender)["sent"], None
        return sent[0] + sent[2], sent[1] + sent[3]

    def nothing_denied(self, what):
        permitted, denied = self.phase()
        check(denied == 0, "%s: %d denied packets passed" % (what, denied))
        return permitted

    def _count(self):
        process = self._flood(1, "count")
        check(process.stdout.readline().strip() == "ready", "the counter did not start")
        return process

    def _flood(self, segment, *words):
        program = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "flood")
        if not os.access(program, os.X_OK):
            raise case.Skipped("tests/lab/flood is not built (make tests)")
        return subprocess.Popen(
            ["ip", "netns", "exec", netns.far(self.gate.prefix, segment), program, words[0],
             netns.FAR, *words[1:]], stdout=subprocess.PIPE, text=True)

    def _templates(self):
        data, s = b"", self.gate.model.segments[0]
        kinds = [(f, port) for f in case.FAMILIES for port in (PERMITTED, DENIED)]
        for n, (family, port) in enumerate(kinds):
            src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
            body = frames.udp(family, src, dst, 20000, port, b"skfl" + struct.pack("!I", n))
            frame = frames.ethernet(s.gateway_mac, s.router_mac, family,
                                    frames.ip(family, src, dst, frames.UDP, body))
            data += struct.pack("<H", len(frame)) + frame
        path = os.path.join(self.gate.folder, "templates")
        with open(path, "wb") as f:
            f.write(data)
        return path


def finish(process, number=signal.SIGTERM):
    process.send_signal(number)
    try:
        out, _ = process.communicate(timeout=10)
    except subprocess.TimeoutExpired as e:
        raise Failed("a stream did not end") from e
    return json.loads(out.splitlines()[-1])
