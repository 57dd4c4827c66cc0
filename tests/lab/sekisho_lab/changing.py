# SPDX-License-Identifier: GPL-2.0-or-later
"""Two policies and what the tests of changes ask of a gate that has one of them."""
import datetime
import hashlib
import json
import os
import re
import signal
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
    with open(path, "wb") as f:
        f.write(body + b"sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n")
    owner = os.stat(os.path.dirname(path))
    os.chown(path, owner.st_uid, owner.st_gid)
    os.chmod(path, 0o600)


def boot_clock():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def went_back(gate, deadline):
    """Seconds behind this moment of the boot clock, by the record of going back.

    Not by when somebody got to see it: on a busy machine that is later.
    """
    told = [r for r in changes(gate) if "was not confirmed within" in r["event"]["reason"]]
    check(told, "that it was not confirmed is not on record")
    when = datetime.datetime.fromisoformat(told[-1]["@timestamp"].replace("Z", "+00:00"))
    return when.timestamp() - (time.time() - boot_clock()) - deadline


def boot(gate):
    return read_state(gate, "boot")["serial"]


def wait_for(what, seconds, name):
    until = time.monotonic() + seconds
    while not what():
        check(time.monotonic() < until, "%s: not within %d s" % (name, seconds))
        time.sleep(0.05)


# ---- processes ------------------------------------------------------------

def pids(gate):
    """Newest process of each name, as the keeper's log tells."""
    found = re.findall(r"(\w+) started \(pid (\d+)\)", gate.log_tail(1 << 20))
    return {name: int(pid) for name, pid in found}


def keeper_pid(gate):
    with open("/proc/%d/stat" % pids(gate)["recorder"], encoding="ascii") as f:
        return int(f.read().rsplit(")", 1)[1].split()[1])


def _gone(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def kill_one(gate, name):
    """SIGKILL, and wait until there is another one that answers."""
    old = pids(gate)[name]
    os.kill(old, signal.SIGKILL)
    wait_for(lambda: pids(gate)[name] != old and gate.sekisho("status").stdout, 6,
             "another " + name)


def kill_all(gate):
    """SIGKILL the keeper; no other one outlives it."""
    others = list(pids(gate).values())
    os.kill(keeper_pid(gate), signal.SIGKILL)
    gate.daemon.wait(5)
    gate.daemon = None
    gate.stderr.close()
    wait_for(lambda: all(_gone(p) for p in others), 5, "the end of all processes")


def alive(gate):
    """Processes of the daemon that have not ended."""
    return [p for p in pids(gate).values() if not _gone(p)]
