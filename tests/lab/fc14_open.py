#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-14: the gate given up on purpose: asked twice, recorded, and nothing ever crosses.

Everybody reaches the gateway then; nobody gets through it, permitted or not, also when
somebody takes the table's absence for a reason to repair. It ends with an apply, and with a
start of the daemon. While it lasts it is told again every hour, and not a second longer.
"""
import socket
import time

from sekisho_lab import boot, case, faults, model, netns, streams, watching
from sekisho_lab.gate import check

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


def alarms(gate):
    return [r["event"] for r in gate.records() if "still given up" in r["event"]["reason"]]


def hours_pass(gate, after, want):
    """Control is shown a clock that is so many minutes ahead; how many alarms are told then."""
    pid = watching.pids(gate)["control"]
    for minutes, n in zip(after, want):
        gate.ahead(pid, 60 * minutes)
        gate.sekisho("status")      # it wakes, and looks
        watching.wait_until(lambda n=n: len(alarms(gate)) >= n, 1.5)
        case.equal(len(alarms(gate)), n, "alarms after %d minutes" % minutes)
    gate.ahead(0, 0)


def told_every_hour(gate, s):
    opened(gate, s)
    hours_pass(gate, (55, 61, 115, 125), (0, 1, 1, 2))
    check(all("everybody reaches the gateway" in e["reason"] for e in alarms(gate)), "words")
    gate.apply(streams.POLICY)
    closed(gate, s, "after hours")
    hours_pass(gate, (190, 400), (2, 2))


def run():
    with faults.FaultyGate(streams.POLICY) as gate, streams.Streams(gate) as s:
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
        told_every_hour(gate, s)
    return "9 refusals, 3 openings, told every hour"


case.main("FC-14", run)
