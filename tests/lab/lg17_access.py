#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-17: who may read, add to, remove, link or rename the record, its keys and its state.

And the command over it all: verify without a key and with the one that "log key" shows once.
"""
import json
import os
import subprocess
import time

from sekisho_lab import case, clients, policy, users
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])
SECRET = ["seal.state", "seal.key"]
OPEN = ["violations.jsonl", "checkpoints"]


def tries(folder, name):
    """Everything that somebody may try on one file; what came about."""
    path, mine = os.path.join(folder, name), "/tmp/sekisho-lg17-%d" % os.getpid()
    done = []

    def attempt(word, what):
        try:
            what()
            done.append(word)
        except OSError:
            pass

    attempt("read", lambda: open(path, "rb").close())
    attempt("append", lambda: open(path, "ab").close())
    attempt("write", lambda: os.close(os.open(path, os.O_WRONLY)))
    attempt("truncate", lambda: os.truncate(path, 0))
    attempt("mode", lambda: os.chmod(path, 0o666))
    attempt("link here", lambda: os.link(path, path + ".link"))
    attempt("link away", lambda: os.link(path, mine))
    attempt("rename", lambda: os.rename(path, path + ".gone"))
    attempt("remove", lambda: os.unlink(path))
    attempt("add", lambda: open(os.path.join(folder, "violations-20200101-001.jsonl"), "x").close())
    attempt("symlink", lambda: os.symlink("/etc/passwd", os.path.join(folder, "checkpoints.x")))
    return done


def sekisho(gate, *words, text=None):
    r = subprocess.run(clients.command(gate, *words), capture_output=True, text=True, input=text)
    return r.returncode, r.stdout + r.stderr


def people():
    everybody = [(name, who, reads) for name, who, reads, _ in clients.people() if name != "root"]
    control = users.GROUPS["sekisho"]
    everybody.append(("control's user", clients.Somebody(control, control), False))
    return everybody


def strangers(gate, folder):
    n = 0
    for name, who, _ in people():
        for file in SECRET + OPEN:
            done = who.call(lambda f=file: tries(folder, f))
            check(done != "died", "%s died" % name)
            audit = users.GROUPS["sekisho-audit"] in [who.gid] + who.groups
            wanted = ["read"] if file in OPEN and audit else []
            case.equal(done, wanted, "%s on %s" % (name, file))
            n += 11
    return n


def verify(gate):
    # What somebody in the group of auditors may do without anybody's help.
    code, text = sekisho(gate, "log", "verify")
    check(code == 0 and "MACs were not checked" in text, "without a key: %d %s" % (code, text))
    code, key = sekisho(gate, "log", "key")
    check(code == 0 and "sekisho-log-key" in key, "the key: %d %s" % (code, key))
    line = [w for w in key.splitlines() if w.startswith("sekisho-log-key")][0]
    check(not os.path.exists(os.path.join(gate.root, "log", "seal.key")), "the key stays")
    code, text = sekisho(gate, "log", "key")
    check(code == 1 and line not in text, "shown twice: " + text)
    code, text = sekisho(gate, "log", "verify", "--key", "-", text=line + "\n")
    check(code == 0 and "GOOD" in text, "with the key: %d %s" % (code, text))
    wrong = line[:-1] + ("0" if line[-1] != "0" else "1")
    code, text = sekisho(gate, "log", "verify", "--key", "-", text=wrong + "\n")
    check(code == 64, "a key copied with an error: %d %s" % (code, text))
    today = ("--json", "report", "--from", "today", "--to", "today")
    code, text = sekisho(gate, *today, "--key", "-", text=line + "\n")
    told = json.loads(text)["verify"] if code == 0 else text
    check(code == 0 and told["good"] and told["macs_checked"], "report --key: %d %s" % (code, told))
    code, text = sekisho(gate, *today)
    check(code == 0 and not json.loads(text)["verify"]["macs_checked"], "report: " + text[:500])
    code, text = sekisho(gate, *today, "--key", "-", text=wrong + "\n")
    check(code == 64, "report with a wrong key: %d %s" % (code, text[:500]))
    time.sleep(1.3)
    told = [r for r in gate.records() if "verification key" in r["message"]]
    case.equal(len(told), 1, "the key's leaving on record")
    return line


def cut(gate, line):
    """The end is cut off while nobody looks; a checkpoint of before knows."""
    folder = os.path.join(gate.root, "log")
    gate.stop()
    code, newest = sekisho(gate, "log", "checkpoint")
    check(code == 0 and newest.startswith("SC1 "), "checkpoint: " + newest)
    path = os.path.join(folder, "violations.jsonl")
    with open(path, "rb") as f:
        lines = f.readlines()
    os.truncate(path, sum(map(len, lines[:-3])))
    outside = os.path.join(gate.folder, "paper")
    with open(outside, "w", encoding="utf-8") as f:
        f.write("# kept in the safe\n" + newest)
    code, text = sekisho(gate, "--json", "log", "verify", "--checkpoints", outside)
    fault = json.loads(text)["findings"][0]["fault"]
    check(code == 1 and fault == "outside-beyond", "a cut log: %d %s" % (code, text))
    gate.start()
    code, text = sekisho(gate, "log", "verify", "--key", "-", text=line + "\n")
    check(code == 1 and "was cut" in text, "gone on: %d %s" % (code, text))


def run():
    with Gate(TEXT) as gate:
        # A stop leaves the first checkpoint.
        gate.stop()
        gate.start()
        time.sleep(1.2)
        folder = os.path.join(gate.root, "log")
        n = strangers(gate, folder)
        line = verify(gate)
        cut(gate, line)
    return "%d attempts on the record, its keys and its state; verify, key, checkpoint" % n


case.main("LG-17", run)
