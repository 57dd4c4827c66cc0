#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-16: a collector away and back, over rsyslog and TCP: nothing missing, nothing twice.

The collector ends, the rsyslog of the gateway ends, hangs and is killed with messages
unread, the forwarder is killed, the whole daemon is started again. Each message is the
sealed line as it stands in the log.
"""
import os
import signal
import subprocess
import time

from sekisho_lab import case, frames, policy, views, watching
from sekisho_lab.gate import Gate, Shot, check

PORT = 15514
AWAY = float(os.environ.get("SEKISHO_AWAY", "2"))       # seconds; 600: as the row says
READ_UNSEEN = 1         # record that a reader took before it ended, and we did not see it take
MANY = 150


class Line:
    """Gateway's rsyslog and collector, in a network that holds nothing else."""

    def __init__(self, gate):
        self.gate, self.namespace = gate, gate.prefix + "syslog"
        subprocess.run(["ip", "netns", "add", self.namespace], check=True)
        subprocess.run(["ip", "-n", self.namespace, "link", "set", "lo", "up"], check=True)
        self.out = os.path.join(gate.folder, "collected")
        self.near = views.rsyslog(gate.folder, "near", self.namespace,
                                  views.sender_rules(socket_of(gate), PORT, self.out + ".near"))
        self.far = views.rsyslog(gate.folder, "far", self.namespace,
                                 views.collector_rules(PORT, self.out))

    def __enter__(self):
        self.far.start()
        self.near.start()
        return self

    def __exit__(self, *_):
        self.near.stop()
        self.far.stop()
        subprocess.run(["ip", "netns", "del", self.namespace], check=False)


def socket_of(gate):
    return os.path.join(gate.folder, "syslog.sock")


def written(gate):
    """Sequence -> line, of what is on record."""
    with open(os.path.join(gate.root, "log", "violations.jsonl"), "rb") as f:
        lines = [line.rstrip(b"\n") for line in f if line.endswith(b"\n")]
    return dict(enumerate(lines, 1))


def attempts(gate, port, n=MANY):
    """So many violations, each a record of its own."""
    src, dst = policy.addr(4, "za", 2), policy.addr(4, "zc", 2)
    before = len(written(gate))
    for i in range(n):
        packet = frames.ipv4(src, dst, frames.UDP, frames.udp(4, src, dst, 40000, port + i, b"x"))
        gate.fire([Shot(0, 4, packet)], 0.001)
    views.wait_until(lambda: len(written(gate)) >= before + n, 10, "the attempts are not on record")


def compare(gate, line, first, what, twice=0, whole=True):
    """All records from "first" on have arrived, each once, in order, as they stand in the log.

    Not whole: as many as came in time, and no hole among them.
    """
    def arrived():
        return {n for n, _ in views.collected(line.out)}

    views.wait_until(lambda: not whole or max(arrived(), default=0) >= len(written(gate)), 20,
                     lambda: "%s: %d of %d arrived; %s" % (what, max(arrived(), default=0), len(written(gate)),
                                                          gate.log_tail(600) + line.near.said()))
    time.sleep(0.3)
    log, got = written(gate), views.collected(line.out)
    numbers = [n for n, _ in got]
    missing = sorted(set(range(first, max(numbers) + 1)) - set(numbers))
    check(not missing, "%s: missing %s" % (what, missing[:10]))
    again = len(numbers) - len(set(numbers))
    check(again <= twice, "%s: %d came twice, from %s on" % (what, again, next(
        (n for n in numbers if numbers.count(n) > 1), 0)))
    if twice == 0:
        case.equal(numbers, sorted(numbers), what + ": the order")
    wrong = [n for n, message in got if message != log[n]]
    check(not wrong, "%s: not as on record: %s" % (what, wrong[:5]))
    return len(numbers)


def run():
    views.need("rsyslogd")
    with Gate(policy.build(), daemon=False) as gate:
        text = policy.build() + 'record = { outputs = { syslog = "%s"; }; };\n' % socket_of(gate)
        gate.path = gate.write("policy.conf", text)
        with Line(gate) as line:
            views.wait_until(lambda: os.path.exists(socket_of(gate)), 5, line.near.said)
            gate.start()
            remark = story(gate, line)
    return remark


def story(gate, line):
    attempts(gate, 1000)
    first = views.collected(line.out)[0][0] if views.collected(line.out) else 1
    check(first <= 5, "begins with record %d" % first)
    compare(gate, line, first, "at first")

    line.far.stop()
    attempts(gate, 2000)
    time.sleep(AWAY)
    line.far.start()
    compare(gate, line, first, "collector away")

    # What it reads in the moment in which it ends is told again: nobody can know.
    line.near.stop()
    attempts(gate, 3000)
    time.sleep(AWAY)
    line.near.start()
    compare(gate, line, first, "rsyslog away", READ_UNSEEN)

    # What stands in its socket dies with it.
    line.near.hold()
    attempts(gate, 4000)
    time.sleep(0.5)
    line.near.stop(signal.SIGKILL)
    line.near.start()
    compare(gate, line, first, "rsyslog killed with messages unread", READ_UNSEEN)

    # Places are saved each second; what arrived since is told again after a kill.
    time.sleep(1.3)
    os.kill(watching.pids(gate)["forwarder"], signal.SIGKILL)
    attempts(gate, 5000)
    compare(gate, line, first, "forwarder killed", READ_UNSEEN)
    case.equal(gate.status()["warnings"][1:], [], "warnings")

    trouble = gate.stop()
    check(trouble is None, trouble)
    # It does not wait long for a reader; the rest is told after the next start.
    compare(gate, line, first, "at the end of the daemon", READ_UNSEEN, whole=False)
    gate.start()
    attempts(gate, 6000)
    n = compare(gate, line, first, "daemon started again", READ_UNSEEN)
    return "%d records over two rsyslogs; each away, killed, hung: none missing, none twice" % n


case.main("LG-16", run)
