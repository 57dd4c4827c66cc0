#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-05: of many clients that apply at once exactly one wins, the others are told by whom.

The control process is held still while they all ask, so that they truly come at once.
"""
import json
import os
import signal
import subprocess
import time

from sekisho_lab import case, changing, model, netns
from sekisho_lab.gate import Gate, check

CLIENTS = 6


def ask(gate, path):
    return subprocess.Popen(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary(), "--root",
         gate.root, "--json", "apply", "-f", path], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True)


def sockets_waiting(gate):
    """Connections to the control socket that wait for the daemon."""
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/net/unix")
    return sum(1 for line in run.stdout.splitlines() if gate.root in line)


def run():
    with Gate(changing.OLD) as gate:
        control = changing.pids(gate)["control"]
        paths = [gate.write("p%d.conf" % n, (changing.NEW, changing.OLD)[n % 2])
                 for n in range(CLIENTS)]
        before = sockets_waiting(gate)
        os.kill(control, signal.SIGSTOP)
        try:
            clients = [ask(gate, p) for p in paths]
            until = time.monotonic() + 10
            while sockets_waiting(gate) < before + CLIENTS and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(0.5)
        finally:
            os.kill(control, signal.SIGCONT)
        answers = [json.loads(c.communicate(timeout=30)[0]) for c in clients]
        won = [n for n, a in enumerate(answers) if a["ok"]]
        case.equal(len(won), 1, "clients that won")
        for a in answers:
            check(a["ok"] or (a["code"] == "change-came-late" and "uid 0" in a["error"]),
                  "a loser is told: %r" % a.get("error"))
        changing.passes(gate, 81 if won[0] % 2 == 0 else 80, "what the winner applied")
        case.equal(json.loads(gate.sekisho("--json", "history").stdout)["running"],
                   answers[won[0]]["serial"], "serial in force")
        # one after the other nobody is refused
        for n in range(3):
            changing.change(gate, "apply", "-f", paths[n % 2])
    return "%d clients at once" % CLIENTS


case.main("CP-05", run)
