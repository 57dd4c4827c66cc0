#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One life of a gateway whose state is on /dev/vda: boot, work, and how it ends.

  reboot_step.py end       an orderly stop
  reboot_step.py pending   NEW applied, to be confirmed; the power goes before it is
  reboot_step.py loop      NEW and OLD in turns without end, until the power goes

All the while denied and permitted packets stream. What the host must know stands behind
"@": which policy holds, by its packets, and what is being done.
"""
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "..", "lab")]

from sekisho_lab import boot, case, frames, policy, streams  # noqa: E402
from sekisho_lab.gate import Gate, check  # noqa: E402

DISK = "/disk"
PORTS = {"old": 80, "new": 81}
LOOPS = 200
SERVICES = [*streams.SERVICES, *(policy.service(w, "tcp", ports=[str(p)])
                                 for w, p in PORTS.items())]
TEXT = {w: policy.build([*streams.PERMITS, policy.permit(w.upper(), ["a"], ["b"], [w])],
                        SERVICES) for w in PORTS}


def say(*words):
    print("@", *words, flush=True)


def mount():
    os.makedirs(DISK, exist_ok=True)
    subprocess.run(["modprobe", "-a", "virtio_pci", "virtio_blk", "ext4"], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 5
    while not os.path.exists("/dev/vda") and time.monotonic() < until:
        time.sleep(0.05)
    subprocess.run(["mount", "-t", "ext4", "/dev/vda", DISK], check=True)


def in_force(gate):
    """Exactly one of the two policies, in both families."""
    found = set()
    for family in case.FAMILIES:
        passes = [w for w, port in PORTS.items() if gate.exchange(
            family, frames.TCP, port, 41000 + int(time.monotonic() * 50) % 20000, must=False)]
        check(len(passes) == 1, "IPv%d: the policies that hold are %s" % (family, passes))
        found.add(passes[0])
    check(len(found) == 1, "IPv4 and IPv6 differ: %s" % found)
    return found.pop()


def come_up(gate, s):
    s.phase()
    boot.early(gate)
    boot.switch_on(gate)        # a network manager
    s.phase()
    time.sleep(0.3)
    case.equal(s.phase(), (0, 0), "packets (permitted, denied) before the policy")
    gate.start()
    s.nothing_denied("during the start")
    time.sleep(0.3)
    check(s.nothing_denied("after the start") > 20, "permitted packets do not pass")
    say("policy", in_force(gate))
    told = [r["event"]["reason"] for r in gate.records()
            if r["sekisho"].get("kind") == "change"]
    say("told", told[-1] if told else "nothing")


def end(gate, s):
    trouble = gate.stop()
    check(not trouble, trouble)
    time.sleep(0.2)
    check(s.nothing_denied("after the stop") > 10, "the stop cuts permitted packets")


def pending(gate, s):
    run = gate.sekisho("apply", "-f", gate.write("new.conf", TEXT["new"]), "--confirm", "600")
    check(run.returncode == 0, "apply --confirm: " + run.stderr + run.stdout)
    case.equal(in_force(gate), "new", "policy that waits to be confirmed")
    s.nothing_denied("while it waits")
    say("cut")
    time.sleep(60)


def loop(gate, s):
    paths = {w: gate.write(w + ".conf", TEXT[w]) for w in TEXT}
    for n in range(LOOPS):
        which = ("new", "old")[n % 2]
        say("applying", which)
        run = gate.sekisho("apply", "-f", paths[which])
        check(run.returncode == 0, "apply: " + run.stderr + run.stdout)
        if n % 4 == 3:
            s.nothing_denied("while policies change")


def run(how):
    mount()
    with Gate(TEXT["old"], daemon=False) as gate:
        gate.root = os.path.join(DISK, "gateway")
        with streams.Streams(gate, pps=400) as s:
            come_up(gate, s)
            {"end": end, "pending": pending, "loop": loop}[how](gate, s)
    subprocess.run(["umount", DISK], check=False)


case.main("STEP", lambda: run(sys.argv[1]))
