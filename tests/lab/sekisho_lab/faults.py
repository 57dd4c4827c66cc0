# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that fail on purpose in a running sekishod (tests/lab/shim/fault_shim.c).

SEKISHO_FAULT_SWEEP=1: calls from every place of the program, once and for good, not a
sample. An hour and more.
"""
import errno
import mmap
import os
import re
import signal
import struct
import time

from . import case, frames, model, policy
from .gate import Gate, check

MEMORY, NETLINK_SEND, NETLINK_RECEIVE, UNIX_SEND, UNIX_RECEIVE, OPEN, DESCRIPTOR, FORK, \
    WRITE, MAP, RAW = range(1, 12)
ERRORS = {MEMORY: errno.ENOMEM, NETLINK_SEND: errno.ENOBUFS, NETLINK_RECEIVE: errno.ENOBUFS,
          UNIX_SEND: errno.ENOBUFS, UNIX_RECEIVE: errno.ENOMEM, OPEN: errno.EMFILE,
          DESCRIPTOR: errno.EMFILE, FORK: errno.EAGAIN, WRITE: errno.EIO, MAP: errno.ENOMEM,
          RAW: errno.EPERM}
NAMES = {MEMORY: "malloc", NETLINK_SEND: "netlink send", NETLINK_RECEIVE: "netlink receive",
         UNIX_SEND: "send", UNIX_RECEIVE: "receive", OPEN: "open", DESCRIPTOR: "new descriptor",
         FORK: "fork", WRITE: "write", MAP: "mmap", RAW: "raw call"}
ORDER = struct.Struct("=IiiIiIQQQi")      # struct order of the shim
PLACES_AT, PLACES = 80, 8000              # behind it: where the calls came from
PAGES = (PLACES_AT + 8 * PLACES + 4095) // 4096 * 4096
DEADLY = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE,
          signal.SIGSYS}
SWEEP = bool(os.environ.get("SEKISHO_FAULT_SWEEP"))
SERVICES = [policy.service("web", "tcp", ports=["80"]), policy.service("dns", "udp", ports=["53"])]
ONE = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])], SERVICES)
TWO = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                    policy.permit("DNS", ["za"], ["zc"], ["dns"])], SERVICES)


class FaultyGate(Gate):
    """A gate whose daemon runs with the shim, and that looks at all that comes out."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.denied, self.leaked = set(), []
        path = os.path.join(self.folder, "fault")
        with open(path, "wb") as f:
            f.write(b"\0" * PAGES)
        with open(path, "r+b") as f:
            self.page = mmap.mmap(f.fileno(), PAGES)
        self.environment = {"SEKISHO_FAULT": path, "LD_PRELOAD": os.path.join(
            os.path.dirname(model.binary()), "tests", "lab", "fault_shim.so")}
        if not os.path.exists(self.environment["LD_PRELOAD"]):
            raise case.Skipped("tests/lab/fault_shim.so is not built (make tests)")

    # ---- orders ---------------------------------------------------------

    def order(self, kind, at, persistent=False, pid=0, birth=-1, error=None, births=0):
        """births: the number of forks so far, to tell later ones from earlier ones."""
        self.page[:ORDER.size] = ORDER.pack(0, pid, birth, persistent,
                                            error or ERRORS[kind], 0, at, 0, 0, births)
        self.page[0:4] = struct.pack("=I", kind)

    def pause(self):
        """No faults any more."""
        self.page[0:4] = struct.pack("=I", 0)

    def clear(self):
        """The same: (calls counted, calls that failed)."""
        self.pause()
        found = ORDER.unpack(self.page[:ORDER.size])
        return found[7], found[8]

    def places(self, calls):
        """Where the calls came from that were counted just now, in their order."""
        return struct.unpack_from("=%dQ" % min(calls, PLACES), self.page, PLACES_AT)

    def ahead(self, pid, seconds):
        """For this process the monotonic clock goes so far ahead from now on."""
        self.page[52:64] = struct.pack("=iq", pid, seconds * 10**9)

    def slow_disk(self, seconds, pid=0):
        """Each fdatasync(2), and fsync(2) of this process, takes so much longer; 0: no more."""
        self.page[64:72] = struct.pack("=ii", pid, int(seconds * 1000))

    def slow_calls(self):
        """How many such calls have begun."""
        return struct.unpack("=I", self.page[72:76])[0]

    # ---- what came out ---------------------------------------------------

    def await_tag(self, tag, segment, seconds=1.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for seen in self.wire.receive(0.01):
                found = frames.transport(seen.frame[14:])
                came = frames.tag_of(found[3], found[4]) if found else None
                if came in self.denied:
                    self.leaked.append(came)
                if seen.segment == segment and came == tag:
                    return True
        return False

    def fire_denied(self, sport):
        for family in case.FAMILIES:
            for dport in (81, 82):
                shot = self.opening(family, ("za", 2), ("zb", 2), frames.TCP, dport, sport)
                self.denied.add(self.last_tag())
                self.fire([shot])

    def kept_shut(self, sport, what):
        """What is denied does not pass; whether what is permitted does, by family."""
        self.fire_denied(sport)
        passed = [self.exchange(family, frames.TCP, 80, sport, must=False)
                  for family in case.FAMILIES]
        check(not self.leaked, "%s: %d denied packets passed" % (what, len(self.leaked)))
        return all(passed)

    def rules(self):
        """The ruleset without what packets change in it."""
        text = self.nft("-s", "list", "ruleset").stdout
        return re.sub(r"\tset violations\d \{.*?\n\t\}\n", "", text, flags=re.S)

    def crashes(self):
        """(where processes crashed by a mistake of ours, how often by one of a library).

        libconfig 1.5 looks at no result of calloc(3), and libnftnl 1.2 measures a name that
        it got no memory to copy: a process that reads a policy or the table without memory
        ends there, and is started again. That much is not ours to mend.
        """
        log = self.log_tail(1 << 22)
        ended = [m.group(0) for m in re.finditer(r"the \w+ was ended by signal (\d+)", log)
                 if int(m.group(1)) in DEADLY]
        # the shim's own frame, that of the signal, and then the one that crashed
        where = re.findall(r"fault_shim\.so.*\n.*/libc\.so.*\n(.*\n.*\n.*)\n", log)
        ours = [w for w in where if "libconfig.so" not in w and "libnftnl.so" not in w]
        return ours or ended[len(where):], len(where) - len(ours)

    def given_up(self):
        return len(re.findall(r"the \w+ ended with status \d+", self.log_tail(1 << 22)))


def choose(places, samples):
    """Which of the calls from these places are to fail: some from each in a sweep.

    Otherwise a sample of the first ones, spread over the places.
    """
    calls = {}
    for n, place in enumerate(places):
        calls.setdefault(place, []).append(n + 1)
    if SWEEP:
        return sorted({n for c in calls.values() for n in (*c[:2], c[len(c) // 2], c[-1])})
    first = sorted(c[0] for c in calls.values())
    if len(first) <= samples:
        return first
    return [first[int((n + 0.5) * len(first) / samples)] for n in range(samples)]
