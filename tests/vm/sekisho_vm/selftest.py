# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-00: a guest that dies, hangs, lies or says nothing makes its tests fail.

The "machine" is a shell script that gets qemu's words: no guest needs to boot for this.
"""
import os
import tempfile
import time

from . import agenda, machine

FAKE = """#!/bin/sh
for word; do case $word in *sekisho.mark=*) mark=${word##*sekisho.mark=} ;; esac; done
for word; do case $word in file:*) : >"${word#file:}" ;; esac; done
%s
"""
UP = 'echo "$mark up 6.1 1"\n'
GOOD = "echo '@ begin one 0'; echo 'PASS ONE fine'; echo '@ end one 0 1'\n"
TWO = "echo '@ begin two 0'; echo 'PASS TWO fine'; echo '@ end two 0 1'\n"
EXIT = 'echo "$mark exit 0"\n'
# (what the machine says, tests that must have passed)
CASES = (
    (UP + GOOD + TWO + EXIT, ["one", "two"]),
    ("", []),
    (UP + GOOD, ["one"]),
    (UP + GOOD + "exec sleep 60", ["one"]),
    (UP + GOOD + EXIT, ["one"]),
    (UP + "echo 'PASS ONE fine'; echo 'PASS TWO fine'\n" + EXIT, []),
    (UP + GOOD + TWO.replace("PASS", "SKIP") + EXIT, ["one"]),
    (UP + GOOD + TWO.replace("two 0", "two 1") + EXIT, ["one"]),
    (UP + GOOD + TWO.replace("two 0", "two 137") + EXIT, ["one"]),
    (UP + GOOD + "echo '@ begin two 0'; echo '@ end two 0 1'\n" + EXIT, ["one"]),
    (UP + GOOD + TWO.replace("@", "-guess-") + EXIT, ["one"]),
)


class _NoImage:
    class kernel:
        image = "none"

    @staticmethod
    def write(path, files):
        pass


def _passed(folder, script):
    said = []
    one = agenda.Agenda({"one": "/one.py", "two": "/two.py"}, "/build", said.append)
    qemu = os.path.join(folder, "qemu")
    with open(qemu, "w", encoding="utf-8") as f:
        f.write(FAKE % script.replace("@", one.mark))
    os.chmod(qemu, 0o755)
    result = machine.Machine(_NoImage, qemu=qemu).boot({}, "", seconds=1, hear=one.hear)
    one.finish(result)
    told = sum(len(text.split(" ")) > 1 and text[:4] in ("PASS", "FAIL", "SKIP")
               for text in said)
    return one.passed, len(one.passed) + len(one.failed) + len(one.skipped), told


def run(tell):
    """True when every case came out as it must."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for n, (script, want) in enumerate(CASES):
            passed, judged, told = _passed(folder, script)
            if passed != want or judged != 2 or told != 2:
                tell("FAIL vm/VM-00 case %d: passed %s of 2 judged %d told %d, expected %s"
                     % (n, passed, judged, told, want))
                return False
    tell("PASS vm/VM-00 %d guests that die, hang or lie (%.1f s)"
         % (len(CASES), time.monotonic() - start))
    return True
