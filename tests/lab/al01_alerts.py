#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""AL-01: hooks are told of records, and can do nothing else; nothing waits for them.

What a hook gets and what it can reach; folding, quiet times; hooks that hang, flood, fail or
belong to somebody else; an alerter that is killed. Hooks lie in a folder of root's, as on a
gateway, and write down what they see in the only folder they may write to.
"""
import json
import os
import shutil
import signal
import time

from sekisho_lab import case, policy, users, watching
from sekisho_lab.gate import Gate, check

HOOKS = "/run/sekisho-hooks-%d" % os.getpid()
PEACE = "fold_seconds = 0; "
TELL = "cat >> $HOME/tell.$SEKISHO_ALERT\n"
# Each line that it writes stands for something that it must not be able to do.
LOOK = """cat > /dev/null
env > $HOME/env
ls -l /proc/self/fd > $HOME/fd
cat /proc/self/status > $HOME/status
{
head -c 1 LOG/seal.key && echo key
head -c 1 LOG/seal.state && echo keys
head -c 1 LOG/violations.jsonl && echo record
head -c 1 /var/lib/dpkg/status && echo var
ls LIB && echo state
echo x > /tmp/sekisho-al01-$$ && echo tmp
echo x > LOG/x && echo log
kill -9 $PPID && echo killed
unshare -U true && echo namespace
} > $HOME/done 2>/dev/null
"""
SCRIPTS = {
    "tell": TELL, "fail": "echo no such relay >&2\nexit 3\n", "flood": "exec yes sekisho\n",
    "hang": "setsid sleep 300 &\nsleep 300\n", "slow": "sleep 20\n",
}


def hook(name, text):
    path = os.path.join(HOOKS, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def alert(name, script, more=""):
    return '{ name = "%s"; hook = "%s/%s"; actions = "attempt"; %s}' % (name, HOOKS, script, more)


class Alerts:
    """A gateway, and how many violations it has had."""

    def __init__(self, gate):
        self.gate, self.port = gate, 1000
        self.folder = os.path.join(gate.root, "run", "alerts")

    def rules(self, *alerts):
        self.gate.apply(text(*alerts))

    def violate(self, n=1):
        """So many different ones; all are on record when it returns."""
        had = len(self.gate.violations())
        first, self.port = self.port, self.port + n
        self.gate.fire([self.gate.opening(4, ("za", 2), ("zc", 2), 6, port)
                        for port in range(first, self.port)])
        self.wait(lambda: len(self.gate.violations()) >= had + n, "records of violations", 6)

    @staticmethod
    def wait(what, name, seconds=20.0):
        until = time.monotonic() + seconds
        while not what():
            check(time.monotonic() < until, name + ": not within %d s" % seconds)
            time.sleep(0.05)

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def told(self, name):
        """What the hook of this rule was told: (records, alarms)."""
        lines = [json.loads(x) for x in self.read("tell." + name).splitlines()]
        return [x for x in lines if "ecs" in x], [x for x in lines if "alert" in x]

    def failures(self, name):
        return [r["event"]["reason"] for r in self.gate.records()
                if r["event"]["module"] == "alerter" and name in r["event"]["reason"]]

    def pid(self):
        return watching.pids(self.gate)["alerter"]


def text(*alerts):
    return policy.build(extra="record = { alerts = ( %s ); };\n" % ", ".join(alerts))


def is_told(a):
    a.rules(alert("one", "tell", PEACE))
    a.violate()
    a.wait(lambda: a.told("one")[1], "the first alarm")
    records, alarms = a.told("one")
    last = a.gate.violations()[-1]
    case.equal(records, [last], "the record on standard input")
    case.equal((alarms[0]["why"], alarms[0]["count"], alarms[0]["severity"]), ("record", 1, 7),
               "the alarm")


def reaches_nothing(a):
    log, lib = os.path.join(a.gate.root, "log"), os.path.join(a.gate.root, "lib")
    hook("look", LOOK.replace("LOG", log).replace("LIB", lib))
    a.rules(alert("look", "look"))
    pid = a.pid()
    a.violate()
    a.wait(lambda: a.read("status") and os.path.exists(os.path.join(a.folder, "done")),
           "the hook that looks around")
    time.sleep(0.7)
    case.equal(a.read("done"), "", "what the hook could do")
    names = sorted(line.split("=")[0] for line in a.read("env").splitlines())
    case.equal([n for n in names if n not in ("PWD", "OLDPWD", "SHLVL", "_")],
               ["HOME", "LANG", "PATH", "SEKISHO_ALERT"], "the environment")
    # ls(1) has the folder open that it lists
    case.equal([line.split()[8] for line in a.read("fd").splitlines() if "->" in line],
               ["0", "1", "2", "3"], "descriptors")
    status = dict(line.split(":\t", 1) for line in a.read("status").splitlines() if ":\t" in line)
    case.equal(set(status["Uid"].split()), {str(users.GROUPS["sekisho-alert"])}, "its user")
    case.equal(status["Groups"].strip(), "", "its groups")
    case.equal((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), "confined")
    for key in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
        case.equal(int(status[key], 16), 0, key)
    case.equal(a.pid(), pid, "the alerter that it tried to kill")


def folds(a):
    a.rules(alert("fold", "tell", "fold_seconds = 2; "))
    a.violate()
    a.wait(lambda: a.told("fold")[1], "the first of many")
    a.violate(120)
    a.wait(lambda: len(a.told("fold")[1]) >= 2, "what was folded")
    counts = [(x["why"], x["count"]) for x in a.told("fold")[1]]
    case.equal(counts, [("record", 1), ("folded", 120)], "alarms")


def counts_first(a):
    a.rules(alert("three", "tell", "threshold = { count = 3; seconds = 60; }; "))
    a.violate(2)
    time.sleep(0.6)
    case.equal(a.told("three"), ([], []), "below the threshold")
    a.violate()
    a.wait(lambda: a.told("three")[1], "the third")
    case.equal(a.told("three")[1][0]["count"], 3, "records of the threshold")


def is_quiet(a):
    now = time.localtime(time.time() - 300)
    later = time.localtime(time.time() + 3600)
    quiet = 'quiet = { from = "%02d:%02d"; to = "%02d:%02d"; }; ' % (
        now.tm_hour, now.tm_min, later.tm_hour, later.tm_min)
    a.rules(alert("calm", "tell", PEACE + quiet))
    a.violate(4)
    time.sleep(0.8)
    case.equal(a.told("calm"), ([], []), "in a quiet time")
    a.rules(alert("calm", "tell", PEACE))
    a.wait(lambda: a.told("calm")[1], "the sum after the quiet time")
    case.equal([(x["why"], x["count"]) for x in a.told("calm")[1]], [("quiet", 4)], "the sum")


def goes_wrong(a):
    """Every way to fail is on record, folded."""
    bad = hook("bad", TELL)
    os.chmod(bad, 0o777)
    a.rules(alert("fails", "fail", PEACE), alert("floods", "flood", PEACE),
            alert("hangs", "hang", PEACE + "timeout = 1; "), alert("open", "bad", PEACE),
            alert("gone", "nothing", PEACE))
    a.violate(3)
    for name, why in (("fails", "status 3 (said: no such relay"), ("floods", "65536 bytes"),
                      ("hangs", "took too long"), ("open", "somebody else than root"),
                      ("gone", "No such file")):
        a.wait(lambda n=name: a.failures(n), "the failure of " + name, 8)
        check(why in a.failures(name)[0], "%s: %s" % (name, a.failures(name)))
        check(len(a.failures(name)) <= 2, "not folded: %s" % a.failures(name))
    case.equal(a.read("tell.open"), "", "a hook that everybody may write to")
    a.wait(lambda: not sleepers(a.gate), "the end of what a hook left behind")


def sleepers(gate):
    """What hooks of this gateway have left running."""
    found, here = [], os.readlink("/proc/%d/ns/net" % gate.daemon.pid)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink("/proc/%s/ns/net" % pid) == here:
                with open("/proc/%s/cmdline" % pid, encoding="utf-8") as f:
                    found.append(f.read())
        except OSError:
            pass
    return [c for c in found if c.startswith("sleep\0")]


def is_killed(a):
    """With hooks that hang, too: violations are written as ever, and none is missing."""
    a.rules(alert("hold", "slow", PEACE + "timeout = 30; "), alert("after", "tell"))
    began = time.monotonic()
    a.violate(150)
    took, old = time.monotonic() - began, a.pid()
    os.kill(old, signal.SIGKILL)
    a.wait(lambda: a.pid() != old, "another alerter")
    a.wait(lambda: [r for r in a.gate.records() if r["event"]["action"] == "gap" and
                    "the alerter process was ended by signal 9" in r["event"]["reason"]],
           "its death on record")
    had = len(a.told("after")[1])
    a.wait(lambda: not sleepers(a.gate), "the end of its hooks")
    a.violate()
    a.wait(lambda: len(a.told("after")[1]) > had, "an alarm of the new one")
    case.equal(a.gate.sekisho("status").returncode, 0, "status")
    return took


def run():
    os.makedirs(HOOKS, mode=0o755)
    try:
        for name, script in SCRIPTS.items():
            hook(name, script)
        with Gate(text()) as gate:
            a = Alerts(gate)
            for part in (is_told, reaches_nothing, folds, counts_first, is_quiet, goes_wrong):
                part(a)
            took = is_killed(a)
    finally:
        shutil.rmtree(HOOKS, ignore_errors=True)
    return "150 records on disk after %.1f s while hooks hang" % took


case.main("AL-01", run)
