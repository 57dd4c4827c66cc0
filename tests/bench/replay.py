#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Replay of captures beside those who only read them, round by round in turn.

replay.py BUILD ROUNDS

10,000 permits; captures in memory, so that no disk is measured. Nanoseconds of processor
time a packet, medians; the ratio is the median of the rounds' own rates, replay over
yardstick (above 1: replay is faster). Yardsticks, of the same file in the same round:
  mmap      a mapping, every header read to the ports, nothing else (bench_readers.c)
  libpcap   pcap_loop() with an empty callback
  tcpdump   tcpdump -r with a filter that matches nothing
  nfpcapd, argus, softflowd: the first that is installed, once, on a million packets of
            the kind: it makes flows, as replay does, but judges nothing
"replay" is the packet path, "replay-command" the whole command with reading its policy.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# name, packets, flows, sizes, percent of violations
CASES = (("64-1k", 5_000_000, 1_000, "64", 0),
         ("64-100k", 10_000_000, 100_000, "64", 0),
         ("64-1M", 5_000_000, 1_000_000, "64", 0),
         ("mixed-1k", 2_000_000, 1_000, "mixed", 0),
         ("mixed-100k", 2_000_000, 100_000, "mixed", 0),
         ("mixed-1M", 2_000_000, 1_000_000, "mixed", 0),
         ("violating-64-100k", 2_000_000, 100_000, "64", 100))
FLOW_TOOL_CASE = "64-100k"
FLOW_TOOL_PACKETS = 1_000_000       # of the same kind: some take minutes for ten
FLOW_TOOL_SECONDS = 60
BYTES = {"64": 76, "mixed": 376}    # a packet, on the average, with its header
ENOUGH = (0, 3)                     # exit status of replay: clean, violations


def processor_time(words, good=(0,)):
    """Seconds that a command spends, in user and kernel mode."""
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in good:
        sys.exit(f"{' '.join(words)}: exit status {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def flow_tool(folder, capture, flows):
    """Command that makes flow records of a capture; None when no such tool is here."""
    records = os.path.join(folder, "flows")
    os.makedirs(records, exist_ok=True)
    for name, words in (("nfpcapd", ["-r", capture, "-l", records]),
                        ("argus", ["-r", capture, "-w", os.path.join(records, "argus")]),
                        ("softflowd", ["-d", "-m", str(2 * flows), "-r", capture,
                                       "-p", os.path.join(records, "pid"),
                                       "-c", os.path.join(records, "ctl")])):
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
        if path is not None:
            return name, [path, *words]
    return None


class Bench:
    def __init__(self, build, rounds, folder):
        self.build = build
        self.rounds = rounds
        self.folder = folder
        self.policy = os.path.join(folder, "policy.conf")
        self.tuples = os.path.join(folder, "tuples")
        subprocess.run([os.path.join(HERE, "policy.py"), "exact", "10000", self.policy,
                        self.tuples], check=True)

    def tool(self, name):
        return os.path.join(self.build, "tests/bench", name)

    def read_once(self, capture):
        """One round: nanoseconds a packet as the tools say it themselves."""
        took = {}
        for name, words in (("replay", [self.tool("bench_replay"), self.policy, capture]),
                            ("mmap", [self.tool("bench_readers"), "mmap", capture]),
                            ("libpcap", [self.tool("bench_readers"), "libpcap", capture])):
            took[name] = float(subprocess.run(words, check=True, capture_output=True,
                                              text=True).stdout)
        return took

    def round(self, capture, packets):
        took = self.read_once(capture)
        commands = {"command": [f"{self.build}/sekisho", "replay", "-f", self.policy,
                                "--stats", capture]}
        if shutil.which("tcpdump") is not None:
            commands["tcpdump"] = ["tcpdump", "-nn", "-r", capture, "src host 192.0.2.1"]
        for name, words in commands.items():
            took[name] = processor_time(words, ENOUGH) * 1e9 / packets
        return took

    def case(self, name, packets, flows, sizes, violating):
        capture = os.path.join(self.folder, "capture.pcap")
        free = shutil.disk_usage(self.folder).free
        if free < 2 * packets * BYTES[sizes]:
            print(f"# replay-{name} left out: {self.folder} has no room for it")
            return
        subprocess.run([self.tool("bench_capture"), self.tuples, capture, str(packets),
                        str(flows), sizes, str(violating)], check=True)
        rounds = [self.round(capture, packets) for _ in range(self.rounds)]
        self.show(f"replay-{name}", "replay", rounds, ("mmap", "libpcap", "tcpdump"))
        self.show(f"replay-command-{name}", "command", rounds, ("libpcap",))
        if name == FLOW_TOOL_CASE:
            subprocess.run([self.tool("bench_capture"), self.tuples, capture,
                            str(FLOW_TOOL_PACKETS), str(flows), sizes, "0"], check=True)
            self.beside_flow_tool(name, capture, rounds, flows)
        os.unlink(capture)

    def beside_flow_tool(self, name, capture, rounds, flows):
        other = flow_tool(self.folder, capture, flows)
        if other is None:
            print("# no flow tool here: nfpcapd, argus or softflowd (see tests/packages)")
            return
        limit = ["timeout", str(FLOW_TOOL_SECONDS)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        code = subprocess.run(limit + other[1], check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if code != 0:
            print(f"# {other[0]}: exit status {code} after {FLOW_TOOL_SECONDS} s or less")
            return
        took = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        took *= 1e9 / FLOW_TOOL_PACKETS
        for one in rounds:
            one[other[0]] = took
        self.show(f"replay-{name}", "replay", rounds, (other[0],))

    @staticmethod
    def show(row, what, rounds, yardsticks):
        value = statistics.median(r[what] for r in rounds)
        for name in yardsticks:
            if name not in rounds[0]:
                continue
            yardstick = statistics.median(r[name] for r in rounds)
            ratio = statistics.median(r[name] / r[what] for r in rounds)
            print(f"{row} {value:.1f} ns/packet {name}:{yardstick:.1f} {ratio:.3f}",
                  flush=True)


def main():
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="sekisho-bench", dir=memory) as folder:
        bench = Bench(os.path.abspath(sys.argv[1]), int(sys.argv[2]), folder)
        for case in CASES:
            bench.case(*case)


main()
