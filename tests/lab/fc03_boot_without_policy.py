#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-03: no policy can be put in force at boot: the gate of the boot stays.

Nothing is forwarded, forwarding is off whoever switched it on, the management named in
early.conf reaches the gateway and nobody else does, and it is told: by status, by its exit
code, by a record. Taken away, that gate comes back; and a good policy takes over from it.
"""
import os
import subprocess
import time

from sekisho_lab import boot, case, netns, streams
from sekisho_lab.gate import Gate, check

BROKEN = {
    "missing": None,
    "cut off": streams.POLICY[:len(streams.POLICY) // 2],
    "a zone that is none": streams.POLICY.replace('zone = "za"', 'zone = "zq"'),
}
BAD_EARLY = {
    "syntax": "zones = (",
    "between zones": boot.CONF.replace('zones = (', '''zones = (
  { name = "lan"; class = "intra"; segments = ( { interface = "za0";
    networks = [ "10.1.0.0/24" ]; } ); },''').replace('to = [ "self" ]', 'to = [ "lan" ]'),
    "another class": boot.CONF.replace('class = "mgmt"', 'class = "intra"'),
    "everybody": boot.CONF.replace("10.3.0.0/24", "0.0.0.0/0"),
}


def reachable(gate, sport):
    """From where ssh of the gateway answers, and whether another port does."""
    tries = [(family, zone, 22) for family in case.FAMILIES for zone in ("za", "zb", "zc")]
    tries += [(family, "zc", 80) for family in case.FAMILIES]
    return boot.answered(gate, tries, sport)


def shut(gate, s, what):
    s.phase()
    time.sleep(0.2)
    case.equal(s.phase(), (0, 0), "%s: packets (permitted, denied)" % what)
    case.equal(boot.forwarding(gate), (False, False), what + ": forwarding")


def broken_policy(gate, s, what, text, sport):
    if text is None:
        os.unlink(gate.path)
    else:
        gate.write("policy.conf", text)
    boot.switch_on(gate)
    gate.start_with_trouble()
    shut(gate, s, what)
    status = gate.sekisho("--json", "status")
    check(status.returncode == 1, "%s: status ends with %d" % (what, status.returncode))
    check(gate.records() and any(r["event"]["outcome"] == "failure" for r in gate.records()
                                 if r["sekisho"].get("kind") == "change"),
          what + ": no record tells of it")
    case.equal(reachable(gate, sport), [(4, "zc", 22), (6, "zc", 22)], what + ": who is answered")
    gate.nft("delete", "table", "inet", "sekisho")
    until = time.monotonic() + 3
    while gate.nft("list", "counter", "inet", "sekisho", "boot").returncode != 0:
        check(time.monotonic() < until, what + ": the gate of the boot does not come back")
        time.sleep(0.02)
    shut(gate, s, what + ", taken away")
    case.equal(reachable(gate, sport + 5), [(4, "zc", 22), (6, "zc", 22)],
               what + ", taken away: who is answered")
    trouble = gate.stop()
    check(not trouble, trouble)
    shut(gate, s, what + ", stopped")


def refused_by_kernel(gate, s):
    """Somebody owns a table of our name: no change of ours is taken."""
    gate.nft("delete", "table", "inet", "sekisho")
    owner = subprocess.Popen(["ip", "netns", "exec", netns.gateway(gate.prefix), "nft", "-i"],
                             stdin=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        owner.stdin.write("add table inet sekisho { flags owner; }\n")
        owner.stdin.flush()
        until = time.monotonic() + 3
        while gate.nft("list", "table", "inet", "sekisho").returncode != 0:
            check(time.monotonic() < until, "nft -i makes no table")
            time.sleep(0.02)
        boot.switch_on(gate)
        boot.early(gate, boot.CONF, must=1)
        shut(gate, s, "a table of somebody else, boot")
        gate.write("policy.conf", streams.POLICY)
        boot.switch_on(gate)
        gate.start_with_trouble()
        shut(gate, s, "a table of somebody else, daemon")
        trouble = gate.stop()
        check(not trouble, trouble)
    finally:
        owner.kill()
        owner.wait()


def run():
    with Gate(streams.POLICY, daemon=False) as gate, streams.Streams(gate) as s:
        for what, text in BAD_EARLY.items():
            boot.early(gate, text, must=2)
            case.equal(reachable(gate, 50100), [], "early.conf, %s: who is answered" % what)
        boot.early(gate)
        case.equal(reachable(gate, 50200), [], "no early.conf: who is answered")
        boot.early(gate, boot.CONF)
        for n, (what, text) in enumerate(BROKEN.items()):
            broken_policy(gate, s, what, text, 51000 + 10 * n)
        gate.write("policy.conf", streams.POLICY)
        gate.start()
        s.phase()
        time.sleep(0.5)
        check(s.nothing_denied("the good policy") > 100, "the good policy does not forward")
        trouble = gate.stop()
        check(not trouble, trouble)
        refused_by_kernel(gate, s)
    return "%d broken policies, %d broken early.conf, a table of somebody else" % (
        len(BROKEN), len(BAD_EARLY))


case.main("FC-03", run)
