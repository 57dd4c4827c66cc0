#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-04: the same policy twice changes nothing in the kernel: the generation stays.

By another apply, by SIGHUP and by a restart; with permits that end soon and that ended.
"""
import signal
import time

from sekisho_lab import case, frames, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Datagrams

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("range", "udp", ports=["5000-5999"])]


def stamp(when):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))


def text():
    now = time.time()
    return policy.build([
        policy.permit("EXACT", ["a"], ["b"], ["web"]),
        policy.permit("RANGE", ["za"], ["zb", "self"], ["range"]),
        policy.permit("SOON", ["a"], ["c"], ["range"], valid_until=stamp(now + 86400)),
        policy.permit("LATER", ["a2"], ["c"], ["web"], valid_until=stamp(now + 400 * 86400)),
        policy.permit("ENDED", ["za"], ["zc"], ["web"], valid_until=stamp(now - 3600)),
        policy.permit("NOTYET", ["zb"], ["zc"], ["web"], valid_from=stamp(now + 3600))],
        SERVICES)


def generation(gate):
    return gate.status()["gate"]["generation"]


def run():
    with Gate(text()) as gate:
        same = open(gate.path, encoding="utf-8").read()
        flows = [Datagrams(gate, f, frames.UDP, 5500, 48000).open() for f in case.FAMILIES]
        before = generation(gate)
        counted = gate.permit_counter("RANGE")
        for n in range(2):
            answer = running.apply(gate, same)
            case.equal((answer["changed"], answer["generation"], answer["flows_cut"]),
                       (False, before, 0), "apply %d" % (n + 1))
        gate.daemon.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        case.equal(generation(gate), before, "generation after SIGHUP")
        gate.stop()
        gate.start()
        case.equal(generation(gate), before, "generation after a restart")
        running.runs(flows, "after all that")
        case.equal(gate.permit_counter("RANGE"), counted, "counter of RANGE")
        check(running.apply(gate, policy.build([], SERVICES))["generation"] != before,
              "another policy left the generation; the test shows nothing")
    return "generation %d" % before


case.main("CP-04", run)
