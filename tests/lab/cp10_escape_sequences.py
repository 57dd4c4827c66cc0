#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-10: no escape sequence of a name, a reason or a record reaches the terminal.

Whoever may change writes what the auditor reads: status, history, violations and the
answers of a change, in both languages, as a table and as JSON.
"""
import json
import os
import pty
import subprocess
import unicodedata

from sekisho_lab import case, model, netns, policy
from sekisho_lab.gate import Gate, check

EVIL = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\x08\x7f\nPROBLEM"
SERVICES = [policy.service("web", "tcp", ports=["80"])]
TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])], SERVICES)
OTHER = policy.build([policy.permit("WEB", ["a"], ["zb"], ["web"])], SERVICES)


def on_terminal(gate, *words, language="C.UTF-8"):
    """What the command writes to a terminal of its own, by standard output and error."""
    master, slave = pty.openpty()
    out = b""
    with subprocess.Popen(
            ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary(), "--root",
             gate.root, *words], stdin=slave, stdout=slave, stderr=slave,
            env=dict(os.environ, LC_ALL=language, SUDO_USER=EVIL.replace("\n", ""))) as run:
        os.close(slave)
        try:
            while True:
                more = os.read(master, 65536)
                if not more:
                    break
                out += more
        except OSError:         # the other end was closed
            pass
        code = run.wait(20)
    os.close(master)
    return code, out.replace(b"\r\n", b"\n").decode("utf-8")


def quiet(gate, *words, holds=None, **more):
    code, text = on_terminal(gate, *words, **more)
    bad = sorted({c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")})
    check(not bad, "%s writes %r: %r" % (" ".join(words)[:40], bad, text[:300]))
    check(not any(line.startswith("PROBLEM") for line in text.splitlines()),
          "%s: a name became a line of its own" % words[0])
    check(holds is None or holds in text, "%s: nothing of %r in %r" % (words[0], holds, text[:300]))
    return code, text


def run():
    shown = 0
    with Gate(TEXT) as gate:
        evil = os.path.join(gate.folder, "x" + EVIL.replace("/", "") + ".conf")
        with open(evil, "w", encoding="utf-8") as f:
            f.write(OTHER)
        bad = evil[:-5] + "bad.conf"
        with open(bad, "w", encoding="utf-8") as f:
            f.write(OTHER.replace("WEB", "W" + EVIL.replace("\n", "")))
        code, text = quiet(gate, "apply", "-f", gate.write("other.conf", OTHER),
                           "--reason", EVIL)
        check(code == 0, "apply: " + text)
        gate.fire([gate.opening(4, ("za", 2), ("zb", 2), 6, 81, 40000)])
        for words in (("status",), ("history",), ("violations",), ("matrix",),
                      ("plan", "-f", evil), ("check", "-f", evil), ("check", "-f", bad),
                      ("apply", "-f", evil), ("apply", "-f", bad), ("apply", "-f", evil + "no")):
            for language in ("C.UTF-8", "ja_JP.UTF-8"):
                for json_too in ((), ("--json",)):
                    quiet(gate, *json_too, *words, language=language)
                    shown += 1
        quiet(gate, "history", holds="owned")
        # for programs nothing is lost that the daemon keeps
        _, text = quiet(gate, "--json", "history")
        check("owned" in json.dumps(json.loads(text)), "history as JSON: " + text[:300])
    return "%d outputs" % shown


case.main("CP-10", run)
