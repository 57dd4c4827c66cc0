# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the watcher share: its process, its gaps, floods that break the policy."""
import json
import os
import re
import signal
import struct
import subprocess
import time

from . import case, frames, model, netns, policy
from .gate import check


def pids(gate):
    """Newest process of each name, as the keeper's log tells."""
    found = re.findall(r"(\w+) started \(pid (\d+)\)", gate.log_tail(1 << 20))
    return {name: int(pid) for name, pid in found}


def process(pid, key):
    """One line of /proc/PID/status, without its name."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        for line in f:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
    raise KeyError(key)


def gaps(gate, interface=None, word=""):
    """Records of gaps in watching, of one interface if asked, whose sentence holds a word."""
    found = [r for r in gate.records() if r["event"]["action"] == "gap"]
    return [r for r in found if word in r["event"]["reason"]
            and (interface is None or interface_of(r) == interface)]


def interface_of(record):
    return record["observer"].get("ingress", {}).get("interface", {}).get("name", "")


def lost(gate, word):
    """Sum of what the gap records with this word say was lost; exact by design."""
    return sum(r["sekisho"]["lost"] for r in gaps(gate, word=word))


def seconds(text):
    """RFC 3339 with nanoseconds, UTC -> seconds since the epoch."""
    whole, part = text.rstrip("Z").split(".")
    return int(time.mktime(time.strptime(whole + " UTC", "%Y-%m-%dT%H:%M:%S %Z"))) \
        - time.timezone + float("0." + part)


def finals(gate, port, action):
    """Packets of all final records to one port."""
    return sum(r["sekisho"]["count"] for r in gate.records()
               if r["sekisho"].get("agg") == "final" and r["event"]["action"] == action
               and r.get("destination", {}).get("port") == port)


def wait_until(what, most):
    until = time.monotonic() + most
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.05)
    return what()


class Flood:
    """Packets from za to zc, which no permit covers, until finish()."""

    def __init__(self, gate, rate, port=8900):
        program = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "flood")
        if not os.access(program, os.X_OK):
            raise case.Skipped("tests/lab/flood is not built (make tests)")
        self.gate, before = gate, self._dropped(gate)
        self.before = before
        s = gate.model.segments[0]
        src, dst = policy.addr(4, "za", 2), policy.addr(4, "zc", 2)
        body = frames.udp(4, src, dst, 20000, port, b"skfl" + struct.pack("!I", 0))
        frame = frames.ethernet(s.gateway_mac, s.router_mac, 4,
                                frames.ip(4, src, dst, frames.UDP, body))
        path = os.path.join(gate.folder, "templates")
        with open(path, "wb") as f:
            f.write(struct.pack("<H", len(frame)) + frame)
        self.child = subprocess.Popen(
            ["ip", "netns", "exec", netns.far(gate.prefix, 0), program, "send", netns.FAR,
             path, str(rate)], stdout=subprocess.PIPE, text=True)

    @staticmethod
    def _dropped(gate):
        """What the sender's veth could not hand over: no packet of the gateway's."""
        run = netns.run(netns.far(gate.prefix, 0), "ip", "-s", "-j", "link", "show", netns.FAR)
        return json.loads(run.stdout)[0]["stats64"]["tx"]["dropped"]

    def finish(self):
        """(packets that reached the gateway, packets a second)"""
        self.child.send_signal(signal.SIGTERM)
        out, _ = self.child.communicate(timeout=20)
        sent = json.loads(out.splitlines()[-1])
        arrived = sent["sent"][0] - (self._dropped(self.gate) - self.before)
        return arrived, sent["sent"][0] / sent["seconds"]


def settled(gate):
    """The watcher's account once it balances with nothing waiting; waits for it."""
    status = {}

    def quiet():
        status.update(gate.status()["watch"])
        return status.get("balanced") and status["ledger"]["ring"]["waiting"] == 0

    check(wait_until(quiet, 5), "the ledgers do not come to rest: %s" % status.get("ledger"))
    return status
