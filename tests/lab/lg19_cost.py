#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-19: what a record costs the recorder, of 10,000 a second: received, checked, written, sealed.

All of them are on record afterwards, and the chain holds (bench_seal looks). The cost is told and
not judged here: processor time of its loop, without the sync beside it, and its ratio to the one
part that nobody can spare, the BLAKE2b of the record's bytes in the same seconds ("make bench").

SEKISHO_COST_SECONDS: of each of three rounds, 2 by default; the row says 60.
"""
import os
import subprocess

from sekisho_lab import case, model
from sekisho_lab.gate import check

SECONDS = int(os.environ.get("SEKISHO_COST_SECONDS", "2"))
RATE = 10000


def measured(bench):
    """(share of a core in percent, ns a record, times the bare hash)"""
    run = subprocess.run([bench, "recorder", str(SECONDS), str(RATE)], capture_output=True,
                         text=True, check=False)
    check(run.returncode == 0, "bench_seal: " + run.stdout + run.stderr)
    rows = {line.split()[0]: line.split() for line in run.stdout.splitlines() if line[0] != "#"}
    return float(rows["recorder-core-share"][1]), float(rows["recorder-cost"][1]), \
        float(rows["recorder-cost"][4])


def run():
    bench = os.path.join(os.path.dirname(model.binary()), "tests", "bench", "bench_seal")
    if not os.path.exists(bench):
        raise case.Skipped("tests/bench/bench_seal is not built (make tests)")
    if "release" not in bench:
        raise case.Skipped("a sanitizer costs more than the record")
    rounds = [measured(bench) for _ in range(3)]
    share, cost, ratio = min(rounds, key=lambda r: r[2])
    return "%.1f %% of a core, %.1f us a record, %.1f times its bare hash" % (share, cost / 1000, ratio)


case.main("LG-19", run)
