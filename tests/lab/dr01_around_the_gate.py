#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""DR: what stands around the gate is found, told once, and over when it goes.

Each finding has a look-alike beside it that must stay silent.
"""
import os

from sekisho_lab import case, drifting, model, netns, policy
from sekisho_lab.gate import Gate, check

POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])

HOOK = "nft 'add chain %s { type %s hook %s priority %s; }'"

# (finding, subject, exit code of doctor, what makes it, what undoes it)
ROWS = [
    ("DR-05", "inet filter2", 0, ["nft add table inet filter2",
     HOOK % ("inet filter2 f", "filter", "forward", "-10")], ["nft delete table inet filter2"]),
    ("DR-06", "ip nat2", 2, ["nft add table ip nat2", HOOK % ("ip nat2 p", "nat", "prerouting",
     "-100"), "nft add rule ip nat2 p tcp dport 1 redirect to 2"], ["nft delete table ip nat2"]),
    ("DR-06", "inet mark2", 2, ["nft add table inet mark2", HOOK % ("inet mark2 p", "filter",
     "prerouting", "-150"), "nft add chain inet mark2 sub", "nft add rule inet mark2 p jump sub",
     "nft add rule inet mark2 sub ct mark set 65537"], ["nft delete table inet mark2"]),
    ("DR-07", "netdev fwd2", 1, ["nft add table netdev fwd2", HOOK % ("netdev fwd2 i", "filter",
     "ingress device za0", "0"), "nft add rule netdev fwd2 i ip saddr 192.0.2.1 fwd to zb0"],
     ["nft delete table netdev fwd2"]),
    ("DR-10", None, 0, ["ip link add br7 type bridge", "ip link set za0 master br7"],
     ["ip link del br7"]),
    ("DR-13", "za0", 1, ["tc qdisc add dev za0 clsact", "tc filter add dev za0 ingress u32 match "
     "u32 0xc0000201 0xffffffff at 12 action mirred egress redirect dev zb0"],
     ["tc qdisc del dev za0 clsact"]),
    ("DR-14", "za0", 2, ["tc qdisc add dev za0 clsact", "tc filter add dev za0 egress u32 match "
     "u32 0xc0000201 0xffffffff at 12 flowid 1:1"], ["tc qdisc del dev za0 clsact"]),
    ("DR-17", "new7", 2, ["ip link add new7 type veth peer name new8", "ip link set new7 up",
     "ip addr add 192.0.2.9/24 dev new7"], ["ip link del new7"]),
    ("DR-18", "zc0", 2, ["ip link set zc0 down", "ip link set zc0 name zc7"],
     ["ip link set zc7 name zc0", "ip link set zc0 up"]),
    ("DR-19", "10.2.0.7", 2, ["ip route add 10.2.0.7/32 dev zc0"],
     ["ip route del 10.2.0.7/32 dev zc0"]),
    ("DR-19", "2001:db8:2::7", 2, ["ip -6 route add 2001:db8:2::7/128 dev zc0"],
     ["ip -6 route del 2001:db8:2::7/128 dev zc0"]),
    ("DR-20", "IPv4 77", 2, ["ip rule add from 10.1.0.9 priority 77 table 100"],
     ["ip rule del priority 77"]),
    ("DR-20", "IPv6 77", 2, ["ip -6 rule add from 2001:db8:1::9 priority 77 table 100"],
     ["ip -6 rule del priority 77"]),
    ("DR-22", "net.ipv4.conf.za0.proxy_arp", 2, ["sysctl -qw net.ipv4.conf.za0.proxy_arp=1"],
     ["sysctl -qw net.ipv4.conf.za0.proxy_arp=0"]),
]

# Looks like one of these, and is none.
ALIKE = [
    "nft add table inet silent", "nft add chain inet silent c",
    "nft add rule inet silent c ct mark set 1",             # no hook: nothing gets there
    HOOK % ("inet silent own", "filter", "input", "-10"),   # the machine's own business
    "ip link add br8 type bridge", "ip link add p8 type veth peer name q8",
    "ip link set p8 master br8", "ip link set br8 up", "ip link set p8 up",
    "tc qdisc add dev za0 clsact",                          # without a filter
    "tc qdisc add dev p8 clsact",
    "tc filter add dev p8 ingress u32 match u32 0 0 action mirred egress redirect dev q8",
    "ip link add far8 type veth peer name far9", "ip link set far8 up",     # no address
    "ip link add off8 type veth peer name off9", "ip addr add 192.0.2.77/24 dev off8",  # down
    "ip route add 10.2.0.8/32 dev zb0",                     # the right way, only narrower
    "ip route add unreachable 10.2.0.9/32", "ip route add 198.51.100.0/24 dev zb0",
    "ip -6 route add blackhole 2001:db8:2::9/128",
]


def one(gate, id_, subject, code, make, undo):
    word = "%s %s" % (id_, subject or "")
    drifting.shell(gate, *make)
    if subject is None:     # put right at once, so there is nothing to find
        told = drifting.wait_drift(gate, id_, 1, 2.0)
        case.equal(told[-1]["event"]["outcome"], "success", "outcome of " + id_)
    else:
        check(drifting.wait_until(lambda: [r for r in drifting.drifts(gate, id_)[:]
                                           if subject in r["event"]["reason"]], 5.0, 0.02),
              "%s is not on record" % word)
    got, found = drifting.doctor(gate)
    want = {} if subject is None else {id_: [subject]}
    case.equal((got, found), (code, want), "doctor with " + word)
    before = len(drifting.drifts(gate))
    drifting.shell(gate, *undo)
    if subject is not None:
        check(drifting.wait_until(lambda: any(id_ + " is over" in r["event"]["reason"] for r in
                                              drifting.drifts(gate)[before:]), 5.0, 0.02),
              "%s went, and no record says so" % word)
    case.equal(drifting.doctor(gate), (0, {}), "doctor after " + word)


def programs(gate):
    for hook, interface, want in (
            (drifting.XDP, "za0", {"DR-12": ["za0"]}),
            (drifting.TCX_INGRESS, "za0", {"DR-15": ["za0"], "DR-16": ["za0"]}),
            (drifting.TCX_EGRESS, "zb0", {"DR-15": ["zb0"], "DR-16": ["zb0"]})):
        fd = drifting.program(gate, interface, hook)
        case.equal(drifting.doctor(gate), (1, want), "doctor with program %d" % hook)
        os.close(fd)
        # the kernel takes it away a moment later
        check(drifting.wait_until(lambda: drifting.doctor(gate) == (0, {}), 3.0, 0.1),
              "doctor after program %d: %s" % (hook, drifting.doctor(gate)))


def services(gate):
    """What systemctl(1) enable leaves, or a service that runs; masked is as good as gone."""
    wants = os.path.join(gate.root, "units", "multi-user.target.wants")
    os.makedirs(wants)
    os.symlink("/lib/systemd/system/ufw.service", os.path.join(wants, "ufw.service"))
    os.symlink("/lib/systemd/system/rsyslog.service", os.path.join(wants, "rsyslog.service"))
    os.makedirs(os.path.join(gate.root, "cgroups", "docker.service"))
    case.equal(drifting.doctor(gate), (2, {"DR-24": ["ufw.service", "docker.service"]}),
               "doctor with services")
    os.symlink("/dev/null", os.path.join(gate.root, "units", "ufw.service"))
    os.rmdir(os.path.join(gate.root, "cgroups", "docker.service"))
    case.equal(drifting.doctor(gate), (0, {}), "doctor after services")


def alone(gate):
    """Without the daemon: the same looks, by root, with the policy's file."""
    drifting.shell(gate, "ip route add 10.2.0.7/32 dev zc0")
    check(gate.stop() is None, "stop")
    code, found = drifting.doctor(gate, "-f", gate.path)
    case.equal(code, 1, "exit code without a daemon")
    case.equal(found.get("DR-19"), ["10.2.0.7"], "findings without a daemon: %s" % found)
    check("DR-04" in found and "DR-02" not in found, "findings: %s" % found)
    drifting.shell(gate, "nft flush ruleset")
    check("DR-02" in drifting.doctor(gate, "-f", gate.path)[1], "the table is gone unnoticed")


def words(gate):
    """Each finding is explained, in both languages."""
    drifting.shell(gate, *ROWS[5][3])
    for locale, word in (("C", "tc filter del"), ("ja_JP.UTF-8", "削除し")):
        run = netns.run(netns.gateway(gate.prefix), "env", "LC_ALL=" + locale, model.binary(),
                        "--root", gate.root, "doctor")
        check(run.returncode == 1 and "DR-13 za0" in run.stdout and word in run.stdout,
              "doctor in %s: %s" % (locale, run.stdout))
    check("DR-13" in (gate.status()["problem"] or ""), "status knows no problem")
    drifting.shell(gate, *ROWS[5][4])


def run():
    with Gate(POLICY) as gate:
        case.equal(drifting.doctor(gate), (0, {}), "doctor at first")
        for row in ROWS:
            one(gate, *row)
        programs(gate)
        services(gate)
        words(gate)
        drifting.shell(gate, *ALIKE)
        case.equal(drifting.doctor(gate), (0, {}), "doctor with look-alikes")
        alone(gate)
    return "%d findings, %d look-alikes" % (len(ROWS) + 3, len(ALIKE))


case.main("DR-01", run)
