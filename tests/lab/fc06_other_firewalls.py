#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-06: what other firewalls do when they start, stop and reload, under streams.

Their tables beside ours open nothing, at no moment. Only what removes our table (the stop of
nftables.service) leaves a window, the one of FC-05: after it nothing denied passes.
"""
import time

from sekisho_lab import boot, case, streams
from sekisho_lab.gate import Gate, check

BACK = 2.0              # seconds, as in FC-05
OPEN = """table ip filter {
 chain INPUT { type filter hook input priority filter; policy accept; }
 chain FORWARD { type filter hook forward priority filter; policy accept; accept; }
 chain OUTPUT { type filter hook output priority filter; policy accept; }
}
"""
DOCKER = """table ip nat {
 chain DOCKER { }
 chain PREROUTING { type nat hook prerouting priority dstnat; policy accept; jump DOCKER; }
 chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept;
  ip saddr 172.17.0.0/16 masquerade; }
}
table ip filter {
 chain DOCKER { }
 chain DOCKER-USER { return; }
 chain FORWARD { type filter hook forward priority filter; policy accept;
  jump DOCKER-USER; jump DOCKER; accept; }
}
"""
FIREWALLD = """table inet firewalld {
 chain filter_PREROUTING { type filter hook prerouting priority filter + 10; policy accept; }
 chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
  ct state established,related accept; accept; }
 chain early_FORWARD { type filter hook forward priority filter - 10; policy accept; accept; }
}
"""
# nftables.service: /etc/nftables.conf begins with "flush ruleset".
SHIPPED = """flush ruleset
table inet filter {
 chain input { type filter hook input priority filter; }
 chain forward { type filter hook forward priority filter; }
 chain output { type filter hook output priority filter; }
}
"""


def text(what):
    return ("-f", "-"), what


# (what, nft's words, its input, our table goes)
STEPS = (
    ("iptables -P FORWARD ACCEPT", *text(OPEN), False),
    ("iptables -F", ("flush", "table", "ip", "filter"), None, False),
    ("docker starts", *text("delete table ip filter\n" + DOCKER), False),
    ("docker stops", *text("delete table ip nat\ndelete table ip filter\n"), False),
    ("firewalld starts", *text(FIREWALLD), False),
    ("firewalld reloads", *text("delete table inet firewalld\n" + FIREWALLD), False),
    ("firewalld stops", *text("delete table inet firewalld\n"), False),
    ("nftables.service starts", *text(SHIPPED), True),
    ("nftables.service reloads", *text(SHIPPED), True),
    ("nftables.service stops", ("flush", "ruleset"), None, True),
)


def wait_for_table(gate, what):
    until = time.monotonic() + BACK
    while gate.nft("list", "chain", "inet", "sekisho", "permit").returncode != 0 \
            or boot.forwarding(gate) != (True, True):
        check(time.monotonic() < until, what + ": table and forwarding are not back")
        time.sleep(0.02)


def run():
    windows = []
    with Gate(streams.POLICY) as gate, streams.Streams(gate) as s:
        time.sleep(0.3)
        s.nothing_denied("before")
        for what, words, given, removed in STEPS:
            done = gate.nft(*words, text=given)
            check(done.returncode == 0, "%s: %s" % (what, done.stderr))
            boot.switch_on(gate)        # some of them do
            if removed:
                wait_for_table(gate, what)
                windows.append(s.phase()[1])
            time.sleep(0.35)
            permitted = s.nothing_denied(what)
            check(permitted > 0.35 * 0.4 * s.pps, "%s: only %d permitted packets"
                  % (what, permitted))
        gate.nft("delete", "table", "inet", "filter")
    return "%d steps; passed in the windows of FC-05: %s" % (len(STEPS), windows)


case.main("FC-06", run)
