#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sekisho top on a terminal: tests/screen/run.py PATH_TO_sekisho

The real command in a pseudo terminal, before a daemon that is played; what it sends is
shown by terminal.py, which refuses every sequence that a screen does not need.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from daemon import Daemon, matrix, pair, status, PAIRS
from terminal import Terminal

PATIENCE = 20                   # seconds that a slow machine gets
SEKISHO = ""
EVIL = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e"


def record(n, zone, action="attempt", japanese="越境"):
    return {"@timestamp": "2026-11-21T03:14:%02d.000000000Z" % (n % 60), "message": "m",
            "event": {"action": action}, "rule": {"id": "ZV-01"},
            "observer": {"ingress": {"zone": zone}, "egress": {"zone": "internet"}},
            "source": {"ip": "10.10.1.%d" % n, "port": 50000},
            "destination": {"ip": "203.0.113.2", "port": 8080},
            "network": {"transport": "tcp", "type": "ipv4"},
            "sekisho": {"kind": "violation", "agg": "first", "key": "%016x" % n,
                        "count": n, "message_ja": japanese}}


class Site:
    """A root folder with a record and a daemon."""

    def __init__(self, records=()):
        self.folder = tempfile.TemporaryDirectory(prefix="sekisho-top-")
        self.root = self.folder.name
        for name in ("run", "log"):
            os.mkdir(os.path.join(self.root, name))
        self.write(records or [record(n, "mynumber") for n in range(1, 4)])
        self.daemon = Daemon(os.path.join(self.root, "run", "control.sock"))

    def write(self, records):
        with open(os.path.join(self.root, "log", "violations.jsonl"), "a") as f:
            for r in records:
                f.write(json.dumps(r) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon is not None:
            self.daemon.stop()
        self.folder.cleanup()

    def environment(self, **more):
        env = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"}
        env.update(more)
        return env

    def arguments(self, *more):
        return [SEKISHO, "--root", self.root, "top", *more]

    def run(self, *more, **env):
        return subprocess.run(self.arguments(*more), env=self.environment(**env),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)


class Session:
    """The command on a terminal of its own."""

    def __init__(self, site, *arguments, columns=80, lines=24, **env):
        self.terminal = Terminal(columns, lines)
        self.sent = b""
        # Our side of the terminal stays open, to see what state it is left in.
        self.master, self.slave = pty.openpty()
        self.size(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            site.arguments("--interval", "0.2", *arguments), env=site.environment(**env),
            stdin=self.slave, stdout=self.slave, stderr=self.slave, preexec_fn=self.own)

    def own(self):
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def size(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        self.drain(0)
        self.terminal.resize(columns, lines)
        self.size(columns, lines)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def drain(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536)
            self.sent += data
            self.terminal.feed(data)

    def wait(self, what):
        """Until the screen holds it (a text or a function of the lines)."""
        held = what if callable(what) else lambda lines: any(what in s for s in lines)
        end = time.monotonic() + PATIENCE
        while not held(self.terminal.text()):
            if time.monotonic() > end:
                raise AssertionError("never shown: %r\n%s" % (
                    what, "\n".join(self.terminal.text())))
            self.drain(0.1)
        return self.terminal.text()

    def end(self):
        """The exit status, once the terminal is as it was."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.drain(0.05)
        self.process.kill() if self.process.poll() is None else None
        while select.select([self.master], [], [], 0)[0]:
            self.drain(0)
        after = termios.tcgetattr(self.slave)
        os.close(self.slave)
        os.close(self.master)
        equal(after, self.before, "state of the terminal")
        equal("?1049" in self.terminal.modes, False, "alternate screen left")
        equal("?25" in self.terminal.modes, True, "cursor shown")
        return self.process.wait()


def equal(got, want, what):
    if got != want:
        raise AssertionError("%s: %r, expected %r" % (what, got, want))


def quits_with_q():
    with Site() as site:
        s = Session(site)
        lines = s.wait("all pairs")
        equal("みほん市" in lines[0] and "1a2b3c4d5e6f" in lines[0], True, "site and digest")
        s.type("q")
        equal(s.end(), 0, "exit status")


def quits_on_signals():
    with Site() as site:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            s = Session(site)
            s.wait("newest violations")
            s.process.send_signal(number)
            equal(s.end(), 0, "exit status after %s" % number)
        s = Session(site)
        s.wait("newest violations")
        s.type("\x03")
        equal(s.end(), 0, "exit status after Ctrl-C")


def japanese_stands_in_columns():
    """The screen is, cell by cell, the frame that --once prints."""
    with Site() as site:
        for columns, lines in ((80, 24), (40, 10), (100, 30), (140, 50)):
            frame = site.run("--once", "--interval", "0.1", LC_ALL="ja_JP.UTF-8",
                             COLUMNS=str(columns), LINES=str(lines - 1))
            equal(frame.returncode, 0, "status of --once: %r" % frame.stderr)
            want = frame.stdout.decode().splitlines()[1:]
            equal(any("ゾーン間直接通信" in s for s in want) or columns == 40, True, "label")
            s = Session(site, columns=columns, lines=lines, LC_ALL="ja_JP.UTF-8")
            s.wait(lambda got: got[1:1 + len(want)] == want)
            s.type("q")
            equal(s.end(), 0, "exit status")


def follows_the_size():
    with Site() as site:
        s = Session(site)
        s.wait("all pairs")
        s.resize(40, 10)
        s.wait(lambda t: "q quit" in t[9] and "mynumber -> inte" not in t[9] and
               "newest violations" in "".join(t))
        s.resize(30, 5)
        s.wait("too small")
        s.resize(132, 43)
        s.wait(lambda t: "q quit" in t[42] and "opened" in "".join(t))
        s.type("q")
        equal(s.end(), 0, "exit status")


def keys_do_what_they_say():
    with Site() as site:
        s = Session(site)
        s.wait("sort: rate")
        s.wait("all pairs")
        # 1.2 million attempts, two of them leaks: first by leaks
        s.type("s")
        lines = s.wait("sort: leaks")
        rows = [t for t in lines if " -> " in t]
        equal(rows[0].startswith("internet -> mynumber"), True, "first by leaks")
        s.type("s")
        rows = [t for t in s.wait("sort: name") if " -> " in t]
        equal(rows[1].startswith("lgwan -> internet"), True, "second by name")
        s.type("v")
        s.wait(lambda t: "newest violations" not in "".join(t))
        s.type("v")
        s.wait(lambda t: "all pairs" not in "".join(t))
        s.type("?")
        s.wait("arrows")
        s.type("?")
        s.wait("newest violations")
        s.type("+")
        s.wait("every 0.5 s")
        s.type("p")
        s.wait("PAUSED")
        s.type("p")
        s.wait(lambda t: "PAUSED" not in t[0])
        s.type("q")
        equal(s.end(), 0, "exit status")


def scrolls():
    many = [pair("zone%02d" % i, "internet", 100 - i, 0, 0) for i in range(40)]
    with Site() as site:
        site.daemon.answers["matrix"] = matrix(many)
        s = Session(site)
        s.wait("zone00 -> internet")
        s.type("s" * 2 + "v")
        s.wait("1-18/40")
        s.type("\x1b[6~")
        s.wait("19-36/40")
        s.type("\x1bOF")
        s.wait("zone39 -> internet")
        s.type("\x1bOH")
        s.wait("1-18/40")
        s.type("q")
        equal(s.end(), 0, "exit status")


def goes_on_without_the_daemon():
    with Site() as site:
        s = Session(site)
        s.wait("as the policy says")
        site.daemon.stop()
        site.daemon = None
        s.wait("NO ANSWER from the daemon since")
        site.write([record(9, "lgwan", action="leak")])
        s.wait("LEAK")
        site.daemon = Daemon(os.path.join(site.root, "run", "control.sock"))
        s.wait("as the policy says")
        s.type("q")
        equal(s.end(), 0, "exit status")


def a_mute_daemon_stops_no_key():
    with Site() as site:
        site.daemon.mute = True
        s = Session(site)
        s.wait("asking the daemon")
        s.type("?")
        s.wait("arrows")
        s.type("q")
        equal(s.end(), 0, "exit status")


def refused_readers_are_told():
    with Site() as site:
        site.daemon.answers["status"] = {"ok": False, "error": "you may not do this"}
        s = Session(site)
        s.wait("you may not do this")
        s.type("q")
        equal(s.end(), 0, "exit status")


def hostile_text_stays_text():
    """Session feeds terminal.py, which raises at the first strange sequence."""
    evil = record(1, EVIL + "zone", japanese=EVIL)
    evil["source"]["ip"] = EVIL
    evil["rule"]["id"] = EVIL
    evil["network"]["transport"] = EVIL
    with Site([evil]) as site:
        s = status()
        s["policy"]["site"] = s["policy"]["digest"] = s["gate"]["state"] = EVIL + "x"
        s["problem"] = EVIL + "trouble"
        s["watch"]["tier"] = s["watch"]["tier_reason"] = EVIL
        site.daemon.answers["status"] = s
        site.daemon.answers["matrix"] = matrix([pair(EVIL, EVIL + "to", 1, 1, 1)] + PAIRS)
        session = Session(site)
        session.wait("trouble")
        session.type("v")
        session.wait("owned")
        session.type("q")
        equal(session.end(), 0, "exit status")
        equal(b"]0;owned\x07" in session.sent, False, "raw title")
        out = site.run("--once", "--interval", "0.1").stdout
        equal(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", out), None, "controls")


def does_without_colour():
    with Site() as site:
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "vt100"}, False),
                              ({"NO_COLOR": ""}, True)):
            s = Session(site, **env)
            s.wait("internet -> mynumber")
            s.type("q")
            s.terminal.modes.update({"?25"} if env.get("TERM") else {})
            equal(s.end(), 0, "exit status")
            equal(s.terminal.colours != set(), coloured, "colours with %r" % env)


def a_dumb_terminal_is_told():
    with Site() as site:
        for term in ("dumb", "no-such-terminal", ""):
            s = Session(site, TERM=term)
            s.wait("sekisho status")
            s.terminal.modes.add("?25")
            equal(s.end(), 1, "exit status with TERM=%s" % term)


def once_and_json_are_for_scripts():
    with Site() as site:
        frame = site.run("--once", "--interval", "0.1")
        equal((frame.returncode, frame.stderr), (0, b""), "--once")
        lines = frame.stdout.decode().splitlines()
        equal(len(lines) <= 24 and max(len(s) for s in lines) <= 80, True, "80 x 24")
        got = json.loads(site.run("--once", "--json", "--interval", "0.1").stdout)
        equal([p["from"] for p in got["pairs"]], ["internet", "mynumber", "lgwan"], "pairs")
        equal(got["pairs"][0]["tap"]["leaks"], {"total": 2, "per_second": 0.0}, "leaks")
        equal((got["answering"], got["violations"][0]["source"], got["lost"]["tap"]["total"]),
              (True, "10.10.1.3", 3), "the rest")
        site.daemon.stop()
        site.daemon = None
        frame = site.run("--once", "--json")
        equal((frame.returncode, json.loads(frame.stdout)["answering"]), (69, False), "away")
        for bad in ("x", "0", "-1", "nan", "1e9", ""):
            equal(site.run("--interval", bad).returncode, 64, "--interval %r" % bad)


TESTS = [quits_with_q, quits_on_signals, japanese_stands_in_columns, follows_the_size,
         keys_do_what_they_say, scrolls, goes_on_without_the_daemon,
         a_mute_daemon_stops_no_key, refused_readers_are_told, hostile_text_stays_text,
         does_without_colour, a_dumb_terminal_is_told, once_and_json_are_for_scripts]


def main():
    global SEKISHO
    if len(sys.argv) < 2:
        sys.exit("usage: run.py PATH_TO_sekisho [TEST...]")
    SEKISHO = os.path.realpath(sys.argv[1])
    failed = 0
    for test in TESTS:
        if sys.argv[2:] and test.__name__ not in sys.argv[2:]:
            continue
        try:
            test()
            print("PASS screen/" + test.__name__, flush=True)
        except Exception as e:
            failed += 1
            print("%s: %s\nFAIL screen/%s" % (type(e).__name__, e, test.__name__), flush=True)
    sys.exit(failed > 0)


main()
