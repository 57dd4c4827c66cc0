#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-08: idle, slow and malformed clients: bounded, others served within a second, no crash.

SEKISHO_CP08_SECONDS: how long random bytes come (4).
"""
import array
import contextlib
import os
import random
import resource
import socket
import tempfile
import threading
import time

from sekisho_lab import case, clients, policy, watching
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])
SECONDS = float(os.environ.get("SEKISHO_CP08_SECONDS", "4"))
IDLE = 1000
SERVED = 1.0


class Served(threading.Thread):
    """An administrator who asks all the time; remembers the longest wait."""

    def __init__(self, gate):
        super().__init__(daemon=True)
        self.gate, self.slowest, self.asked, self.over = gate, 0.0, 0, threading.Event()
        self.wrong = None

    def run(self):
        while not self.over.is_set():
            start = time.monotonic()
            try:
                with clients.connect(self.gate) as s:
                    answer = clients.ask(s, "status")
                if not (answer and answer.get("ok")):
                    self.wrong = str(answer)
            except OSError as e:
                self.wrong = repr(e)
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.asked += 1
            time.sleep(0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def judge(self, what):
        check(self.wrong is None, "%s: an administrator got %s" % (what, self.wrong))
        check(self.asked >= 5 and self.slowest < SERVED, "%s: %d answers, the slowest after %.2f s"
              % (what, self.asked, self.slowest))


def idle_ones(gate, who):
    """As many connections as can be had, kept open for a moment: how many were."""
    def hold():
        kept = []
        until = time.monotonic() + 10
        while len(kept) < IDLE and time.monotonic() < until:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            s.setblocking(False)
            try:
                s.connect(os.path.join(gate.root, "run", "control.sock"))
            except BlockingIOError:     # the queue of those who wait is full
                s.close()
                time.sleep(0.001)
                continue
            kept.append(s)
        time.sleep(1.0)
        alive = 0
        for s in kept:      # those that were turned away read an end
            s.setblocking(False)
            try:
                alive += s.recv(1) != b""
            except BlockingIOError:
                alive += 1
            except OSError:
                pass
        return len(kept), alive

    return who.call(hold)


def raw(gate, *packets, pause=0.0, fds=()):
    """Send packets as they are; True while the other side has not hung up."""
    with clients.connect(gate) as s:
        for p in packets:
            try:
                s.sendmsg([p], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                 array.array("i", fds))] if fds else [])
            except (BrokenPipeError, ConnectionError):
                return False
            time.sleep(pause)
        s.settimeout(1.0)
        try:
            return s.recv(1 << 16) != b""
        except (TimeoutError, ConnectionError):
            return False


def heads():
    body = b'{"verb":"status"}'
    t = clients.REQUEST
    yield clients.HEAD.pack(t, 0xFFFFFFFF, 1) + body
    yield clients.HEAD.pack(t, len(body) + 1, 1) + body
    yield clients.HEAD.pack(t, len(body) - 1, 1) + body
    yield clients.HEAD.pack(t, 0, 1) + body
    yield clients.HEAD.pack(0, len(body), 1) + body
    yield clients.HEAD.pack(0x7FFFFFFF, len(body), 1) + body
    yield clients.HEAD.pack(t, len(body), 1)
    yield clients.HEAD.pack(t, len(body), 1)[:7]
    yield b"\0"


def bodies():
    t = clients.REQUEST
    for b in (b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 60000, b'{"verb":' * 6000,
              b'{"verb":"status","verb":"apply"}', b'{"verb":["status"]}', b'{"verb":"no such"}',
              b'{"verb":"' + b"x" * 60000 + b'"}'):
        yield clients.HEAD.pack(t, len(b), 1) + b


@contextlib.contextmanager
def descriptors(gate):
    """What a client might send along instead of a sealed memfd: (name, fds)."""
    folder = tempfile.mkdtemp(dir=gate.folder)
    fifo = os.path.join(folder, "fifo")
    os.mkfifo(fifo)
    pipe = os.open(fifo, os.O_RDWR)
    zero = os.open("/dev/zero", os.O_RDWR)
    plain = os.open(os.path.join(folder, "plain"), os.O_RDWR | os.O_CREAT)
    os.ftruncate(plain, 1 << 40)
    loose = os.memfd_create("loose", os.MFD_ALLOW_SEALING)
    os.ftruncate(loose, 1 << 20)
    sparse = os.memfd_create("sparse", os.MFD_ALLOW_SEALING)
    os.ftruncate(sparse, 1 << 40)
    holes = os.memfd_create("holes", os.MFD_ALLOW_SEALING)
    os.ftruncate(holes, 64 << 20)
    import fcntl
    for fd in (sparse, holes):
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
                    | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
    many = [zero] * 253
    opened = [pipe, zero, plain, loose, sparse, holes]
    kinds = [("a pipe", [pipe]), ("/dev/zero", [zero]), ("a file of a disk", [plain]),
             ("an unsealed memfd", [loose]), ("a memfd of a terabyte", [sparse]),
             ("64 MB of holes", [holes]), ("two", [holes, zero]), ("253", many)]
    with contextlib.suppress(OSError):
        huge = os.memfd_create("huge", os.MFD_ALLOW_SEALING | os.MFD_HUGETLB)
        opened.append(huge)
        os.ftruncate(huge, 2 << 20)
        fcntl.fcntl(huge, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
                    | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
        kinds.append(("huge pages", [huge]))
    try:
        yield kinds
    finally:
        for fd in opened:
            os.close(fd)


def random_ones(gate, until):
    chance = random.Random(8)
    t = clients.REQUEST
    while time.monotonic() < until:
        try:
            with clients.connect(gate) as s:
                for _ in range(chance.randrange(1, 4)):
                    b = chance.randbytes(chance.randrange(1, 3000))
                    if chance.random() < 0.5:
                        b = clients.HEAD.pack(t, len(b), 1) + b
                    s.send(b)
        except OSError:
            pass


def malformed(gate):
    for packet in heads():
        check(not raw(gate, packet), "a packet with a head that lies got an answer")
    for packet in bodies():
        raw(gate, packet)
    # half a message, and the other half later; a byte a second is the same, slower
    whole = clients.message("status")
    check(not raw(gate, whole[:20], whole[20:], pause=0.05), "two halves were taken for one")
    check(not raw(gate, *[bytes([b]) for b in whole[:3]], pause=0.4), "single bytes were taken")


def with_descriptors(gate):
    with descriptors(gate) as kinds:
        for name, fds in kinds:
            for verb in ("apply", "plan", "status"):
                with clients.connect(gate) as s:
                    answer = clients.ask(s, verb, fds)
                check(verb == "status" or not (answer and answer.get("ok")),
                      "%s with %s: %s" % (verb, name, answer))
            raw(gate, b"", fds=fds)


def open_descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def flood(gate):
    """By two that may not take all places: root's own flood would be root's own harm."""
    until = time.monotonic() + SECONDS
    people = {name: who for name, who, _, _ in clients.people()}
    threads = [threading.Thread(target=people[name].call, args=(lambda: random_ones(gate, until),))
               for name in ("nobody", "auditor")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def run():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    people = {name: who for name, who, _, _ in clients.people()}
    with Gate(TEXT) as gate:
        pids, before = watching.pids(gate), gate.nft("-s", "list", "ruleset").stdout
        files = open_descriptors(pids["control"])
        for name in ("nobody", "auditor"):
            with Served(gate) as s:
                got, alive = idle_ones(gate, people[name])
            s.judge("%d idle connections of %s" % (got, name))
            check(got >= IDLE and 0 < alive <= 32, "%s: %d connected, %d kept" % (name, got, alive))
        for what, do in (("malformed", malformed), ("descriptors", with_descriptors),
                         ("random bytes", flood)):
            with Served(gate) as s:
                do(gate)
            s.judge(what)
        time.sleep(1.2)
        case.equal(watching.pids(gate), pids, "processes")
        case.equal(open_descriptors(pids["control"]), files, "descriptors of control")
        case.equal(gate.nft("-s", "list", "ruleset").stdout, before, "ruleset")
        told = {w: clients.told(gate, w) for w in ("turned away", "malformed")}
        check(told["turned away"] > IDLE and told["malformed"] > 20, "on record: %s" % told)
        check(len(clients.refusals(gate)) < 60, "%d records of refusals"
              % len(clients.refusals(gate)))
    return "slowest answer %.2f s, %d turned away and %d malformed on record" % (
        s.slowest, told["turned away"], told["malformed"])


case.main("CP-08", run)
