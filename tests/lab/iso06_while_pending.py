#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-06: a cut-off does not wait for a pending confirm, and outlives its rollback."""
import time

from sekisho_lab import case, cutoff, policy
from sekisho_lab.gate import Gate, check

EXTRA = (policy.permit("NEW", ["zb"], ["za"], ["dns"]),)


def run():
    with Gate(cutoff.text()) as gate:
        path = gate.write("next.conf", cutoff.text(EXTRA))
        tried = gate.sekisho("apply", "-f", path, "--confirm", "10",
                             "--reason", "trial")
        check(tried.returncode == 0, "apply: " + tried.stderr)
        applied = time.monotonic()
        streams = cutoff.streams(gate, 4, 45000)
        cutoff.isolate(gate, "za")
        cut = cutoff.zone("za")
        cutoff.check_streams(gate, streams, cut, "while a confirm is pending")
        check(gate.status()["pending"], "nothing is pending any more")
        until = applied + 16
        while gate.status()["pending"] and time.monotonic() < until:
            time.sleep(0.1)
        check(not gate.status()["pending"], "it did not go back")
        cutoff.check_openings(gate, 45100, cut, "after the way back")
        cutoff.restore(gate)
        cutoff.check_openings(gate, 45200)
    return ""


case.main("ISO-06", run)
