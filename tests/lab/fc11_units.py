#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-11: the units as systemd reads them: order, conflicts, nothing that opens, hardening.

The exposure of sekishod.service is 2.5: what each point above 1.5 is needed for stands in
the unit.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

from sekisho_lab import case, model
from sekisho_lab.gate import Failed, check

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
THRESHOLD = {"sekishod.service": 25, "sekisho-early.service": 15}   # tenths
# (unit, key) -> words that must be among its values
MUST = {
    ("sekishod.service", "Before"): {"network-pre.target", "shutdown.target"},
    ("sekishod.service", "Wants"): {"network-pre.target"},
    ("sekishod.service", "After"): {"sekisho-early.service", "systemd-sysctl.service",
                                    "nftables.service"},
    ("sekishod.service", "Conflicts"): {"nftables.service", "firewalld.service",
                                        "ufw.service"},
    ("sekishod.service", "Restart"): {"always"},
    ("sekishod.service", "Type"): {"notify"},
    ("sekishod.service", "StartLimitIntervalSec"): {"0"},
    ("sekishod.service", "Also"): {"sekisho-early.service"},
    ("sekisho-early.service", "Before"): {"network-pre.target", "sekishod.service"},
    ("sekisho-early.service", "Wants"): {"network-pre.target"},
    ("sekisho-early.service", "After"): {"systemd-sysctl.service", "nftables.service"},
    ("sekisho-early.service", "Type"): {"oneshot"},
    ("sekisho-early.service", "RemainAfterExit"): {"yes"},
}
# What stops, cleans up or waits for a disk that may not be there.
NEVER = {"sekishod.service": {"ExecStop", "ExecStopPost", "ExecStartPre", "PropagatesStopTo"},
         "sekisho-early.service": {"ExecStop", "ExecStopPost", "Conflicts", "Requires",
                                   "ConditionPathExists", "BindsTo"}}


def run(*words, **more):
    return subprocess.run(words, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def write_units(folder):
    """As "make install" writes them, but with the programs where they are here."""
    program = os.path.dirname(model.binary("sekishod"))
    for path in glob.glob(os.path.join(TOP, "systemd", "*.service.in")):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        text = text.replace("@SBINDIR@", program).replace("@SYSCONFDIR@", "/etc")
        check("@" not in re.sub(r"@[a-z-]+", "", text), path + ": a name was left over")
        name = os.path.basename(path)[:-3]
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    return sorted(os.listdir(folder))


def settings(path):
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if "=" in line and line[0] not in "#[":
                key, value = line.strip().split("=", 1)
                found.setdefault(key, set()).update(value.split())
    return found


def look(folder, unit):
    have = settings(os.path.join(folder, unit))
    for (name, key), words in MUST.items():
        if name == unit:
            check(words <= have.get(key, set()), "%s: %s= lacks %s"
                  % (unit, key, " ".join(words - have.get(key, set()))))
    wrong = NEVER[unit] & set(have)
    check(not wrong, "%s has %s" % (unit, " ".join(wrong)))
    check("/var" not in " ".join(have["RequiresMountsFor"]) or unit != "sekisho-early.service",
          "the early unit needs /var")


def judge(folder, units):
    paths = [os.path.join(folder, u) for u in units]
    told = run("systemd-analyze", "--man=no", "verify", *paths)
    check(told.returncode == 0 and not told.stdout.strip(), "verify: " + told.stdout)
    scores = []
    for unit, path in zip(units, paths):
        told = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                   "--threshold=%d" % THRESHOLD[unit], path)
        score = re.search(r"exposure level for \S+: ([0-9.]+)", told.stdout)
        check(score, "security says nothing of %s: %s" % (unit, told.stdout[-300:]))
        check(told.returncode == 0, "%s: exposure %s" % (unit, score.group(1)))
        scores.append("%s %s" % (unit.split(".")[0], score.group(1)))
    return ", ".join(scores)


def calls_fit(folder):
    """What the processes may call by their own filters, systemd must not forbid."""
    lists = os.path.join(TOP, "agent", "confine", "confine_lists.c")
    allowed = set(run("systemd-analyze", "syscall-filter", "@system-service").stdout.split())
    for group in [w for w in allowed if w.startswith("@")]:
        allowed |= _of_group(group)
    allowed |= settings(os.path.join(folder, "sekishod.service"))["SystemCallFilter"]
    allowed -= _of_group("@resources")
    if settings(os.path.join(folder, "sekishod.service"))["ProtectClock"] == {"yes"}:
        allowed -= _of_group("@clock")
    with open(lists, encoding="utf-8") as f:
        wanted = set(re.findall(r"\bCALL(?:_IF)?\((\w+),", f.read()))
    # what comes before those lists: users, capabilities, the lists themselves
    wanted |= {"setresuid", "setresgid", "setgroups", "capset", "prctl", "seccomp",
               "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
               "bpf", "ioctl", "fcntl", "close_range", "mkdir", "chmod", "flock", "bind"}
    check(len(wanted) > 50, "the lists of calls are not where they were")
    missing = wanted - allowed - {"name", "setrlimit"}      # libc asks by prlimit64
    check(not missing, "the unit forbids what the processes use: " + " ".join(sorted(missing)))


def _of_group(group):
    words = set()
    for word in run("systemd-analyze", "syscall-filter", group).stdout.split():
        words |= _of_group(word) if word.startswith("@") and word != group else {word}
    return words


def run_all():
    if shutil.which("systemd-analyze") is None:
        raise case.Skipped("systemd-analyze is not installed")
    with tempfile.TemporaryDirectory(prefix="sekisho-test-") as folder:
        units = write_units(folder)
        case.equal(units, sorted(THRESHOLD), "units")
        for unit in units:
            look(folder, unit)
        # able to fail: a unit with a stop command is no unit of ours
        bad = os.path.join(folder, "sekishod.service")
        with open(bad, encoding="utf-8") as f:
            text = f.read()
        with open(bad, "w", encoding="utf-8") as f:
            f.write(text.replace("[Service]\n", "[Service]\nExecStop=/usr/sbin/nft flush ruleset\n"))
        try:
            look(folder, "sekishod.service")
            raise AssertionError("a unit that flushes rules was found good")
        except Failed:
            pass
        with open(bad, "w", encoding="utf-8") as f:
            f.write(text)
        calls_fit(folder)
        return judge(folder, units) + " "


case.main("FC-11", run_all)
