#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""MATRIX: gate beside tap: alike where both saw all, marked where they cannot both be right."""
import json
import time

from sekisho_lab import case, frames, policy, watching
from sekisho_lab.gate import Gate, Shot, check

POLICY = policy.build([policy.permit("WEB", ["a"], ["zb"], ["web"]),
                       policy.permit("NAMES", ["a"], ["zb"], ["names"])],
                      [policy.service("web", "tcp", ports=["80"]),
                       policy.service("names", "udp", ports=["53"])])


def matrix(gate):
    run = gate.sekisho("--json", "matrix")
    check(run.returncode == 0, run.stderr)
    return json.loads(run.stdout)


def pair(answer, from_, to):
    found = [p for p in answer["pairs"] if (p["from"], p["to"]) == (from_, to)]
    return found[0] if found else {"gate": {"permitted": 0, "stopped": 0},
                                   "tap": {"permitted": 0, "attempts": 0, "leaks": 0, "beside": 0}}


def marked(answer):
    return {(p["from"], p["to"]): (p["difference"]["kind"], p["difference"]["packets"])
            for p in answer["pairs"] if "difference" in p}


def agree(gate):
    """Permitted openings and stopped packets: both witnesses say the same numbers."""
    for n in range(20):
        gate.exchange(4 if n % 2 else 6, frames.TCP, 80, 41000 + n)
    shots = [gate.opening(4, ("za", 2), ("zc", 2), frames.UDP, 9000 + n) for n in range(30)]
    case.nothing(gate, gate.passed(shots, 4), "denied")
    check(watching.wait_until(lambda: pair(matrix(gate), "za", "zc")["tap"]["attempts"] == 30, 3),
          "the tap counts %s" % pair(matrix(gate), "za", "zc")["tap"])
    now = matrix(gate)
    case.equal(pair(now, "za", "zc")["gate"]["stopped"], 30, "stopped by the gate")
    case.equal(pair(now, "za", "zb")["gate"]["permitted"], 21, "opened by the gate")
    check(pair(now, "za", "zb")["tap"]["permitted"] >= 21, "permitted by the tap")
    # so many ports look like a scan: one more finding, and no packet more
    check(watching.wait_until(lambda: pair(matrix(gate), "za", "zc")["tap"]["beside"] == 1, 3),
          "no scan was found: %s" % pair(matrix(gate), "za", "zc"))
    case.equal(marked(now), {}, "marked pairs")


def answers_to_nobody(gate):
    """The gate stops them, and the tap knows that nobody asked: both count the same."""
    src, dst = policy.addr(4, "zb", 2), policy.addr(4, "za", 2)
    for n in range(40):
        body = frames.udp(4, src, dst, 53, 44000 + n, b"answer")
        gate.fire([Shot(1, 4, frames.ip(4, src, dst, frames.UDP, body))])
    until = time.monotonic() + 1
    while time.monotonic() < until:
        case.equal(marked(matrix(gate)), {}, "marked for answers to no question")
    case.equal(pair(matrix(gate), "zb", "za")["gate"]["stopped"], 40, "stopped by the gate")
    check(watching.wait_until(lambda: pair(matrix(gate), "zb", "za")["tap"]["attempts"] == 40, 3),
          "the tap counts %s" % pair(matrix(gate), "zb", "za")["tap"])
    case.equal(marked(matrix(gate)), {}, "marked once all are counted")


def opening_into_nowhere(gate):
    """A permitted host that is not there: the gate lets it through, nothing leaves."""
    src, dst = policy.addr(4, "za", 2), policy.addr(4, "zb", 77)
    for n in range(5):
        body = frames.tcp(4, src, dst, 42000 + n, 80, 1)
        gate.fire([Shot(0, 4, frames.ip(4, src, dst, frames.TCP, body))])
    time.sleep(0.3)
    case.equal(marked(matrix(gate)).get(("za", "zb")), ("opening-unseen", 5), "no next hop")


def stopped_elsewhere(gate):
    """Packets whose time to live is over never come to a rule."""
    src, dst = policy.addr(4, "za", 2), policy.addr(4, "zc", 2)
    for n in range(7):
        body = frames.udp(4, src, dst, 43000 + n, 99)
        gate.fire([Shot(0, 4, frames.ip(4, src, dst, frames.UDP, body, ttl=1))])
    check(watching.wait_until(lambda: marked(matrix(gate)).get(("za", "zc"))
                              == ("stopped-elsewhere", 7), 3),
          "time to live: %s" % marked(matrix(gate)))


def run():
    with Gate(POLICY) as gate:
        check(watching.wait_until(lambda: matrix(gate)["compared_since"] > 0, 6),
              "the witnesses are never compared")
        agree(gate)
        answers_to_nobody(gate)
        opening_into_nowhere(gate)
        stopped_elsewhere(gate)
        text = gate.sekisho("matrix").stdout
        check(text.count("!") == 2 + 2 + 1, "marks in the text:\n" + text)
        gate.apply(POLICY)
    return "two kinds of difference, none where there is none"


case.main("MATRIX", run)
