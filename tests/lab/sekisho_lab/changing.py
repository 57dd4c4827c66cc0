# SPDX-License-Identifier: GPL-2.0-or-later
"""Two policies and what the tests of changes ask of a gate that has one of them."""
import hashlib
import json
import os
import time

from . import case, frames, policy
from .gate import check

SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("alt", "tcp", ports=["81"])]
# OLD lets port 80 through, NEW port 81; the control packet passes under both.
OLD = policy.build([policy.permit("T001", ["a"], ["b"], ["web"])], SERVICES)
NEW = policy.build([policy.permit("T002", ["a"], ["b"], ["alt"])], SERVICES)

_sport = [20000]


def passes(gate, port, when):
    """Of ports 80 and 81 exactly this one opens, IPv4 and IPv6."""
    for family in case.FAMILIES:
        shots = []
        for p in (80, 81):
            _sport[0] += 1
            shots.append(gate.opening(family, ("za", 2), ("zb", 2), frames.TCP, p, _sport[0]))
        came = [frames.transport(s.frame[14:]) for s in gate.passed(shots, family, wait=0.05)]
        ports = [int.from_bytes(payload[2:4], "big") for _, _, _, _, payload in came]
        case.equal(ports, [port], "IPv%d, %s: ports that came through" % (family, when))


def change(gate, verb, *words, must=True):
    """The JSON answer of a changing verb."""
    run = gate.sekisho("--json", verb, *words)
    check(run.stdout, "%s says nothing: %s" % (verb, run.stderr))
    answer = json.loads(run.stdout)
    check(not must or answer["ok"], "%s: %s" % (verb, answer.get("error")))
    return answer


def wait_serial(gate, serial, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = gate.sekisho("--json", "history")
        if run.returncode == 0 and json.loads(run.stdout)["running"] == serial:
            return
        time.sleep(0.05)
    check(False, "serial %d is not in force after %d s: %s" % (
        serial, seconds, gate.sekisho("history").stdout))


def changes(gate):
    return [r for r in gate.records() if r["sekisho"].get("kind") == "change"]


# ---- the state folder ---------------------------------------------------

def state_path(gate, *names):
    return os.path.join(gate.root, "lib", *names)


def read_state(gate, *names):
    """A state file's JSON, without the line that vouches for it."""
    with open(state_path(gate, *names), "rb") as f:
        return json.loads(f.read().rsplit(b"sha256 ", 1)[0])


def write_state(gate, value, *names):
    """The same back, vouched for again: as root can, and nobody else."""
    path = state_path(gate, *names)
    body = json.dumps(value).encode() + b"\n"
    with open(path, "r+b") as f:
        f.truncate()
        f.write(body + b"sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n")


def boot(gate):
    return read_state(gate, "boot")["serial"]
