# SPDX-License-Identifier: GPL-2.0-or-later
"""For tests in which somebody else changes what the gate stands on."""
import ctypes
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

from . import case, frames, model, netns, policy
from .gate import check

_libc = ctypes.CDLL(None, use_errno=True)


def forwarding(gate):
    """The switch as the gateway's kernel has it."""
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/ipv4/ip_forward",
                    "/proc/sys/net/ipv6/conf/all/forwarding")
    return run.stdout.split() == ["1", "1"]


def table(gate):
    """The lines that nft prints of our table; [] when it is not there.

    Without counters, handles and versions, and the objects in no order: after a repair
    these may differ.
    """
    text = gate.nft("-s", "list", "table", "inet", "sekisho").stdout
    parts = re.sub(r"(-[a-z0-9]+)\.\d+\b", r"\1.N", text).split("\n\n")
    lines = "\n".join(parts).splitlines()
    at = [i for i, line in enumerate(lines) if re.match(r"\t\S", line)] + [len(lines)]
    objects = sorted("\n".join(lines[a:b]) for a, b in zip(at, at[1:]))
    # what was refused is counted there; it is no part of what was applied
    return [o for o in objects if not o.startswith("\tset violations")]


def wait_until(what, seconds, pause=0.02):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(pause)
    return False


def drifts(gate, word=""):
    """Records of kind drift whose reason holds this word."""
    return [r for r in gate.records() if r["sekisho"].get("kind") == "drift"
            and word in r["event"]["reason"]]


def wait_drift(gate, word, least=1, seconds=3.0):
    wait_until(lambda: len(drifts(gate, word)) >= least, seconds, 0.05)
    found = drifts(gate, word)
    check(len(found) >= least, "%d records tell of \"%s\", expected %d; there are: %s" % (
        len(found), word, least, [r["event"]["reason"] for r in drifts(gate)]))
    return found


def stays_shut(gate, sport, segments=(("za", 2), ("zb", 2))):
    """What is permitted passes, what is not does not, in both families."""
    for family in case.FAMILIES:
        gate.exchange(family, frames.TCP, 80, sport)
        shot = gate.opening(family, *segments, frames.TCP, 81, sport + 500)
        case.nothing(gate, gate.passed([shot], family, wait=0.05), "after the repair")


def doctor(gate, *words):
    """(exit code, {id: [subjects]}) of sekisho doctor."""
    run = gate.sekisho("--json", "doctor", *words)
    found = {}
    for f in json.loads(run.stdout)["findings"]:
        found.setdefault(f["id"], []).append(f["subject"])
    return run.returncode, found


def shell(gate, *lines):
    """Commands in the gateway's namespace; all must work."""
    for line in lines:
        run = netns.run(netns.gateway(gate.prefix), "sh", "-c", line)
        check(run.returncode == 0, "%s: %s" % (line, run.stderr))


# ---- programs of others ------------------------------------------------------------------

SYS_BPF, PROG_LOAD, LINK_CREATE = 321, 5, 28
TCX_INGRESS, TCX_EGRESS, XDP = 46, 47, 37


def _bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    fd = _libc.syscall(SYS_BPF, command, buffer, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return fd


def program(gate, interface, hook):
    """A BPF program that lets everything pass, at a hook of an interface; close it to end it."""
    kind, result = (6, 2) if hook == XDP else (3, -1)       # XDP_PASS; TCX_NEXT
    code = struct.pack("<BBhiBBhi", 0xb7, 0, 0, result, 0x95, 0, 0, 0)
    code = ctypes.create_string_buffer(code, 16)
    text = ctypes.create_string_buffer(b"GPL")
    loaded = _bpf(PROG_LOAD, struct.pack("<IIQQ", kind, 2, ctypes.addressof(code),
                                         ctypes.addressof(text)))
    with netns.inside(netns.gateway(gate.prefix)):
        index = socket.if_nametoindex(interface)
        try:        # BPF_F_BEFORE: ahead of all others
            return _bpf(LINK_CREATE, struct.pack("<IIII", loaded, index, hook,
                                                 0 if hook == XDP else 8))
        finally:
            os.close(loaded)


# ---- packets all the while ---------------------------------------------------------------

def _program():
    path = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "flood")
    if not os.access(path, os.X_OK):
        raise case.Skipped("tests/lab/flood is not built (make tests)")
    return path


class Flood:
    """Packets from za to zb, half of them permitted (UDP 5000), half not (5001)."""

    def __init__(self, gate, rate):
        self.gate = gate
        path = os.path.join(gate.folder, "templates")
        with open(path, "wb") as f:
            f.write(self._templates())
        self.counter = self._start(1, "count")
        check(self.counter.stdout.readline().strip() == "ready", "the counter did not start")
        self.sender = self._start(0, "send", path, str(rate))

    def _templates(self):
        data = b""
        s = self.gate.model.segments[0]
        for n, (family, port) in enumerate(((4, 5000), (4, 5001), (6, 5000), (6, 5001))):
            src, dst = policy.addr(family, "za", 2), policy.addr(family, "zb", 2)
            body = frames.udp(family, src, dst, 20000, port, b"skfl" + struct.pack("!I", n))
            frame = frames.ethernet(s.gateway_mac, s.router_mac, family,
                                    frames.ip(family, src, dst, frames.UDP, body))
            data += struct.pack("<H", len(frame)) + frame
        return data

    def _start(self, segment, *words):
        return subprocess.Popen(
            ["ip", "netns", "exec", netns.far(self.gate.prefix, segment), _program(), words[0],
             netns.FAR, *words[1:]], stdout=subprocess.PIPE, text=True)

    @staticmethod
    def _finish(process):
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        return json.loads(out.splitlines()[-1])

    def finish(self):
        """(sent a second, permitted that arrived, denied that arrived)."""
        sent = self._finish(self.sender)
        time.sleep(0.3)
        got = self._finish(self.counter)["counted"]
        return sum(sent["sent"]) / sent["seconds"], got[0] + got[2], got[1] + got[3]
