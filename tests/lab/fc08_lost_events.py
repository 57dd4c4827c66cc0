#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-08: events of nf_tables are lost among 10,000 foreign changes: everything is compared."""
import os
import signal
import time

from sekisho_lab import case, drifting, policy
from sekisho_lab.gate import Gate, check

CHANGES = 10000
POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])


def foreign(n):
    """Rules of a table that is none of ours."""
    return "add table ip other\nadd chain ip other c\n" + "".join(
        "add rule ip other c ip saddr 192.0.%d.%d tcp dport %d counter\n"
        % (i >> 8 & 255, i & 255, 1 + i % 60000) for i in range(n))


def run():
    with Gate(POLICY) as gate:
        want = drifting.table(gate)
        # The keeper cannot read while all this is written, and its buffer is no 10,000 long.
        os.kill(gate.daemon.pid, signal.SIGSTOP)
        try:
            check(gate.nft("-f", "-", text=foreign(CHANGES)).returncode == 0, "foreign rules")
            check(gate.nft("insert", "rule", "inet", "sekisho", "forward",
                           "accept").returncode == 0, "our rule")
            check(drifting.table(gate) != want, "our table did not change")
        finally:
            os.kill(gate.daemon.pid, signal.SIGCONT)
        start = time.monotonic()
        check(drifting.wait_until(lambda: drifting.table(gate) == want, 2.0, 0.01),
              "our table is not as it was")
        took = time.monotonic() - start
        drifting.wait_drift(gate, "events of nf_tables were lost")
        drifting.wait_drift(gate, "; table back")
        check(drifting.wait_until(lambda: drifting.forwarding(gate), 1.0), "forwarding is off")
        drifting.stays_shut(gate, 43000)
        check("192.0." in gate.nft("list", "table", "ip", "other").stdout, "theirs is gone")
        # and the look-alike: as many changes, read in time or not, and ours untouched
        told = len(drifting.drifts(gate, "; table back"))
        gate.nft("flush", "table", "ip", "other")
        time.sleep(1.5)
        case.equal(len(drifting.drifts(gate, "; table back")), told, "records of our table")
    return "%d changes, put right after %.2f s" % (CHANGES, took)


case.main("FC-08", run)
