#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to a record of a million lines, beside those who only read the file.

query.py BUILD ROUNDS

Seconds of processor time, user and kernel, medians; files in memory, so that no disk is
measured. Yardsticks of the same file in the same round: "wc" counts its lines, "grep"
finds one fixed text in them, jq (once, on a hundredth, times a hundred) parses them.
The ratio is question over grep: below 1 it is faster. Packed: beside zstd -dc.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

RECORDS = 1_000_000
PART = 10_000
QUESTIONS = (("class", ["--by", "class"]),
             ("leaks", ["--action", "leak", "--from", "mynumber", "--permit", "T000"]),
             ("top-sources", ["--since", "2026-11-10", "--by", "source", "--top", "10"]),
             ("json", ["--class", "ZV-01", "--json"]), ("table", []))


def processor_time(words):
    """Seconds that a command spends, in user and kernel mode."""
    # Into a pipe: grep gives up at the first line when nobody wants to know.
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    while child.stdout.read(1 << 20):
        pass
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit status {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def ask(build, root, words):
    return processor_time([os.path.join(build, "sekisho"), "--root", root, "violations",
                           *words])


def make(build, path, records):
    with open(path, "wb") as out:
        subprocess.run([os.path.join(build, "tests/bench/bench_query"), str(records)],
                       stdout=out, check=True)


def measure(build, rounds, root):
    path = os.path.join(root, "log", "violations.jsonl")
    make(build, path, RECORDS)
    times = {name: [] for name, _ in QUESTIONS}
    wc, grep = [], []
    for _ in range(rounds):
        wc.append(processor_time(["wc", "-l", path]))
        grep.append(processor_time(["grep", "-cF", '"action":"leak"', path]))
        for name, words in QUESTIONS:
            times[name].append(ask(build, root, words))
    yard = statistics.median(grep)
    print(f"query-wc {statistics.median(wc):.2f} s/1M grep {statistics.median(wc) / yard:.2f}")
    for name, _ in QUESTIONS:
        value = statistics.median(times[name])
        print(f"query-{name} {value:.2f} s/1M grep={yard:.2f} {value / yard:.2f}")
    return path


def packed(build, root, path):
    if shutil.which("zstd") is None:
        print("# zstd is not installed: packed files are not measured")
        return
    name = os.path.join(root, "log", "violations-20261130-001.jsonl.zst")
    subprocess.run(["zstd", "-q", "-1", "--rm", path, "-o", name], check=True)
    yard = processor_time(["zstd", "-dc", name])
    value = ask(build, root, ["--by", "class"])
    print(f"query-packed {value:.2f} s/1M zstd={yard:.2f} {value / yard:.2f}")
    os.unlink(name)


def full_parse(build, root):
    path = os.path.join(root, "part.jsonl")
    make(build, path, PART)
    value = processor_time(["jq", "-c", ".event.action", path]) * RECORDS / PART
    print(f"# jq, reading one field: {value:.0f} s/1M")


def main():
    build, rounds = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="sekisho-query.", dir="/dev/shm") as root:
        os.mkdir(os.path.join(root, "log"))
        packed(build, root, measure(build, rounds, root))
        full_parse(build, root)


main()
