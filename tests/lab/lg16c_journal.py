#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-16c: the journal view, read back from a real systemd-journald.

journald runs in a mount namespace of this test, with a /run that nobody else sees. Records
of a real daemon come as fields that equal the record, none missing, also over a restart of
the journal; names that nobody would give come back byte for byte as far as a field is long.
"""
import json
import os
import subprocess
import sys
import time

from sekisho_lab import case, frames, model, policy, views
from sekisho_lab.gate import Gate, Shot, check

JOURNALD = "/lib/systemd/systemd-journald"
CONF = "/etc/systemd/journald.conf"
SOCKET = "/run/systemd/journal/socket"
INSIDE = "SEKISHO_OWN_RUN"
ATTEMPTS = 30
WORD, TEXT = 192, 1024      # view_journal.c: bytes of a field
# Field -> where the record has it; only what the record says.
FIELDS = {"SEKISHO_SEQUENCE": "event.sequence", "SEKISHO_SEVERITY": "event.severity",
          "SEKISHO_CLASS": "rule.id", "SEKISHO_KIND": "sekisho.kind",
          "SEKISHO_ACTION": "event.action", "SEKISHO_OUTCOME": "event.outcome",
          "SEKISHO_TIME": "@timestamp", "SEKISHO_HASH": "hash", "SEKISHO_KEY": "sekisho.key",
          "SEKISHO_SOURCE": "source.ip", "SEKISHO_DESTINATION": "destination.ip",
          "SEKISHO_SOURCE_PORT": "source.port", "SEKISHO_DESTINATION_PORT": "destination.port",
          "SEKISHO_TRANSPORT": "network.transport", "SEKISHO_SOURCE_MAC": "source.mac",
          "SEKISHO_FROM": "observer.ingress.zone", "SEKISHO_TO": "observer.egress.zone",
          "SEKISHO_INTERFACE_IN": "observer.ingress.interface.name",
          "SEKISHO_INTERFACE_OUT": "observer.egress.interface.name",
          "SEKISHO_PERMIT": "sekisho.permit", "SEKISHO_PHASE": "sekisho.agg", "SEKISHO_COUNT": "sekisho.count",
          "SEKISHO_ACTOR": "sekisho.actor", "SEKISHO_PERSON": "sekisho.person",
          "SEKISHO_NOTE": "sekisho.note", "SEKISHO_REASON": "event.reason",
          "SEKISHO_MESSAGE_JA": "sekisho.message_ja", "MESSAGE": "message"}
LONG = {"MESSAGE", "SEKISHO_REASON", "SEKISHO_MESSAGE_JA"}
ROUTINE = {"heartbeat", "file"}
# (least severity, syslog's word for it), see view_record_priority()
PRIORITIES = ((9, 2), (7, 3), (5, 4), (3, 5), (0, 6))
NAMES = ["two\nlines", "\nSEKISHO_CLASS=ZV-99\nPRIORITY=0", "=", "a=b", "tab\tbell\x07esc\x1b[2J",
         "quote\"back\\slash", "関所の門", "\u2028\u202e", "\U0001f6a7" * 60, "x" * 65536,
         "関" * 22000, "\n" * 65536, " ", "MESSAGE\n\x08\0\0\0\0\0\0\0".replace("\0", "\x01")]


def own_run():
    """Again, where a mount is seen by nobody else."""
    if os.environ.get(INSIDE):
        return
    os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, "-B",
                           os.path.abspath(__file__)], dict(os.environ, **{INSIDE: "1"}))


def mount(*words):
    if subprocess.run(["mount", *words], check=False).returncode != 0:
        raise case.Skipped("no right to mount")


def journal(folder):
    """journald without the kernel's log, with no disk but its /run."""
    for path in ("/run/systemd/journal", "/run/log/journal"):
        os.makedirs(path)
    conf = os.path.join(folder, "journald.conf")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRuntimeMaxUse=64M\n")
    mount("--bind", conf, CONF)
    return views.Program(folder, "journald", [JOURNALD])


def entries(*words):
    run = subprocess.run(["journalctl", "--directory=/run/log/journal", "--all", "-o", "json",
                          "SYSLOG_IDENTIFIER=sekisho", *words], capture_output=True, check=False)
    return [json.loads(line) for line in run.stdout.splitlines()]


def value(field):
    """As bytes; journalctl(1) writes what is no text as an array of numbers."""
    return bytes(field) if isinstance(field, list) else field.encode()


def said_by(record, path):
    for word in path.split("."):
        record = record.get(word) if isinstance(record, dict) else None
    return "" if record is None else str(record)


def cut(text, most):
    return text.encode()[:most].decode(errors="ignore").encode()


def compare(entry, record):
    """All fields of one entry against the record, and none that it should not have."""
    wanted = {}
    for name, path in FIELDS.items():
        bytes_ = cut(said_by(record, path), TEXT if name in LONG else WORD)
        if bytes_ and bytes_ != b"0":
            wanted[name] = bytes_
    if "SEKISHO_TRANSPORT" not in wanted and said_by(record, "network.iana_number"):
        wanted["SEKISHO_TRANSPORT"] = cut(said_by(record, "network.iana_number"), WORD)
    if "MESSAGE" not in wanted:
        wanted["MESSAGE"] = cut(said_by(record, "event.action"), TEXT)
    got = {n: value(v) for n, v in entry.items() if n in wanted or n.startswith("SEKISHO_")}
    what = "record " + said_by(record, "event.sequence")
    for name in sorted(set(wanted) | set(got)):
        case.equal(got.get(name), wanted.get(name), "%s, %s" % (what, name))
    severity = int(said_by(record, "event.severity") or 0)
    case.equal(int(entry["PRIORITY"]), next(p for s, p in PRIORITIES if severity >= s),
               what + ", PRIORITY")
    check(len(entry.get("MESSAGE_ID", "")) == 32, what + " has no MESSAGE_ID")


def attempts(gate, first):
    src, dst = policy.addr(4, "za", 2), policy.addr(4, "zc", 2)
    for i in range(ATTEMPTS):
        gate.fire([Shot(0, 4, frames.ipv4(src, dst, frames.UDP, frames.udp(
            4, src, dst, 40000, first + i, b"x")))], 0.002)


def for_people(gate):
    return {r["event"]["sequence"]: r for r in gate.records() if r["sekisho"]["kind"] not in ROUTINE}


def all_there(gate, first):
    """Every record from "first" on once, in order, and as it stands in the log."""
    def numbers():
        return [int(e["SEKISHO_SEQUENCE"]) for e in entries()]

    def in_log():
        return [n for n in sorted(for_people(gate)) if n >= first]

    views.wait_until(lambda: numbers() == in_log(), 10, lambda: "journal %s, log %s%s" % (
        numbers(), in_log(), gate.log_tail(400)))
    came, records = entries(), for_people(gate)
    for entry in came:
        compare(entry, records[int(entry["SEKISHO_SEQUENCE"])])
    return len(came)


def from_the_daemon(gate, journald):
    attempts(gate, 1000)
    gate.wait_for(lambda r: True, ATTEMPTS)
    # what a person may type
    run = gate.sekisho("log", "hold", "--case", "R8-16", "--from", "today", "--to", "today",
                       "--reason", "二行目\nSEKISHO_CLASS=ZV-99\x1b[31m")
    check(run.returncode == 0, "hold: " + run.stderr)
    views.wait_until(lambda: len(entries()) > ATTEMPTS, 10, lambda: "%d came: %s%s" % (
        len(entries()), journald.said(), gate.log_tail(400)))
    first = int(entries()[0]["SEKISHO_SEQUENCE"])
    check(first <= 6, "begins with record %d" % first)
    told = all_there(gate, first)
    time.sleep(1.2)     # what is read in the moment in which it ends is told again
    journald.stop()
    attempts(gate, 2000)
    gate.wait_for(lambda r: True, 2 * ATTEMPTS)
    journald.start()
    again = all_there(gate, first)
    check(again >= told + ATTEMPTS, "%d, then %d" % (told, again))
    case.equal(entries("SEKISHO_CLASS=ZV-99"), [], "a class that somebody typed")
    by_class = entries("SEKISHO_CLASS=ZV-01")
    check(len(by_class) >= 2 * ATTEMPTS, "by class: %d" % len(by_class))
    return again


def hostile(number, name):
    return {"@timestamp": "2026-11-21T03:14:56.000000001Z", "message": name,
            "event": {"sequence": number, "severity": 7, "action": name, "outcome": name,
                      "reason": name}, "rule": {"id": name},
            "sekisho": {"kind": name, "permit": name, "actor": name, "person": name, "note": name,
                        "message_ja": name, "key": name, "agg": name},
            "source": {"ip": name, "mac": name, "port": 65535}, "destination": {"ip": name},
            "network": {"transport": name},
            "observer": {"ingress": {"zone": name, "interface": {"name": name}},
                         "egress": {"zone": name, "interface": {"name": name}}}, "hash": name}


def hostile_names():
    """As the forwarder would tell them; a name with a NUL is no record, to any reader of it."""
    records = {1_000_000 + i: hostile(1_000_000 + i, name) for i, name in enumerate(NAMES)}
    lines = [json.dumps(r, ensure_ascii=i % 2 == 0) for i, r in enumerate(records.values())]
    lines.append(json.dumps(hostile(2_000_000, "a\0b")))
    send = os.path.join(os.path.dirname(model.binary()), "tests", "lab", "view_send")
    run = subprocess.run([send, "journal", SOCKET], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=False)
    case.equal((run.stdout, run.stderr), ("%d\n" % len(records), ""), "told")

    def came():
        return [e for e in entries() if int(value(e["SEKISHO_SEQUENCE"])) >= 1_000_000]

    views.wait_until(lambda: len(came()) >= len(records), 10, lambda: "%d came" % len(came()))
    time.sleep(0.2)
    case.equal([int(e["SEKISHO_SEQUENCE"]) for e in came()], sorted(records), "hostile records")
    for entry in came():
        compare(entry, records[int(entry["SEKISHO_SEQUENCE"])])
    return len(records)


def run():
    views.need("journalctl")
    if not os.path.exists(JOURNALD) or not os.path.exists(CONF):
        raise case.Skipped("systemd-journald is not installed")
    own_run()
    mount("-t", "tmpfs", "none", "/run")
    with Gate(policy.build(extra="record = { heartbeat = 10; outputs = { journal = true; }; };\n"),
              daemon=False) as gate:
        with journal(gate.folder) as journald:
            views.wait_until(lambda: os.path.exists(SOCKET), 10, journald.said)
            time.sleep(0.5)
            if journald.process.poll() is not None:
                raise case.Skipped("systemd-journald ended by itself here, as without "
                                   "/sys/fs/cgroup: " + journald.said())
            gate.start()
            n = from_the_daemon(gate, journald)
            trouble = gate.stop()
            check(trouble is None, trouble)
            names = hostile_names()
    return "%d records and %d hostile names, field by field" % (n, names)


case.main("LG-16c", run)
