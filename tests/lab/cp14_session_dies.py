#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-14, with CP-15 and CP-16: locked out, the login dead: back in at the second.

The administrator cuts himself off on purpose (--force-lockout --confirm), and his session
is killed at once. Until the deadline he is out, and nobody gets in by any way made for
him; then he is in again. The deadline stands on the boot clock (CP-13: that is looked at
here; the date itself is moved in the virtual machine, tests/vm). A confirm with a wrong
number or too late is refused, and the state told as it is.
"""
import fcntl
import glob
import os
import re
import signal
import subprocess
import time

from sekisho_lab import admin, case, changing, clients, model, netns, policy
from sekisho_lab.gate import Gate, check

SECONDS = 10
SERVICES = [*changing.SERVICES, policy.service("ssh", "tcp", ports=["22"])]
OLD = policy.build([policy.permit("T001", ["a"], ["b"], ["web"]),
                    policy.permit("ADMIN", ["a2"], ["self"], ["ssh"])], SERVICES)


def session(gate, path):
    """A login that applies and then sits there, in a process group of its own."""
    script = '"$0" --root "$1" apply --confirm %d --force-lockout -f "$2"; sleep 60' % SECONDS
    return subprocess.Popen(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), "sh", "-c", script,
         model.binary(), gate.root, path], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def timers(pid):
    """(clock, seconds left) of every timer that a process has armed."""
    found = []
    for path in glob.glob("/proc/%d/fdinfo/*" % pid):
        try:
            with open(path, encoding="ascii") as f:
                text = f.read()
        except OSError:
            continue
        clock = re.search(r"clockid: (\d+)", text)
        left = re.search(r"it_value: \((\d+), (\d+)\)", text)
        if clock and left and (int(left[1]) or int(left[2])):
            found.append((int(clock[1]), int(left[1]) + int(left[2]) / 1e9))
    return found


def ways_in(gate):
    """Who gets to port 22 of the gateway: from za (the administrator), from zb."""
    return [(segment, family) for segment, zone in ((0, "za"), (1, "zb"))
            for family in case.FAMILIES
            if (s := admin.connect(gate, family, segment, zone, 0.3)) is not None
            and not s.close()]


def one_connection(gate):
    """A confirm from the connection that applied shows nothing, and is none."""
    text = netns.run(netns.gateway(gate.prefix), model.binary(), "check", "--print", "-f",
                     os.path.join(gate.folder, "new.conf")).stdout
    fd = os.memfd_create("policy", os.MFD_ALLOW_SEALING)
    os.write(fd, text.encode())
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
                | fcntl.F_SEAL_WRITE)
    with clients.connect(gate) as s:
        answer = clients.ask(s, "apply", [fd], confirm=60, force_lockout=True)
        check(answer["ok"], "apply: %r" % answer)
        case.equal(clients.ask(s, "confirm").get("code"), "confirm-same", "confirm")
    os.close(fd)
    check(gate.status()["pending"] is not None, "the same connection ended the waiting")
    changing.change(gate, "rollback")


def run():
    os.environ.pop("SSH_CONNECTION", None)
    with Gate(OLD) as gate, admin.listener(gate):
        admin.settle(gate, 0, *admin.HOME)
        admin.settle(gate, 1, "zb", 3)
        case.equal(ways_in(gate), [(0, 4), (0, 6)], "ways in before")
        began = time.monotonic()
        login = session(gate, gate.write("new.conf", changing.NEW))
        changing.wait_serial(gate, 2, 5)
        os.killpg(login.pid, signal.SIGKILL)
        login.wait()
        began = (began + time.monotonic()) / 2
        case.equal(ways_in(gate), [], "ways in while it waits")
        changing.passes(gate, 81, "while it waits")
        clocks = [c for c, left in timers(changing.pids(gate)["control"]) if 1 < left <= SECONDS]
        check(time.CLOCK_BOOTTIME in clocks, "no timer of the boot clock is armed: %r" % clocks)
        wrong = changing.change(gate, "confirm", "1", must=False)
        case.equal(wrong["code"], "confirm-wrong", "confirm of another serial")
        wrong = changing.change(gate, "confirm", "77", must=False)
        case.equal(wrong["code"], "confirm-wrong", "confirm of no serial")
        check(gate.status()["pending"]["serial"] == 2, "a wrong confirm ended the waiting")
        changing.wait_serial(gate, 1, SECONDS + 3)
        took = time.monotonic() - began
        check(abs(took - SECONDS) < 1.0, "back after %.2f s" % took)
        case.equal(ways_in(gate), [(0, 4), (0, 6)], "ways in after the deadline")
        late = changing.change(gate, "confirm", "2", must=False)
        check(late["code"] == "confirm-none" and "serial 1" in late["error"],
              "too late: %r" % late)
        changing.passes(gate, 80, "after a late confirm")
        case.equal((changing.boot(gate), gate.status()["policy"]["serial"]), (1, 1),
                   "what a start loads, and what runs")
        for text in ("9", "86401", "0", "99999999999"):
            bad = changing.change(gate, "apply", "--confirm", text, "-f", gate.path, must=False)
            case.equal(bad.get("code"), "change-bad-seconds", "--confirm " + text)
        one_connection(gate)
        # given up before its time
        changing.change(gate, "apply", "--confirm", "60", "-f",
                        os.path.join(gate.folder, "new.conf"), "--force-lockout")
        changing.change(gate, "rollback")
        changing.passes(gate, 80, "given up")
        case.equal(gate.status()["pending"], None, "what waits")
        # to a version that was never confirmed: a change of its own
        back = changing.change(gate, "rollback", "2", "--force-lockout")
        changing.passes(gate, 81, "rollback to serial 2")
        case.equal((back["of"], changing.boot(gate)), (2, back["serial"]), "rollback to 2")
        gone = changing.change(gate, "rollback", "999", must=False)
        case.equal(gone["code"], "rollback-unknown", "rollback to nothing")
    return "back after %.2f s of %d" % (took, SECONDS)


case.main("CP-14", run)
