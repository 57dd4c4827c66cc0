#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VM-10: FC-03 on a kernel whose modules are not there: nft_fib, which every gate needs, and
nf_tables itself. Early ends with an error, the daemon comes up and tells it, forwarding is
off whoever switched it on, and nothing crosses. With the modules back an apply is enough.
"""
import glob
import os
import subprocess
import time

from sekisho_lab import boot, case, streams
from sekisho_lab.gate import Gate, check

FOLDER = "/usr/lib/modules/" + os.uname().release


def loaded():
    with open("/proc/modules", encoding="ascii") as f:
        return {line.split()[0]: line.split()[3].strip(",") for line in f}


def unload(prefix):
    """Every module of that name, and whoever needs it."""
    until = time.monotonic() + 10
    while any(name.startswith(prefix) for name in loaded()):
        check(time.monotonic() < until, "still there: %s" % sorted(loaded().items()))
        for name, users in loaded().items():
            if users == "-" and name.startswith(("nft_", "nf_", "nfnetlink", "nfnl")):
                subprocess.run(["/usr/bin/busybox", "rmmod", name], check=False,
                               stderr=subprocess.DEVNULL)
        time.sleep(0.1)


class Away:
    """Modules whose file is not to be found."""

    def __init__(self, prefix):
        self.prefix = prefix

    def __enter__(self):
        self.files = glob.glob(os.path.join(FOLDER, "**", self.prefix + "*.ko"), recursive=True)
        check(self.files, "no module is called " + self.prefix)
        unload(self.prefix)
        for path in self.files:
            os.rename(path, path + ".away")

    def __exit__(self, *_):
        for path in self.files:
            os.rename(path + ".away", path)


def without(gate, s, prefix):
    gate.nft("delete", "table", "inet", "sekisho")
    with Away(prefix):
        boot.switch_on(gate)
        boot.early(gate, boot.CONF, must=1)
        boot.switch_on(gate)
        gate.start_with_trouble()
        s.phase()
        time.sleep(0.5)
        case.equal(s.phase(), (0, 0), "without %s: packets (permitted, denied)" % prefix)
        case.equal(boot.forwarding(gate), (False, False), "without %s: forwarding" % prefix)
    check(gate.sekisho("apply", "-f", gate.path).returncode == 0, "no apply with %s" % prefix)
    s.phase()
    time.sleep(0.5)
    check(s.nothing_denied("with " + prefix) > 20, "nothing crosses with %s again" % prefix)
    trouble = gate.stop()
    check(not trouble, trouble)


def run():
    with Gate(streams.POLICY, daemon=False) as gate, streams.Streams(gate, pps=200) as s:
        for prefix in ("nft_fib", "nf_tables"):
            without(gate, s, prefix)
    return "two modules away"


case.main("VM-10", run)
