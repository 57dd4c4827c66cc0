#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-20: packets of violations beside the record, holds by case, and the bundle of evidence.

Packets are those that were sent, cut behind their headers; what people said in them is on
no disk unless the policy wants it. A bundle is checked from another folder, and any change
to it is found.
"""
import glob
import json
import os
import shutil
import stat
import subprocess
import tarfile
import time

from sekisho_lab import case, clients, frames, model, pcapng, policy, users
from sekisho_lab.gate import Gate, Shot, check

MARK, WANTED = b"resident-of-hearing-town", b"payload-that-is-wanted"
HEADERS = {4: 14 + 20 + 8, 6: 14 + 40 + 8}


def ring(gate):
    return sorted(glob.glob(os.path.join(gate.root, "log", "packets-*.pcapng")))


def kept(gate, key=None):
    return [p for path in ring(gate) for p in pcapng.read(path)[1]
            if key is None or p.comment.split()[1] == key]


def udp(gate, family, port, payload, n=1):
    src, dst = policy.addr(family, "za", 2), policy.addr(family, "zc", 2)
    return [Shot(0, family, frames.ip(family, src, dst, frames.UDP, frames.udp(
        family, src, dst, 50000, port, payload + b"%d" % i))) for i in range(n)]


def recorded(gate, port, action="attempt"):
    found = gate.wait_for(lambda r: r.get("destination", {}).get("port") == port
                          and r["event"]["action"] == action, 1, seconds=3)
    check(found, "no record of port %d" % port)
    return found[0]


def on_disk(gate, what):
    """Files of the log folder in which these bytes stand."""
    found = []
    for path in glob.glob(os.path.join(gate.root, "log", "*")):
        with open(path, "rb") as f:
            if what in f.read():
                found.append(os.path.basename(path))
    return found


def first_packets(gate):
    for n, family in enumerate(case.FAMILIES):
        port = 8500 + n
        shots = udp(gate, family, port, MARK, 10)
        gate.fire(shots)
        key = recorded(gate, port)["sekisho"]["key"]
        mine = [p for p in kept(gate, key) if p.link == 1]
        case.equal([p.comment.split()[2] for p in mine], ["1", "2", "3", "4"],
                   "IPv%d: which packets" % family)
        for shot, p in zip(shots, mine):
            whole = HEADERS[family] - 14
            case.equal(p.bytes[14:], shot.packet[:whole], "IPv%d: bytes of headers" % family)
            case.equal((p.interface, p.length, p.flags), ("za0", 14 + len(shot.packet), 1),
                       "IPv%d: interface, length, direction" % family)
            check(abs(p.time_ns / 1e9 - time.time()) < 30, "time")
    case.equal(on_disk(gate, MARK), [], "files that hold what was said")


def leaked(gate):
    port = 8510
    with gate.opened():
        gate.fire(udp(gate, 4, port, MARK))
        key = recorded(gate, port, "leak")["sekisho"]["key"]
        time.sleep(0.3)
    case.equal([(p.interface, p.flags) for p in kept(gate, key)], [("zc0", 2)],
               "the packet that crossed, where it left")
    gate.apply(policy.build())


def readable(gate):
    for path in ring(gate):
        st = os.stat(path)
        case.equal(stat.S_IMODE(st.st_mode), 0o600, "mode of " + path)
        case.equal(st.st_uid, users.GROUPS["sekisho-log"], "owner of " + path)
        section, packets = pcapng.read(path)
        check(b"sekisho" in section[4] and section[3].startswith(b"Linux"), "section")
        said = subprocess.run(["tcpdump", "-nn", "-r", path], capture_output=True, text=True)
        case.equal((said.returncode, len(said.stdout.splitlines())), (0, len(packets)),
                   "tcpdump on %s: %s" % (path, said.stderr))
    auditor = clients.Somebody(64901, users.GROUPS["sekisho-audit"])

    def tries():
        try:
            with open(ring(gate)[0], "rb") as f:
                return len(f.read())
        except PermissionError:
            return "no"
    case.equal(auditor.call(tries), "no", "an auditor reads packets")


def wanted_payload(gate):
    gate.apply(policy.build(extra="record = { evidence = { payload = true; packets = 1; }; };\n"))
    gate.fire(udp(gate, 4, 8520, WANTED, 3))
    recorded(gate, 8520)
    check(on_disk(gate, WANTED), "payload that the policy wants")
    gate.apply(policy.build())
    gate.fire(udp(gate, 4, 8521, MARK, 10))
    recorded(gate, 8521)
    case.equal(on_disk(gate, MARK), [], "after it was forbidden again")


def holds(gate):
    today = time.strftime("%Y%m%d")
    path = os.path.join(gate.root, "log", "holds")
    run = gate.sekisho("log", "hold", "--case", "R8-12", "--from", "today", "--to", "today",
                       "--reason", "police")
    check(run.returncode == 0, "hold: " + run.stderr)
    with open(path, encoding="utf-8") as f:
        case.equal(f.read(), "R8-12 %s %s\n" % (today, today), "the file of holds")
    for bad in (["log", "hold", "--case", "a b", "--from", "today", "--to", "today"],
                ["log", "hold", "--case", "x"], ["log", "release", "--case", "nobody"]):
        check(gate.sekisho(*bad).returncode != 0, "taken: %s" % bad)
    check("R8-12" in gate.sekisho("log", "hold", "--list").stdout, "list")
    change = [r for r in gate.records() if r["event"]["action"] == "legal-hold"]
    case.equal([(r["event"]["outcome"], r["sekisho"]["actor"], r["sekisho"]["note"])
                for r in change], [("success", "uid 0", "police")], "the hold on record")


def sekisho(gate, *words):
    run = subprocess.run([model.binary(), "--root", gate.root, *words], capture_output=True,
                         text=True)
    return run.returncode, run.stdout + run.stderr


def bundle(gate, home):
    """The bundle of the case that is held, checked where it was made and elsewhere."""
    here, there = os.path.join(home, "here"), os.path.join(home, "there")
    run = gate.sekisho("--json", "evidence", "--case", "R8-12", "-o", here)
    check(run.returncode == 0, "evidence: " + run.stderr + run.stdout)
    told = json.loads(run.stdout)
    check(told["chain_holds"] and told["packets_crossed"] == 1 and told["policies"] >= 1 and
          told["policies"] == told["policies_named"], "what it says of itself: %s" % told)
    case.equal(told["packets_kept"], len(kept(gate)), "packets in the bundle")
    shutil.copytree(here, there)
    shutil.rmtree(here)
    code, said = sekisho(gate, "--json", "evidence", "--verify", there)
    case.equal((code, json.loads(said)["signature"]), (0, "good"), "elsewhere: " + said)
    code, said = sekisho(gate, "log", "verify", "--checkpoints", os.path.join(
        there, "chain", "checkpoints"), *glob.glob(os.path.join(there, "chain", "*.jsonl")))
    case.equal(code, 0, "log verify of the chain: " + said)
    run = subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=there, capture_output=True)
    case.equal(run.returncode, 0, "sha256sum")
    with open(os.path.join(gate.root, "log", "violations.jsonl"), "rb") as f:
        log = f.read().splitlines()
    with open(os.path.join(there, "records.jsonl"), "rb") as f:
        lines = f.read().splitlines()
    check(len(lines) == told["records"] and set(lines) <= set(log), "the literal lines")
    sheet = open(os.path.join(there, "fact-sheet.ja.html"), encoding="utf-8").read()
    check("R8-12" in sheet and "境界を越えました" in sheet, "the fact sheet")
    check("evidence-export" in {r["event"]["action"] for r in gate.records()}, "export on record")
    return there


def by_an_auditor(gate, home):
    """Who may read the record and nothing else: what is missing is said, and the rest holds."""
    os.chmod(home, 0o777)
    out = os.path.join(home, "auditor")
    # the tree may lie where nobody else can reach it
    program = shutil.copy(model.binary(), home)

    def make():
        run = subprocess.run([program, "--root", gate.root, "--json", "evidence", "--case", "R8-13",
                              "--from", "today", "--to", "today", "-o", out],
                             capture_output=True, text=True, cwd="/")
        return run.returncode, run.stdout, run.stderr
    code, said, complaint = clients.Somebody(64901, users.GROUPS["sekisho-audit"]).call(make)
    check(code == 0, "an auditor takes evidence: %s%s" % (said, complaint))
    told = json.loads(said)
    case.equal((told["chain_holds"], told["packets_readable"], told["packets_kept"],
                told["policies"]), (True, False, 0, 0), "what it says of itself")
    check(told["records"] > 5 and "packets are not all in it" in complaint
          and "policies in force are not in it" in complaint, "what is missing: " + complaint)
    code, said = sekisho(gate, "--json", "evidence", "--verify", out)
    case.equal((code, json.loads(said)["signature"]), (0, "good"), "an auditor's bundle: " + said)
    sheet = open(os.path.join(out, "fact-sheet.en.html"), encoding="utf-8").read()
    check("Permission denied" in sheet, "the fact sheet of an auditor")


def tampered(gate, there):
    """One changed byte in any file, a record made up, a list made anew: all are found."""
    n = 0
    for path in glob.glob(os.path.join(there, "**"), recursive=True):
        if not os.path.isfile(path) or os.path.getsize(path) == 0:
            continue
        with open(path, "rb") as f:
            good = f.read()
        with open(path, "wb") as f:
            f.write(good[:len(good) // 2] + bytes([good[len(good) // 2] ^ 1]) +
                    good[len(good) // 2 + 1:])
        code, said = sekisho(gate, "evidence", "--verify", there)
        check(code != 0, "a changed byte of %s: %s" % (path, said))
        with open(path, "wb") as f:
            f.write(good)
        n += 1
    with open(os.path.join(there, "records.jsonl"), "r+", encoding="utf-8") as f:
        text = f.read().replace('"leak"', '"lost"', 1)
        f.seek(0)
        f.write(text)
    os.unlink(os.path.join(there, "manifest.sig"))
    run = subprocess.run("sed -i /records.jsonl/d manifest.sha256; "
                         "sha256sum records.jsonl >> manifest.sha256", shell=True, cwd=there)
    code, said = sekisho(gate, "--json", "evidence", "--verify", there)
    case.equal((run.returncode, code, json.loads(said)["made_up"]), (0, 1, 1),
               "a made-up record in an unsigned bundle: " + said)
    return n


def one_violation(gate, home):
    """By key, into a tar file, without the daemon and its signature."""
    key = [r for r in gate.violations() if r["event"]["action"] == "leak"][0]["sekisho"]["key"]
    path = os.path.join(home, "case.tar")
    code, said = sekisho(gate, "evidence", "--case", "令和8-3", "--key", key, "-o", path)
    check(code == 0, "by key: " + said)
    with tarfile.open(path) as tar:
        names = tar.getnames()
        tar.extractall(home, filter="data") if hasattr(tarfile, "data_filter") \
            else tar.extractall(home)
    check("case/records.jsonl" in names and any("packets/" in n for n in names), str(names))
    case.equal(os.listdir(home).count("case.tar.partial"), 0, "what is left over")
    code, said = sekisho(gate, "--json", "evidence", "--verify", os.path.join(home, "case"))
    case.equal((code, json.loads(said)["signature"]), (0, "none"), said)


def finals(gate):
    """When it is over its last packet is kept too."""
    key = [r for r in gate.violations() if r.get("destination", {}).get("port") == 8521][0][
        "sekisho"]["key"]
    case.equal([p.comment.split()[2] for p in kept(gate, key) if p.link == 1][-1], "last",
               "the last packet")
    case.equal(on_disk(gate, MARK), [], "what was said, at the end")


def run():
    with Gate(policy.build()) as gate:
        first_packets(gate)
        leaked(gate)
        readable(gate)
        wanted_payload(gate)
        holds(gate)
        home = os.path.join(gate.folder, "home")
        os.mkdir(home)
        by_an_auditor(gate, home)
        changed = tampered(gate, bundle(gate, home))
        run_ = gate.sekisho("log", "release", "--case", "R8-12")
        check(run_.returncode == 0, "release: " + run_.stderr)
        case.equal(os.path.getsize(os.path.join(gate.root, "log", "holds")), 0, "released")
        ledger = gate.status()["watch"]["ledger"]["packets"]
        case.equal(ledger["wanted"], ledger["sent"] + ledger["limited"] + ledger["refused"],
                   "ledger of packets")
        check(gate.stop() is None, "the end")
        finals(gate)
        one_violation(gate, home)
        left = len(kept(gate))
    return "%d packets kept, %d files changed and found" % (left, changed)


case.main("LG-20", run)
