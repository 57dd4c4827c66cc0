#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-11: the daemon as the unit starts it: a user of its own, ambient capabilities, no root.

setpriv(1) stands for systemd: the user, the bounding and the ambient set are read out of
the unit. The same gate comes up, changes, and starts children anew; no process is root.
"""
import os
import re
import shutil
import signal

from sekisho_lab import case, policy, users, watching
from sekisho_lab.gate import Failed, Gate, check

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
UNIT = os.path.join(TOP, "systemd", "sekishod.service.in")
TMPFILES = os.path.join(TOP, "systemd", "sekisho.tmpfiles")
SERVICE = [policy.service("web", "tcp", ports=["80"])]
ONE = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])], SERVICE)
NONE = policy.build([], SERVICE)
KEEPER = users.GROUPS["sekisho-keeper"]
CAPABILITY = {"cap_net_admin": 12, "cap_net_raw": 13, "cap_setuid": 7, "cap_setgid": 6,
              "cap_bpf": 39, "cap_perfmon": 38, "cap_dac_read_search": 2}


def of_unit(key):
    with open(UNIT, encoding="utf-8") as f:
        return " ".join(re.findall("^%s=(.*)$" % key, f.read(), re.M)).lower().split()


def as_the_unit():
    """What systemd does between its fork and its exec."""
    caps = of_unit("AmbientCapabilities")
    case.equal(of_unit("User"), ["sekisho-keeper"], "user of the unit")
    case.equal(sorted(of_unit("CapabilityBoundingSet")), sorted(caps), "capabilities of the unit")
    words = ",".join(["-all"] + ["+" + c[4:] for c in caps])
    return ("setpriv", "--reuid=%d" % KEEPER, "--regid=%d" % KEEPER, "--clear-groups",
            "--no-new-privs", "--inh-caps=" + words, "--ambient-caps=" + words,
            "--bounding-set=" + words)


def folders(gate):
    """As systemd-tmpfiles makes them."""
    places = {"/run/sekisho": "run", "/var/lib/sekisho": "lib", "/var/log/sekisho": "log",
              "/var/log/sekisho-views": "views"}
    os.makedirs(gate.root)
    with open(TMPFILES, encoding="utf-8") as f:
        lines = [line.split() for line in f if line.startswith("d ")]
    for _, name, mode, user, group, _ in lines:
        below = name[len("/run/sekisho"):] if name.startswith("/run/sekisho/") else ""
        path = os.path.join(gate.root, places[name[:len(name) - len(below)]] + below)
        os.mkdir(path)
        os.chown(path, users.GROUPS[user], users.GROUPS[group])
        os.chmod(path, int(mode, 8))


def look(gate):
    pids = dict(watching.pids(gate), keeper=gate.daemon.pid)
    may = sum(1 << n for n in CAPABILITY.values())
    for name, user in (("keeper", "sekisho-keeper"), ("control", "sekisho"),
                       ("watcher", "sekisho-watch"), ("recorder", "sekisho-log"),
                       ("forwarder", "sekisho-view"), ("alerter", "sekisho-alert")):
        for key in ("Uid", "Gid"):
            # who reads the log for others is of those who may
            group = "sekisho-audit" if name == "forwarder" and key == "Gid" else user
            case.equal(set(watching.process(pids[name], key).split()),
                       {str(users.GROUPS[group])}, "%s of the %s" % (key, name))
        for key in ("CapInh", "CapAmb", "CapBnd"):
            case.equal(int(watching.process(pids[name], key), 16), 0, "%s of the %s" % (key, name))
        for key in ("CapPrm", "CapEff"):
            case.equal(int(watching.process(pids[name], key), 16),
                       may if name == "keeper" else 0, "%s of the %s" % (key, name))
    return pids


def less(gate):
    """A capability less is told, not half started."""
    gate.launcher = tuple(w.replace("+setuid", "-setuid") for w in as_the_unit())
    try:
        gate.start()
    except Failed:
        check("root is needed" in gate.log_tail(), gate.log_tail())
    else:
        check(False, "started without CAP_SETUID")
    gate.daemon = None


def run():
    if shutil.which("setpriv") is None:
        raise case.Skipped("setpriv is not installed")
    with Gate(ONE, daemon=False) as gate:
        os.chmod(gate.path, 0o600)          # root's alone: the loader reads it all the same
        folders(gate)
        gate.launcher = as_the_unit()
        gate.start()
        first = look(gate)
        gate.apply(NONE)
        gate.apply(ONE)
        for name in ("watcher", "control", "recorder"):
            os.kill(first[name], signal.SIGKILL)
            check(watching.wait_until(lambda n=name: watching.pids(gate)[n] != first[n], 10),
                  "the %s is not started again" % name)
        check(watching.wait_until(lambda: gate.sekisho("status").returncode == 0, 10),
              "no answer after its children were ended")
        case.equal(look(gate)["keeper"], first["keeper"], "keeper")
        for family in (4, 6):
            gate.exchange(family, 6, 80, 41000 + family)
        trouble = gate.stop()
        check(not trouble, trouble)
        check(not os.path.exists(os.path.join(gate.root, "run", "control.sock")),
              "the socket stayed behind")
        less(gate)
    return "%d capabilities, no root" % len(CAPABILITY)


case.main("FC-11", run)
