#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""WA-10: the running watcher has no user, no capability, no file, no folder of its own.

That the calls themselves are refused is shown by tests/unit/test_privilege.c, which
becomes what the watcher becomes and tries them.
"""
import os

from sekisho_lab import case, policy, watching
from sekisho_lab.gate import Gate, check

# what may stand behind a descriptor of the watcher
KINDS = ("socket:", "anon_inode:", "/memfd:", "/dev/null")


def descriptors(pid):
    folder = "/proc/%d/fd" % pid
    return sorted(os.readlink(os.path.join(folder, n)) for n in os.listdir(folder))


def run():
    with Gate(policy.build()) as gate:
        pid = watching.pids(gate)["watcher"]
        for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            case.equal(int(watching.process(pid, key), 16), 0, key)
        case.equal(watching.process(pid, "NoNewPrivs"), "1", "no_new_privs")
        case.equal(watching.process(pid, "Seccomp"), "2", "filter of system calls")
        case.equal(watching.process(pid, "Groups"), "", "other groups")
        for key in ("Uid", "Gid"):
            check("0" not in watching.process(pid, key).split(), key + " of root")
        log = os.path.join(gate.folder, "daemon.log")
        odd = [d for d in descriptors(pid) if not d.startswith(KINDS)
               and d != log and
               # the name of a mount of its own may stand in front of /proc
               not d.endswith("/proc/%d/net/softnet_stat" % pid)]
        case.equal(odd, [], "open files of the watcher")
    return "no capability, no file but its journal"


case.main("WA-10", run)
