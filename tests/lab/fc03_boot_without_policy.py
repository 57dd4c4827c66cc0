#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-03: no policy can be put in force at boot: the gate of the boot stays.

Nothing is forwarded, forwarding is off whoever switched it on, the management named in
early.conf reaches the gateway and nobody else does, and it is told: by status, by its exit
code, by a record. Taken away, that gate comes back; and a good policy takes over from it.
A kept policy whose digest is wrong is believed by nobody, and a kernel whose nf_tables does
not answer (VM-10 takes its modules away) forwards nothing.
"""
import errno
import os
import subprocess
import time

from sekisho_lab import boot, case, faults, model, netns, streams
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


def wrong_digest(gate, s):
    """Somebody wrote a permit into the kept policy; the policy file is away or broken."""
    folder = os.path.join(gate.root, "lib", "versions")
    changed = 0
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            text = f.read()
        if b'"5000"' in text:
            with open(path, "r+b") as f:
                f.write(text.replace(b'"5000"', b'"5001"'))
            changed += 1
    check(changed, "no kept policy names the port: %s" % os.listdir(folder))
    gate.nft("delete", "table", "inet", "sekisho")
    boot.early(gate, boot.CONF)
    for what, text in (("away", None), ("broken", BROKEN["cut off"])):
        if text is None:
            os.unlink(gate.path)
        else:
            gate.write("policy.conf", text)
        boot.switch_on(gate)
        gate.start_with_trouble()
        shut(gate, s, "a wrong digest, policy file " + what)
        check(any("cannot be read" in r["event"]["reason"] for r in gate.records()),
              "no record tells of the digest")
        case.equal(reachable(gate, 53000), [(4, "zc", 22), (6, "zc", 22)],
                   "a wrong digest: who is answered")
        trouble = gate.stop()
        check(not trouble, trouble)
    gate.write("policy.conf", streams.POLICY)
    gate.start_with_trouble()       # the file it is, and that is told
    s.phase()
    time.sleep(0.5)
    check(s.nothing_denied("the policy file in its place") > 100, "the policy file does not hold")
    trouble = gate.stop()
    check(not trouble, trouble)


def silent_kernel():
    """nf_tables answers nobody, as where its module cannot be had; then it does."""
    with faults.FaultyGate(streams.POLICY, daemon=False) as gate, streams.Streams(gate) as s:
        words = ["env"] + ["%s=%s" % pair for pair in gate.environment.items()]
        gate.order(faults.NETLINK_SEND, 1, True, error=errno.EOPNOTSUPP)
        boot.switch_on(gate)
        early = netns.run(netns.gateway(gate.prefix), *words, model.binary("sekishod"),
                          "--early", "-f", gate.write("early.conf", boot.CONF))
        case.equal(early.returncode, 1, "early on a silent kernel: " + early.stderr)
        shut(gate, s, "a silent kernel, boot")
        boot.switch_on(gate)
        gate.start_with_trouble()
        shut(gate, s, "a silent kernel, daemon")
        check(len(reachable(gate, 54000)) >= 2, "the management does not reach the gateway")
        gate.clear()
        check(gate.sekisho("apply", "-f", gate.path).returncode == 0,
              "no apply once the kernel answers")
        s.phase()
        time.sleep(0.5)
        check(s.nothing_denied("the kernel answers") > 100, "nothing is forwarded after that")


def run():
    silent_kernel()
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
        wrong_digest(gate, s)
        refused_by_kernel(gate, s)
    return "%d broken policies, %d broken early.conf, a wrong digest, a silent kernel" % (
        len(BROKEN), len(BAD_EARLY))


case.main("FC-03", run)
