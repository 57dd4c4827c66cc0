# SPDX-License-Identifier: GPL-2.0-or-later
"""The frame of FZ-07 and FZ-08: do something, let a call fail in it, look what stands."""
import os
import signal
import subprocess
import threading
import time

from . import faults, frames, model, netns, running, watching
from .gate import check

# in the order of their fork(2)s; the starter and its alerter have none of their own
PROCESSES = ("keeper", "recorder", "forwarder", "control", "watcher")
FIRST_FORK = 1000       # no process of the start has such a number
FAULT_LASTS = 4.0       # seconds at most
LOG_MOST = 1 << 18      # bytes that one fault may bring forth
BACK = 12.0             # seconds until all is well again after a fault: a look around


def add_permit(gate):
    gate.sekisho("apply", "-f", gate.path_two)


def remove_permit(gate):
    gate.sekisho("apply", "-f", gate.path)


def reload(gate):
    gate.daemon.send_signal(signal.SIGHUP)
    time.sleep(0.1)


def plan(gate):
    gate.sekisho("plan", "-f", gate.path_two)


def status(gate):
    gate.sekisho("status")


def packets(gate):
    gate.fire_denied(41000 + gate.rounds % 20000)
    gate.exchange(4, frames.TCP, 80, 41000 + gate.rounds % 20000)
    time.sleep(0.05)


# what is done, and in which process a call may fail meanwhile
ACTIONS = [(add_permit, ("keeper", "control", "watcher")),
           (remove_permit, ("keeper", "control", "watcher")),
           (reload, ("keeper", "control", "loader")),
           (plan, ("control",)), (status, ("keeper", "control", "watcher", "recorder")),
           (packets, ("watcher", "recorder"))]


def aim(gate, action, kind, at, persistent, name):
    if action in (add_permit, remove_permit):
        # every one of them finds what it changes
        (remove_permit if action is add_permit else add_permit)(gate)
    if name == "loader":
        gate.order(kind, at, persistent, birth=FIRST_FORK + 1, births=FIRST_FORK)
    else:
        gate.order(kind, at, persistent, gate.daemon.pid if name == "keeper"
                   else watching.pids(gate)[name])


def healthy(gate):
    run = gate.sekisho("--json", "status")
    return run.returncode == 0


def recover(gate, what):
    """All is well again: by itself, at the latest with one more apply."""
    until, asked = time.monotonic() + BACK, False
    while time.monotonic() < until:
        check(gate.daemon.poll() is None, "%s: the daemon ended: %s" % (what, gate.log_tail()))
        gate.rounds += 1
        if healthy(gate) and gate.kept_shut(20000 + gate.rounds % 20000, what) \
                and gate.rules_of_table() in gate.known:
            return
        # a change that failed stays a problem in the status until one works
        if not asked:
            asked = gate.sekisho("apply", "-f", gate.path).returncode == 0
        time.sleep(0.1)
    check(False, "%s: not well again: %s\n%s" % (what, gate.sekisho("status").stdout[-300:],
                                                gate.log_tail()))


def judge(gate, what):
    gate.rounds += 1
    if os.environ.get("SEKISHO_FAULT_TALK"):
        print("%7.2f %s" % (time.monotonic(), what), flush=True)
    crashed, gate.foreign = gate.crashes()
    check(not crashed, "%s: %s\n%s" % (what, crashed, gate.log_tail(600)))
    size = os.path.getsize(os.path.join(gate.folder, "daemon.log"))
    check(size - gate.log_size < LOG_MOST, "%s: %d bytes in the log, ending %s"
          % (what, size - gate.log_size, gate.log_tail(300)))
    gate.log_size = size
    gate.kept_shut(20000 + gate.rounds % 20000, what)


def one(gate, action, name, kind, at, persistent):
    what = "%s of %s fails at %d%s in %s" % (faults.NAMES[kind], name, at,
                                            " and on" if persistent else "", action.__name__)
    aim(gate, action, kind, at, persistent, name)
    # for good is longer than anything waits but a client
    end = threading.Timer(FAULT_LASTS, gate.pause)
    end.start()
    action(gate)
    end.cancel()
    end.join()
    fired = gate.clear()[1]
    judge(gate, what)
    recover(gate, what)
    return fired


def calls_of(gate, action, name, kind, samples):
    """Which calls of this kind are to fail in it."""
    places = ()
    # not only what is done the first time
    for _ in range(2):
        aim(gate, action, kind, 0, False, name)
        action(gate)
        places = max(places, gate.places(gate.clear()[0]), key=len)
    return faults.choose(places, samples)


def run_actions(gate, kinds, samples, thin):
    done = n_combinations = 0
    for kind in kinds:
        for action, names in ACTIONS:
            for name in names:
                n_combinations += 1
                if n_combinations % thin != 0 and not faults.SWEEP:
                    continue
                for n, at in enumerate(calls_of(gate, action, name, kind, samples)):
                    ways = (False, True) if faults.SWEEP else (n % 2 == 1,)
                    for persistent in ways:
                        done += one(gate, action, name, kind, at, persistent) > 0
    return done


def comes_back_by_itself(gate):
    """Forwarding that could not be switched on is tried again, with nobody asked."""
    for at in range(1, 60):
        gate.order(faults.OPEN, at, True, gate.daemon.pid)
        reload(gate)
        gate.clear()
        if "forwarding is not on" in gate.sekisho("status").stdout:
            check(watching.wait_until(lambda: healthy(gate), BACK), "forwarding stays off")
            return gate.exchange(4, frames.TCP, 80, 40900)
        if not healthy(gate):
            remove_permit(gate)
    return check(False, "no such fault keeps forwarding off")


def hears_again(gate):
    """A recorder that gets no memory for a second goes on with what waits for it."""
    gate.order(faults.UNIX_RECEIVE, 1, True, watching.pids(gate)["recorder"])
    end = threading.Timer(1.0, gate.pause)
    end.start()
    gate.sekisho("status")
    end.join()
    check(gate.clear()[1] > 0, "the recorder received nothing")
    check(watching.wait_until(lambda: healthy(gate), BACK), "the recorder stays deaf: "
          + gate.sekisho("status").stdout[-300:])


# ---- starts -----------------------------------------------------------------


def start(gate, kind, birth, at, persistent):
    """A start with a fault in it: it works, or the daemon ends and says so."""
    gate.order(kind, at, persistent, birth=birth)
    gate.daemon = subprocess.Popen(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary("sekishod"),
         "-f", gate.path, "--foreground", "--root", gate.root],
        env=dict(os.environ, **gate.environment), stdin=subprocess.DEVNULL,
        stdout=gate.stderr, stderr=gate.stderr)
    until = time.monotonic() + 1.0
    while time.monotonic() < until and gate.daemon.poll() is None and not healthy(gate):
        time.sleep(0.02)
    return gate.clear()


def end(gate, what):
    """The rules stay, whatever became of the daemon."""
    judge(gate, what)
    cut = "everything is cut off" in gate.log_tail(3000)
    check(cut or gate.rules_of_table() in gate.known, what + ": the rules are others than before")
    if gate.daemon.poll() is None:
        gate.daemon.send_signal(signal.SIGTERM)
        gate.daemon.wait(20)
    check(gate.daemon.returncode >= 0, "%s: the daemon ended by signal %d:\n%s"
          % (what, -gate.daemon.returncode, gate.log_tail()))
    if cut:     # who cannot read what is cut off lets nothing through, until somebody says so
        gate.start_with_trouble()
        check(gate.sekisho("restore", "--all", "--reason", "test").returncode == 0, "restore")
        gate.daemon.send_signal(signal.SIGTERM)
        gate.daemon.wait(20)


def run_starts(gate, kinds, samples, thin):
    done = n_combinations = 0
    gate.daemon.send_signal(signal.SIGTERM)
    gate.daemon.wait(20)
    for kind in kinds:
        for birth, name in enumerate(PROCESSES):
            n_combinations += 1
            if n_combinations % thin != 0 and not faults.SWEEP:
                continue
            calls = start(gate, kind, birth, 0, False)[0]
            end(gate, "a start without faults")
            for n, at in enumerate(faults.choose(gate.places(calls), samples)):
                ways = (False, True) if faults.SWEEP else (n % 2 == 1,)
                for persistent in ways:
                    fired = start(gate, kind, birth, at, persistent)[1]
                    end(gate, "%s of the starting %s fails at %d%s" % (
                        faults.NAMES[kind], name, at, " and on" if persistent else ""))
                    done += fired > 0
    gate.start()
    return done


class OneOfTwo(faults.FaultyGate):
    """Knows what its two policies look like in the kernel."""

    rounds = foreign = log_size = 0
    known = ()

    def learn(self):
        self.path_two = self.write("two.conf", faults.TWO)
        seen = set()
        for _ in range(2):
            for path in (self.path_two, self.path):
                check(self.sekisho("apply", "-f", path).returncode == 0, "apply failed")
                # also what is swept away behind the answer, if a fault comes before that
                while running.judging(self):
                    seen.add(self.rules_of_table())
                seen.add(self.rules_of_table())
        self.known = seen

    def rules_of_table(self):
        """Without the versions of what was staged, and the places of things in the list."""
        import re
        text = re.sub(r"\.\d+\b", "", self.rules())
        return "\n".join(sorted(set(text.splitlines())))


def run(kinds, samples, thin=1):
    """Of every combination of fault, action and process so many calls; of each thin-th one."""
    with OneOfTwo(faults.ONE) as gate:
        gate.learn()
        done = run_actions(gate, kinds, samples, thin)
        if faults.OPEN in kinds:
            comes_back_by_itself(gate)
            hears_again(gate)
        starts = run_starts(gate, kinds, 1, 2 * thin - 1)
        check(done + starts >= 8, "only %d faults took place" % (done + starts))
        return "%d faults at work, %d at a start; %d processes gave up in good order, %d in " \
            "libraries" % (done, starts, gate.given_up(), gate.foreign)
