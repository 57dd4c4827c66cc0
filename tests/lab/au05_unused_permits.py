#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AU-05: how often each permit was used outlives changes, reloads and restarts.

The gate's counters are the judge: what is kept in the state folder is what they said, each
opening once. The report reads it without the daemon.
"""
import datetime
import json
import os
import time

from sekisho_lab import case, frames, policy
from sekisho_lab.gate import Failed, Gate, check

PERMITS = [policy.permit("FLOW", ["a"], ["b"], ["stream"]),
           policy.permit("IDLE", ["b"], ["a"], ["stream"])]
SERVICES = [policy.service("stream", "udp", ports=["5000"])]
MORE = [*PERMITS, policy.permit("LATE", ["a"], ["c"], ["stream"])]
EACH = 7


def kept(gate):
    """{permit: (last day, openings of this month)} of the file."""
    with open(os.path.join(gate.root, "lib", "hits"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    check(lines[0].startswith("hits 1 ") and lines[-1].startswith("sha256 "), "no such file")
    rows = [line.split() for line in lines[1:-1]]
    # CTL: what the lab itself sends
    return {r[0]: (int(r[2]), int(r[4])) for r in rows if r[0] != "CTL"}


def use(gate, sport):
    """Open EACH flows of both families by FLOW."""
    for family in case.FAMILIES:
        shots = [gate.opening(family, ("za", 2), ("zb", 2), frames.UDP, 5000, sport + n)
                 for n in range(EACH)]
        seen = gate.passed(shots, family)
        check(len(seen) >= EACH, "IPv%d: %d of %d passed" % (family, len(seen), EACH))


def again(gate):
    """The daemon ends and comes back: the counters stay, and are soon looked at."""
    trouble = gate.stop()
    check(not trouble, trouble)
    gate.start()


def await_kept(gate, what, should):
    until = time.monotonic() + 15
    while True:
        try:
            found = kept(gate)
        except (OSError, Failed):
            found = None
        if found == should:
            return
        check(time.monotonic() < until, "%s: %s, not %s" % (what, found, should))
        time.sleep(0.1)


def report(gate):
    today = datetime.date.today().isoformat()
    run = gate.sekisho("--json", "report", "--from", today, "--to", today)
    check(run.returncode == 0, "report: %s%s" % (run.stdout[-300:], run.stderr))
    return json.loads(run.stdout)


def run():
    today = int(datetime.date.today().strftime("%Y%m%d"))
    with Gate(policy.build(PERMITS, SERVICES)) as gate:
        await_kept(gate, "at the start", {"FLOW": (0, 0), "IDLE": (0, 0)})
        use(gate, 41000)
        gate.apply(policy.build(MORE, SERVICES))
        use(gate, 42000)
        counted = gate.permit_counter("FLOW")
        case.equal(counted, 4 * EACH, "openings by the gate's own counter")
        again(gate)
        await_kept(gate, "over a change", {"FLOW": (today, counted), "IDLE": (0, 0),
                                           "LATE": (0, 0)})
        use(gate, 43000)
        again(gate)
        await_kept(gate, "over a restart", {"FLOW": (today, 6 * EACH), "IDLE": (0, 0),
                                            "LATE": (0, 0)})
        # What stands there damaged begins anew, and stops nothing.
        with open(os.path.join(gate.root, "lib", "hits"), "r+b") as file:
            file.write(b"x")
        again(gate)
        await_kept(gate, "after it was damaged", {"FLOW": (today, 6 * EACH), "IDLE": (0, 0),
                                                  "LATE": (0, 0)})
        trouble = gate.stop()
        check(not trouble, trouble)
        # The daemon is away: the report has the policies, the record and the use.
        told = report(gate)
        case.equal((told["permits"]["total"], told["permits"]["unused"]["counted"],
                    told["permits"]["after_serial"]), (4, True, 2), "permits of the report")
        check(told["verify"]["good"] and told["reading"]["whole"], "the record is not whole")
        check(told["changes"]["count"] > 0, "no changes in the report")
    return "%d openings kept " % (6 * EACH)


case.main("AU-05", run)
