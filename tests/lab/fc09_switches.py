#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-09: another tool sets switches of the kernel: set back where ours, told in any case."""
import time

from sekisho_lab import case, drifting, netns, policy
from sekisho_lab.gate import Gate, check

POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])

# (switch, what somebody sets, what it must be again; None: it is left so, and told)
ROWS = [
    ("ipv4.ip_forward", 0, 1),
    ("ipv6.conf.all.forwarding", 0, 1),
    ("ipv4.conf.all.accept_source_route", 1, 0),
    ("ipv4.conf.all.send_redirects", 1, 0),
    ("ipv4.conf.all.accept_redirects", 1, 0),
    ("ipv4.conf.za0.send_redirects", 1, 0),
    ("netfilter.nf_conntrack_tcp_loose", 1, 0),
    ("netfilter.nf_conntrack_tcp_timeout_close", 100, 0),
    ("ipv4.conf.all.rp_filter", 1, None),
]


def read(gate, name):
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/" + name.replace(".", "/"))
    return int(run.stdout) if run.returncode == 0 else None


def one(gate, name, value, want):
    if read(gate, name) is None:
        return 0
    gate.in_gateway((name.replace(".", "/"), value))
    if want is not None:
        # those of forwarding ring a bell; the others are looked at every ten seconds
        check(drifting.wait_until(lambda: read(gate, name) == want, 1.0) or
              drifting.doctor(gate)[0] == 0 and read(gate, name) == want,
              "%s is not %d again" % (name, want))
    else:
        drifting.doctor(gate)
        case.equal(read(gate, name), value, name)
    told = drifting.wait_drift(gate, name)[-1]
    case.equal(told["event"]["outcome"], "failure" if want is None else "success", name)
    return 1


def shut_stays_shut(gate):
    """Without a table there is no forwarding, whoever switches it on."""
    gate.nft("flush", "ruleset")
    check(drifting.wait_until(lambda: drifting.forwarding(gate), 1.0), "forwarding is off")
    for _ in range(12):     # until it is kept shut
        gate.nft("flush", "ruleset")
        drifting.wait_until(lambda: drifting.forwarding(gate), 0.2)
    drifting.wait_drift(gate, "again and again")
    check(not drifting.forwarding(gate), "not shut")
    gate.in_gateway(("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1))
    check(drifting.wait_until(lambda: read(gate, "ipv4.ip_forward") == 0 and
                              read(gate, "ipv6.conf.all.forwarding") == 0, 0.3, 0.005),
          "somebody switched forwarding on and it stays on")
    gate.in_gateway(("ipv4/conf/za0/forwarding", 1))
    check(drifting.wait_until(lambda: read(gate, "ipv4.conf.za0.forwarding") == 0, 0.5, 0.005),
          "one interface forwards alone")
    check(drifting.wait_until(lambda: drifting.forwarding(gate), 8.0), "it does not open again")


def run():
    with Gate(POLICY) as gate:
        time.sleep(0.3)         # the first look is over
        n = sum(one(gate, *row) for row in ROWS)
        drifting.stays_shut(gate, 43000)
        shut_stays_shut(gate)
        drifting.stays_shut(gate, 44000)
    return "%d switches" % n


case.main("FC-09", run)
