#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-04: however the daemon ends, nothing denied passes, and permitted traffic goes on.

SIGKILL and SIGSEGV of every process, SIGKILL of all at once for want of memory, stop and start, a stop that hangs, an upgrade (another
program file, the same table), and the purge of what the package put onto the disk.

Runs alone.
"""
import os
import re
import shutil
import signal
import time

from sekisho_lab import boot, case, streams
from sekisho_lab.gate import Gate, check

PATIENCE = 5.0          # seconds


def processes(gate):
    """Of each name; waits while one of them is being started again."""
    for _ in range(60):
        try:
            return _processes(gate)
        except FileNotFoundError:
            time.sleep(0.05)
    return _processes(gate)


def _processes(gate):
    found = re.findall(r"(\w+) started \(pid (\d+)\)", gate.log_tail(1 << 20))
    pids = {name: int(pid) for name, pid in found}
    with open("/proc/%d/stat" % pids["recorder"], encoding="ascii") as f:
        pids["keeper"] = int(f.read().rsplit(")", 1)[1].split()[1])
    return pids


def stopped_well(gate):
    trouble = gate.stop()
    check(not trouble, trouble)


def gone(gate):
    """The daemon ended without being asked; its supervisor is this test."""
    gate.daemon.wait(10)
    gate.daemon = None


def flows(s, what, seconds=0.35):
    """Nothing denied since the last look; and permitted packets come now, in their number."""
    s.nothing_denied(what)
    permitted, until = 0, time.monotonic() + PATIENCE
    # a busy machine sends fewer in that time
    while permitted < 0.25 * s.pps * seconds and time.monotonic() < until:
        time.sleep(seconds)
        permitted += s.nothing_denied(what)
    check(permitted >= 0.25 * s.pps * seconds, "%s: only %d permitted packets in %.0f s"
          % (what, permitted, PATIENCE))


def killed(gate, s, number, name):
    what = "%s of the %s" % (signal.Signals(number).name, name)
    os.kill(processes(gate)[name], number)
    flows(s, what)
    if name == "keeper":
        gone(gate)
        flows(s, what + ", nobody there")
        gate.start()
        flows(s, what + ", started again")


def out_of_memory(gate, s):
    """The kernel's way, and systemd's after it (OOMPolicy=kill): all of them at once."""
    for pid in processes(gate).values():
        os.kill(pid, signal.SIGKILL)
    gone(gate)
    flows(s, "out of memory")
    gate.start()
    flows(s, "out of memory, started again")


def hanging_stop(gate, s):
    """systemd's last word is a SIGKILL for all."""
    pids = processes(gate)
    os.kill(pids["watcher"], signal.SIGSTOP)
    gate.daemon.send_signal(signal.SIGTERM)
    flows(s, "a stop that hangs")
    for name in ("keeper", "watcher", "control", "recorder"):
        try:
            os.kill(pids[name], signal.SIGKILL)
        except ProcessLookupError:
            pass
    gone(gate)
    flows(s, "a stop that was ended")
    gate.start()


def upgraded(gate, s):
    """prerm does nothing, postinst starts the new program: a stop and a start."""
    stopped_well(gate)
    flows(s, "stopped for the upgrade")
    boot.early(gate)            # a unit that is started again by mistake
    flows(s, "the early unit on a gate that stands")
    gate.start()
    flows(s, "after the upgrade")


def purged(gate, s):
    stopped_well(gate)
    shutil.rmtree(os.path.join(gate.root, "run"))
    shutil.rmtree(os.path.join(gate.root, "lib"))
    os.unlink(gate.path)
    flows(s, "purged")


def run():
    with Gate(streams.POLICY) as gate, streams.Streams(gate) as s:
        time.sleep(0.3)
        for number in (signal.SIGKILL, signal.SIGSEGV):
            for name in ("watcher", "recorder", "control", "keeper"):
                killed(gate, s, number, name)
        out_of_memory(gate, s)
        hanging_stop(gate, s)
        upgraded(gate, s)
        purged(gate, s)
        sent = s.sent()
    return "%d permitted, %d denied sent, 0 denied passed" % sent


case.main("FC-04", run)
