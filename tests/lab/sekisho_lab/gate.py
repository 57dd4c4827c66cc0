# SPDX-License-Identifier: GPL-2.0-or-later
"""A real sekishod on a lab's gateway, and what a test asks of it."""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from . import address, frames, log_files, model, netns, policy, schema, wire

READY = 20.0            # seconds for the daemon to be ready
CANARY = b"\x01\x80\xc2\0\0\x0e"     # where the watcher's canary goes
NOISE_ICMP6 = {130, 131, 132, 133, 134, 135, 136, 137, 143}


class Failed(Exception):
    """A test's expectation did not hold."""


def check(condition, text):
    if not condition:
        raise Failed(text)


class Shot:
    """One IP packet (or frame payload) to put on a segment, with its link details."""

    def __init__(self, segment, family, packet, mac=None, dst_mac=None, ethertype=None):
        self.segment, self.family, self.packet = segment, family, packet
        self.mac, self.dst_mac, self.ethertype = mac, dst_mac, ethertype


class Gate:
    """Lab and daemon under one roof; use as a context manager."""

    links = None        # see netns.up()
    environment = {}    # of the daemon, beside our own
    launcher = ()       # words before the daemon's own: who starts it, and with what

    def __init__(self, text=None, path=None, daemon=True):
        self.folder = tempfile.mkdtemp(prefix="sekisho-test-")
        os.chmod(self.folder, 0o755)
        self.prefix = "skt%d-" % os.getpid()
        self.root = os.path.join(self.folder, "root")
        self.path = path or self.write("policy.conf", text)
        self.daemon = self.wire = None
        self._tag = int(time.time()) & 0x3FFFFF
        self.want_daemon = daemon

    def __enter__(self):
        try:
            self.model = model.load(self.path)
            netns.down(self.prefix)
            netns.up(self.model, self.prefix, links=self.links)
            if self.want_daemon:
                self.start()
            self.wire = wire.Wire(self.model, self.prefix)
            self.know_neighbours()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        trouble = self.close()
        if kind is None and trouble:
            raise Failed(trouble)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    # ---- the daemon -----------------------------------------------------

    def start(self):
        self._start(lambda status: status == 0)

    def start_with_trouble(self):
        """As start(), where the daemon answers but tells of a problem."""
        self._start(lambda status: status == 1)

    def _start(self, ready):
        os.makedirs(self.root, mode=0o755, exist_ok=True)
        self.stderr = open(os.path.join(self.folder, "daemon.log"), "ab")
        self.daemon = subprocess.Popen(
            ["ip", "netns", "exec", netns.gateway(self.prefix), *self.launcher,
             model.binary("sekishod"), "-f", self.path, "--foreground", "--root", self.root],
            env=dict(os.environ, **self.environment),
            stdin=subprocess.DEVNULL, stdout=self.stderr, stderr=self.stderr)
        until = time.monotonic() + READY
        while time.monotonic() < until:
            if self.daemon.poll() is not None:
                raise Failed("sekishod ended at once:\n" + self.log_tail())
            if ready(self.sekisho("status").returncode):
                return
            time.sleep(0.05)
        raise Failed("sekishod was not ready in %d s:\n%s" % (READY, self.log_tail()))

    def stop(self):
        """Orderly end; None, or what was wrong with it."""
        daemon, self.daemon = self.daemon, None
        if daemon is None:
            return None
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
        try:
            code = daemon.wait(15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()
            return "sekishod did not stop within 15 s:\n" + self.log_tail()
        self.stderr.close()
        text = self.log_tail(20000)
        if "ERROR: AddressSanitizer" in text or "runtime error:" in text:
            return "sanitizer:\n" + text
        if "does not finish" in text:
            return "not all processes ended when they were asked:\n" + self.log_tail()
        if code != 0:
            return "sekishod ended with %d:\n%s" % (code, self.log_tail())
        return self._unbalanced() or schema.trouble(self.records())

    def _unbalanced(self):
        """In no test may a packet get lost between two layers of the watcher."""
        told = [r["event"]["reason"] for r in self.records()
                if "do not balance" in r["event"]["reason"]]
        return "on record: " + told[0] if told else None

    def close(self):
        trouble = self.stop()
        if self.wire is not None:
            self.wire.close()
        netns.down(self.prefix)
        if not os.environ.get("SEKISHO_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        return trouble

    def log_tail(self, most=1500):
        try:
            with open(os.path.join(self.folder, "daemon.log"), errors="replace",
                      encoding="utf-8") as f:
                return f.read()[-most:]
        except OSError:
            return ""

    def sekisho(self, *words):
        return netns.run(netns.gateway(self.prefix), model.binary(), "--root", self.root, *words)

    def status(self):
        run = self.sekisho("--json", "status")
        check(run.stdout, "status says nothing: " + run.stderr)
        return json.loads(run.stdout)

    def apply(self, text, name="next.conf", must=True):
        run = self.sekisho("apply", "-f", self.write(name, text))
        check(not must or run.returncode == 0, "apply failed: " + run.stderr + run.stdout)
        return run

    def nft(self, *words, text=None):
        return netns.run(netns.gateway(self.prefix), "nft", *words, input=text)

    @contextlib.contextmanager
    def opened(self, rules=("accept",)):
        """Forward everything meanwhile, as if nobody mended the table.

        The keeper is held still: it hears of no change and mends none. The watcher works;
        what asks the keeper (status, apply) has to wait for the end of the hole.
        """
        os.kill(self.daemon.pid, signal.SIGSTOP)
        try:
            done = self.nft("-f", "-", text="flush chain inet sekisho forward\n" + "".join(
                "add rule inet sekisho forward %s\n" % r for r in rules))
            check(done.returncode == 0, "the gate cannot be opened: " + done.stderr)
            yield
        finally:
            os.kill(self.daemon.pid, signal.SIGCONT)

    def in_gateway(self, *values):
        """Set sysctls of the gateway's namespace: ("ipv4/ipfrag_time", 1), ..."""
        with netns.inside(netns.gateway(self.prefix)):
            netns.sysctl(values)

    def stopped(self):
        """Packets that the gate has refused so far, by its own counters."""
        return self.status()["gate"]["stopped"]

    def permit_counter(self, id_):
        """Packets counted for one permit in the kernel, by name or by comment."""
        run = self.nft("-j", "list", "counters", "table", "inet", "sekisho")
        check(run.returncode == 0, "nft list counters: " + run.stderr)
        for item in json.loads(run.stdout)["nftables"]:
            c = item.get("counter")
            if c and c["name"] == "permit_" + id_:
                return c["packets"]
        raise Failed("the table has no counter for permit " + id_)

    # ---- the record -----------------------------------------------------

    def records(self):
        """All of the log so far, in order: what rotation closed and packed, too."""
        found = {}
        for line in log_files.lines(os.path.join(self.root, "log")):
            record = json.loads(line)
            found[record["event"]["sequence"]] = record
        return [found[sequence] for sequence in sorted(found)]

    def violations(self):
        """First record of every violation so far."""
        return [r for r in self.records() if r["sekisho"].get("agg") == "first"]

    def wait_for(self, what, least=1, seconds=3.0, grace=0.3):
        """Violations for which what(record) holds: at least so many, or as many as came.

        Waits a little longer than it must, so that one too many is noticed.
        """
        until = time.monotonic() + seconds
        while True:
            found = [r for r in self.violations() if what(r)]
            if len(found) >= least or time.monotonic() > until:
                break
            time.sleep(0.05)
        time.sleep(grace)
        return [r for r in self.violations() if what(r)]

    # ---- packets --------------------------------------------------------

    def know_neighbours(self):
        """Permanent neighbours for the hosts that the numbered tests use."""
        if [s.interface for s in self.model.segments] == ["za0", "zb0", "zc0"]:
            self.know_hosts()

    def know_hosts(self):
        wanted = [(n, f, policy.addr(f, z, host)) for n, z in enumerate(policy.ZONES)
                  for f in (4, 6) for host in (*range(2, 12), 50)]
        netns.neighbours(self.model, self.prefix, wanted)

    def tag(self):
        self._tag += 1
        return self._tag

    def last_tag(self):
        return self._tag

    def opening(self, family, src, dst, protocol, dport, sport=40000, segment=0, mac=None):
        """Shot of a well-made first packet between (zone, host) ends."""
        packet = frames.opening(family, policy.addr(family, *src), policy.addr(family, *dst),
                                protocol, sport, dport, self.tag())
        return Shot(segment, family, packet, mac)

    def fire(self, shots, pause=0.0):
        for shot in shots:
            mac = shot.mac or self.model.segments[shot.segment].router_mac
            self.wire.send(shot.segment, shot.packet, mac, shot.family, shot.dst_mac,
                           shot.ethertype)
            if pause:
                time.sleep(pause)

    def passed(self, shots, family, wait=0.15, pause=0.0):
        """Fire shots, then a positive control; whatever else crossed, as Seen.

        The control comes last and must arrive: so the way was open and the far
        side was listening when the shots were judged.
        """
        self.wire.drain()
        self.fire(shots, pause)
        control, tag, came = self.control(family), self._tag, []
        until, here = time.monotonic() + 2, False
        time.sleep(wait)
        self.fire([control])
        while time.monotonic() < until and not here:
            for seen in self.wire.receive(0.05):
                found = frames.transport(seen.frame[14:])
                if found and frames.tag_of(found[3], found[4]) == tag:
                    here = True
                elif self.crossed(seen):
                    came.append(seen)
        check(here, "IPv%d: the positive control did not pass" % family)
        return came

    def control(self, family):
        return self.opening(family, ("za", 2), ("zb", 2), frames.UDP, policy.CONTROL_PORT,
                            sport=30000 + self._tag % 30000)

    def crossed(self, seen):
        """True for a frame that is not the gateway's own word or its neighbour discovery."""
        found = frames.transport(seen.frame[14:])
        if found is None:
            return seen.frame[12:14] != b"\x08\x06" and not self.canary(seen)
        family, src, _, protocol, payload = found
        if protocol == 0:       # multicast listener reports: hop-by-hop option first
            return payload[:1] != bytes([frames.ICMPV6])
        if protocol == frames.ICMPV6 and payload and payload[0] in NOISE_ICMP6:
            return False
        own = (family, src) in self.model.own
        return not (own and protocol in (frames.ICMP, frames.ICMPV6))

    def canary(self, seen):
        """True for the frame by which the watcher tests its own tap (canary.h)."""
        s = self.model.segments[seen.segment] if isinstance(seen.segment, int) else None
        return s is not None and seen.frame[:14] == CANARY + s.gateway_mac + b"\x88\xb5" \
            and seen.frame[14:22] == b"sekisho1"

    def exchange(self, family, protocol, dport, sport, src=("za", 2), dst=("zb", 2),
                 segments=(0, 1), must=True):
        """Opening and answer through the gate: True when both came out."""
        s, d = policy.addr(family, *src), policy.addr(family, *dst)
        one, two = self.tag(), self.tag()
        self.fire([Shot(segments[0], family,
                        frames.opening(family, s, d, protocol, sport, dport, one))])
        there = self.await_tag(one, segments[1])
        back = False
        if there:
            self.fire([Shot(segments[1], family,
                            frames.answer(family, s, d, protocol, sport, dport, one, two))])
            back = self.await_tag(two, segments[0])
        check(not must or (there and back), "IPv%d protocol %d port %d: a permitted exchange %s"
              % (family, protocol, dport, "got no answer back" if there else "did not open"))
        return there and back

    def await_tag(self, tag, segment, seconds=1.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for seen in self.wire.receive(0.01):
                found = frames.transport(seen.frame[14:])
                if found and seen.segment == segment \
                        and frames.tag_of(found[3], found[4]) == tag:
                    return True
        return False


def describe(model_, seen):
    found = frames.transport(seen.frame[14:])
    if found is None:
        return "%s: %s" % (model_.segments[seen.segment].interface, seen.frame[:40].hex())
    family, src, dst, protocol, payload = found
    return "%s: %s -> %s protocol %d %s" % (
        model_.segments[seen.segment].interface, address.show(family, src),
        address.show(family, dst), protocol, payload[:24].hex())
