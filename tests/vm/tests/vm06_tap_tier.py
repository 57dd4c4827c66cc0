#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-06: with the daemon's own capabilities and users the tap gets its best filter here."""
import os

from sekisho_lab import case, policy, users, watching
from sekisho_lab.gate import Gate, check

USERS = {users.GROUPS[name] for name in users.USERS}


def users_of_daemon(gate):
    """Users of everything that runs our program."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.path.basename(os.readlink("/proc/%s/exe" % pid)) == "sekishod":
                found.add(os.stat("/proc/" + pid).st_uid)
        except OSError:
            continue
    return found


def run():
    with Gate(policy.build()) as gate:
        check(watching.wait_until(lambda: "tier" in (gate.status()["watch"] or {}), 10),
              "the watcher says nothing of itself")
        watch = gate.status()["watch"]
        check(watch["tier"] in ("ebpf", "tcx"), "tier %s: %s" % (watch["tier"], watch["tier_reason"]))
        case.equal(users_of_daemon(gate), USERS, "users of the processes")
    return "kernel " + os.uname().release


case.main("VM-06", run)
