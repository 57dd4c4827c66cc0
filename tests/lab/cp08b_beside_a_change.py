#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-08: while a policy of 100,000 permitted tuples is planned or comes into force others are
served.

Status answers within a second (a third of the work where a loaded machine makes that
longer: no step may be most of it), says what is at work and how old its numbers are; who may
not read it gets nothing but a refusal. SEKISHO_CP08_SERVED: the limit in seconds.

Runs alone.
"""
import os
import subprocess
import threading
import time

from sekisho_lab import case, clients, model, netns, policy
from sekisho_lab.gate import Gate, check

HOSTS, PORTS = 200, 500
SERVED = float(os.environ.get("SEKISHO_CP08_SERVED", "1.0"))
SMALL = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                     [policy.service("web", "tcp", ports=["80"])])


def large(first):
    """200 hosts x 500 ports of two numbers each between za and zb."""
    hosts = ", ".join('"10.1.0.%d"' % n for n in range(20, 20 + HOSTS))
    built = policy.build([policy.permit("BIG", ["many"], ["b"], ["ports"])],
                         [policy.service("ports", "tcp",
                                         ports=[str(first + 2 * n) for n in range(PORTS)])])
    return built.replace("hosts = (\n", 'hosts = (\n  { name = "many"; zone = "za"; '
                         "addresses = [ %s ]; },\n" % hosts, 1)


class Asked(threading.Thread):
    """Asks for the status all the time: when each answer came, how late, what it said."""

    def __init__(self, gate):
        super().__init__(daemon=True)
        self.gate, self.over, self.answers = gate, threading.Event(), []

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            with clients.connect(self.gate) as s:
                answer = clients.ask(s, "status")
            self.answers.append((time.monotonic() - began, answer))
            time.sleep(0.02)


def beside(gate, verb, name, text):
    """(slowest answer, answers from the middle of the work, its seconds)."""
    path = gate.write(name, text)
    asked = Asked(gate)
    asked.start()
    began = time.monotonic()
    run = subprocess.run(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary(), "--root", gate.root,
         verb, "-f", path], capture_output=True, text=True, timeout=90, check=False)
    took = time.monotonic() - began
    asked.over.set()
    asked.join()
    check(run.returncode == 0, verb + " failed: " + run.stdout[-2000:] + run.stderr)
    bad = [(t, a) for t, a in asked.answers if not (a and a.get("ok"))]
    check(not bad, "a status was refused: %s" % bad[:1])
    return max(t for t, _ in asked.answers), [a for _, a in asked.answers if "busy" in a], took


def run():
    with Gate(SMALL) as gate:
        told = []
        gate.status()
        for verb, name, text in (("apply", "first.conf", large(20000)),
                                 ("apply", "same.conf", large(20000)),
                                 ("plan", "planned.conf", large(20001)),
                                 ("apply", "other.conf", large(20001))):
            slowest, busy, took = beside(gate, verb, name, text)
            told.append("%s %.2f s of %.1f s" % (name[:-5], slowest, took))
            for a in busy:
                check(a["busy"]["verb"] == verb and a["busy"]["actor"] == "uid 0"
                      and a["busy"]["numbers_age"] >= 0, "busy with: %s" % a["busy"])
            check(name not in ("first.conf", "planned.conf") or busy, "no answer came from within the change")
            check(slowest < max(SERVED, took / 3), "the slowest answer: %s" % ", ".join(told))
            now = gate.status()
            check("busy" not in now and now["policy"]["digest"] == now["record"].get(
                "digest", now["policy"]["digest"]), "after the change: %s" % now)
        nobody = dict((n, w) for n, w, _, _ in clients.people())["nobody"]
        told_nobody = nobody.call(lambda: clients.ask(clients.connect(gate), "status"))
        check(clients.refused(told_nobody), "nobody was told: %s" % told_nobody)
    return ", ".join(told)


case.main("CP-08", run)
