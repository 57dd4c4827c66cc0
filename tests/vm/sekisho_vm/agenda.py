# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of tests for one guest, and the verdicts from what the guest says.

Nothing passes by silence: a test has passed when the guest told both its PASS line and
its status 0 between the two marks of this run.
"""
import glob
import os
import re
import secrets
import shlex

from .image import TOP

LAB = os.path.join(TOP, "tests", "lab")
OWN = os.path.join(TOP, "tests", "vm", "tests")
SKIP, LATE = 77, (124, 137)
USUAL_LIMIT = 150       # seconds a test may take, by the guest's clock
LIMIT = int(os.environ.get("SEKISHO_TEST_TIMEOUT", USUAL_LIMIT))
# in the guest
HOME = "/sekisho"
BUILD = HOME + "/build"

SCRIPT = """export SEKISHO_SCHEMA=no SEKISHO_BUILD=%s PYTHONPATH=%s/tests/lab%s
cd %s
now() { cut -d ' ' -f 1 /proc/uptime; }
clean() {
	kill -9 -1 2>/dev/null
	for n in /run/netns/*; do [ -e "$n" ] && ip netns del "${n##*/}"; done
	rm -rf /tmp/*
}
run() {
	name=$1
	shift
	echo "%s begin $name $(now)"
	timeout -k 5 %d "$@"
	echo "%s end $name $? $(now)"
	clean
}
"""


def tests_there(build):
    """Every test by name: lab tests, those for the guest only, unit tests."""
    found = {}
    for folder in (LAB, OWN):
        for path in sorted(glob.glob(os.path.join(folder, "[a-z]*.py"))):
            found[os.path.basename(path)[:-3]] = path
    found["fc02_reboots"] = os.path.join(OWN, "sekisho_guest", "reboot_step.py")
    for path in sorted(glob.glob(os.path.join(build, "tests", "unit", "test_*"))):
        if os.access(path, os.X_OK) and os.path.splitext(path)[1] == "":
            found["unit/" + os.path.basename(path)] = path
    return found


def in_guest(path, build):
    if path.startswith(build + os.sep):
        return os.path.join(BUILD, os.path.relpath(path, build))
    return os.path.join(HOME, os.path.relpath(path, TOP))


def add_files(image, tests, build):
    """Programs under test and the tests' own files."""
    programs = ["sekishod", "sekisho", "tests/lab/flood", "tests/lab/commit_fault"]
    for name in programs:
        path = os.path.join(build, name)
        if os.access(path, os.X_OK):
            image.add(in_guest(path, build), path)
    for folder in (os.path.join(LAB, "sekisho_lab"), os.path.join(OWN, "sekisho_guest")):
        image.add_python(in_guest(folder, build), folder)
    for path in tests.values():
        image.add(in_guest(path, build), path)
    rules = os.path.join(TOP, "rules", "examples")
    for folder, _, names in os.walk(rules):
        for name in names:
            path = os.path.join(folder, name)
            image.add(in_guest(path, build), path)


def passed_on():
    """What somebody set for the tests (SEKISHO_RELOADS and the like)."""
    return "".join(" %s=%s" % (name, shlex.quote(value))
                   for name, value in sorted(os.environ.items())
                   if re.fullmatch(r"SEKISHO_[A-Z]+", name)
                   and name not in ("SEKISHO_BUILD", "SEKISHO_KEEP"))


class Agenda:
    """Tests of one guest; hear() takes its lines and tells verdicts as they come."""

    def __init__(self, tests, build, tell):
        self.tests, self.build, self.tell = tests, build, tell
        self.mark = "-%s-" % secrets.token_hex(8)
        self.open = dict(tests)         # not yet judged
        self.now, self.said, self.since = None, [], 0.0
        self.passed, self.skipped, self.failed = [], [], []

    def script(self):
        text = SCRIPT % (BUILD, HOME, passed_on(), HOME, self.mark, LIMIT, self.mark)
        for name, path in self.tests.items():
            python = "/usr/bin/python3 " if path.endswith(".py") else ""
            text += "run %s %s%s\n" % (name, python, in_guest(path, self.build))
        return text

    def hear(self, line):
        words = line.split()
        if words[:1] != [self.mark] or len(words) < 4:
            self.said.append(line)
        elif words[1] == "begin":
            self.now, self.said, self.since = words[2], [], float(words[3])
        elif words[1] == "end" and words[2] == self.now and len(words) == 5:
            self._judge(self.now, int(words[3]), float(words[4]) - self.since)
            self.now = None

    def finish(self, result):
        """The guest is gone: what has no verdict has failed."""
        why = result.why or "the guest ended with status %s" % result.status
        for name in list(self.open):
            if name == self.now:
                last = [*self.said[-20:], *result.console.splitlines()[-20:]]
                self._fail(name, "%s\n%s" % (why, "\n".join(last)))
            else:
                self._fail(name, "was not run: " + why)

    def _judge(self, name, status, seconds):
        if self.open.pop(name, None) is None:
            return
        if name.startswith("unit/"):
            self._judge_unit(name, status, seconds)
            return
        word = {0: "PASS", SKIP: "SKIP"}.get(status, "FAIL")
        lines = [line for line in self.said if re.match(r"(PASS|FAIL|SKIP) \S", line)]
        if status in LATE:
            self._fail(name, "took longer than %d s\n%s" % (LIMIT, self._tail()))
        elif not lines or lines[-1][:4] != word:
            self._fail(name, "ended with status %d, saying\n%s" % (status, self._tail()))
        else:
            {"PASS": self.passed, "SKIP": self.skipped, "FAIL": self.failed}[word].append(name)
            at = self.said.index(lines[-1])
            self.tell("\n".join(["%s vm/%s" % (word, lines[-1][5:]), *self.said[at + 1:]]))

    def _judge_unit(self, name, status, seconds):
        if status == 0:
            self.passed.append(name)
            self.tell("PASS vm/%s (%.1f s)" % (name, seconds))
        elif status == SKIP:
            self.skipped.append(name)
            self.tell("SKIP vm/%s %s" % (name, (self.said or [""])[-1]))
        else:
            self._fail(name, "status %d\n%s" % (status, self._tail()))

    def _fail(self, name, why):
        self.open.pop(name, None)
        self.failed.append(name)
        self.tell("FAIL vm/%s %s" % (name, why))

    def _tail(self):
        return "\n".join(self.said[-30:])
