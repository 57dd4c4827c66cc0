#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-14: the gate given up on purpose: asked twice, recorded, and nothing ever crosses.

Everybody reaches the gateway then; nobody gets through it, permitted or not, also when
somebody takes the table's absence for a reason to repair. It ends with an apply, and with a
start of the daemon.
"""
import socket
import time

from sekisho_lab import boot, case, model, netns, streams
from sekisho_lab.gate import Gate, check

WHO = ("--reason", "shut out by T001", "--person", "Mihon Taro")
HOST = socket.gethostname()
TRIES = [(family, zone, 22) for family in case.FAMILIES for zone in ("za", "zb", "zc")]


def ask(gate, answers, words=WHO):
    return netns.run(netns.gateway(gate.prefix), model.binary(), "--root", gate.root, "open",
                     *words, input="".join(a + "\n" for a in answers))


def closed(gate, s, what):
    until = time.monotonic() + 3
    while boot.forwarding(gate) != (True, True):
        check(time.monotonic() < until, what + ": forwarding does not come back")
        time.sleep(0.05)
    s.phase()
    time.sleep(0.3)
    check(s.nothing_denied(what) > 20, what + ": permitted packets do not pass")
    case.equal(boot.answered(gate, TRIES, 50000), [], what + ": who reaches the gateway")


def opened(gate, s):
    run = ask(gate, ("open", HOST))
    check(run.returncode == 0, "open: %s%s" % (run.stdout, run.stderr))
    s.phase()
    for n in range(2):
        time.sleep(1.2)     # longer than any slow look
        case.equal(s.phase(), (0, 0), "packets (permitted, denied) while it is open")
        case.equal(boot.forwarding(gate), (False, False), "forwarding while it is open")
    check(gate.nft("list", "table", "inet", "sekisho").returncode != 0, "the table came back")
    case.equal(boot.answered(gate, TRIES, 51000), TRIES, "who reaches the gateway")
    status = gate.sekisho("--json", "status")
    check(status.returncode == 1 and "Mihon Taro" in status.stdout,
          "status does not tell of it: " + status.stdout[-400:])
    told = [r for r in gate.records() if "given up" in r["event"].get("reason", "")]
    check(told and "shut out by T001" in str(told[-1]) and "Mihon Taro" in str(told[-1]),
          "the record does not tell who and why: %s" % told[-1:])


def run():
    with Gate(streams.POLICY) as gate, streams.Streams(gate) as s:
        time.sleep(0.3)
        for answers in ((), ("yes", HOST), ("open",), ("open", "gw-other"), ("OPEN", HOST)):
            check(ask(gate, answers).returncode == 1, "opened by %s" % (answers,))
        for words in ((), WHO[:2], WHO[2:], ("--reason", "", *WHO[2:])):
            check(ask(gate, ("open", HOST), words).returncode == 64, "opened with %s" % (words,))
        closed(gate, s, "refused")
        opened(gate, s)
        gate.apply(streams.POLICY)
        closed(gate, s, "after an apply")
        opened(gate, s)
        trouble = gate.stop()
        check(not trouble, trouble)
        gate.start()
        closed(gate, s, "after a start")
    return "9 refusals, 2 openings "


case.main("FC-14", run)
