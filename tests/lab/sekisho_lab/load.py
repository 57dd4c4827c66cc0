# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods of known packets through the gate, counted on both sides (flood.c)."""
import json
import os
import signal
import struct
import subprocess

from . import case, frames, model, netns, policy
from .gate import Failed, check

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


FLOWS = 16384           # of each template alive at once (flood.c)
TABLE = "/proc/sys/net/netfilter/nf_conntrack_max"
METER = """table netdev load_meter {
	chain entering {
		type filter hook ingress device "za0" priority 500; policy accept;
%s	}
	chain leaving {
		type filter hook egress device "zb0" priority 500; policy accept;
%s	}
}
"""


class Meter:
    """Counts a flood where it comes into the gate from za and where it leaves it to zb.

    By template, each packet: behind the queue that the kernel puts in front of the IP
    layer, and ahead of the device on the way out. Between the two there is only the gate.
    """

    def __init__(self, gate, n):
        self.gate, self.n = gate, n
        rules = "".join("\t\tmeta l4proto udp @th,64,32 0x736b666c @th,96,32 %d counter\n" % i
                        for i in range(n))
        run = gate.nft("-f", "-", text=METER % (rules, rules))
        check(run.returncode == 0, "no meter: " + run.stderr)

    def read(self):
        """(entered, left) of each template; the meter stays."""
        counts = {"entering": [], "leaving": []}
        run = self.gate.nft("-j", "list", "table", "netdev", "load_meter")
        for item in json.loads(run.stdout)["nftables"]:
            for e in item.get("rule", {}).get("expr", ()):
                if "counter" in e:
                    counts[item["rule"]["chain"]].append(e["counter"]["packets"])
        case.equal([len(c) for c in counts.values()], [self.n, self.n], "counters of the meter")
        return counts["entering"], counts["leaving"]


def dropped(gate, namespace, interface):
    """Packets that a veth could not hand over to its other end."""
    run = netns.run(namespace, "ip", "-s", "-j", "link", "show", interface)
    return json.loads(run.stdout)[0]["stats64"]["tx"]["dropped"]


def harness_lost(gate):
    """Packets that the gate sent to zb and its veth could not hand over."""
    return dropped(gate, netns.gateway(gate.prefix), "zb0")


class Ledger:
    """Where a flood of these (family, port) lost what: in front of, in or behind the gate."""

    def __init__(self, gate, ports, permitted):
        self.gate, self.ports = gate, ports
        self.permitted = [i for i, p in enumerate(ports) if p[1] in permitted]
        self.meter = Meter(gate, len(ports))
        self.table = self._room(2 * FLOWS * len(self.permitted))
        self.drops = self._drops()

    def _room(self, flows):
        """A full connection table stops packets of any policy: one that holds them all.

        A small machine's does not (a guest of 1 GB has room for 8,000).
        """
        with open(TABLE, encoding="ascii") as f:
            before = int(f.read())
        # Opened anew: what is written behind the begin of a switch is ignored.
        if before < flows:
            with open(TABLE, "w", encoding="ascii") as f:
                f.write(str(flows))
        return before

    def _give_back(self):
        with open(TABLE, "w", encoding="ascii") as f:
            f.write(str(self.table))

    def _drops(self):
        gate = self.gate
        return dropped(gate, netns.far(gate.prefix, 0), netns.FAR), harness_lost(gate)

    def _fate(self):
        """What the gate's parts say of packets that ended there, since the beginning."""
        gate = netns.gateway(self.gate.prefix)
        table = self.gate.nft("-j", "list", "counters", "table", "inet", "sekisho").stdout
        said = {c["name"]: c["packets"] for c in (i.get("counter") for i in
                json.loads(table)["nftables"]) if c and c["packets"]}
        rows = [line.split() for line in netns.run(
            gate, "cat", "/proc/net/stat/nf_conntrack").stdout.splitlines()]
        for n, name in enumerate(rows[0]):
            said["conntrack " + name] = sum(int(r[n], 16) for r in rows[1:])
        for line in netns.run(gate, "cat", "/proc/net/snmp6").stdout.splitlines():
            name, count = line.split()
            if name.startswith("Ip6") and count != "0":
                said[name] = int(count)
        said["IPv4"] = netns.run(gate, "sed", "-n", "1,2p", "/proc/net/snmp").stdout
        return said

    def _sum(self, counts):
        return sum(counts[i] for i in self.permitted)

    def judge(self, sent, got):
        """No permitted packet ended in the gate, no other one left it; where the rest is."""
        entered, left = self.meter.read()
        self._give_back()
        ahead, behind = (b - a for a, b in zip(self.drops, self._drops()))
        out = "sent %s, entered %s, left %s, arrived %s; veths dropped %d in front, %d behind" \
            % (sent["sent"], entered, left, got["counted"], ahead, behind + got["dropped"])
        denied = [i for i in range(len(self.ports)) if i not in self.permitted]
        check(not any(left[i] or got["counted"][i] for i in denied),
              "denied packets passed: " + out)
        check(self._sum(entered) > 0, "nothing came in: " + out)
        if self._sum(entered) != self._sum(left):
            raise Failed("%d permitted packets ended in the gate (%s); %s" % (
                self._sum(entered) - self._sum(left), out, self._fate()))
        # what ended elsewhere is accounted for to the last packet, and little; the devices
        # may have dropped others, too
        before = sum(sent["sent"]) - sum(entered)
        after = self._sum(left) - self._sum(got["counted"])
        check(before <= ahead and after <= behind + got["dropped"],
              "packets are missing that no device counts: " + out)
        check(before + after < 1e-4 * sum(sent["sent"]),
              "the machine is too busy: " + out)
        return "0 lost in the gate" + (", %d in front of it and %d behind it" % (before, after)
                                       if before + after else "")
