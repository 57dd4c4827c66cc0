# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-02: boots of one gateway in a row, some of them after its power went.

Its state lives on a disk of its own; the guests come and go. The power goes while a policy
waits to be confirmed, and at random points of applying one, and with it what the disk had
not yet been told to keep. Each boot must come up with exactly the policy it should have,
and let no denied packet pass from link-up on.
"""
import os
import random
import subprocess
import tempfile
import time

from . import agenda, lost_cache, machine

NAME = "fc02_reboots"   # among agenda.tests_there()
STEP = os.path.join(agenda.OWN, "sekisho_guest", "reboot_step.py")
CUTS = int(os.environ.get("SEKISHO_BOOTS", "1"))        # boots that end within an apply
SECONDS = 600
LATEST = 0.6            # seconds into an apply


class _Broken(Exception):
    pass


class _Life:
    """What one guest says of itself; decides when its power goes."""

    def __init__(self, how, disk):
        self.disk = disk
        self.how, self.policy, self.asked, self.lines = how, None, None, []
        self.left = random.randint(1, 6)        # applies before the cut

    def hear(self, line):
        self.lines.append(line)
        words = line.split()
        if words[:1] != ["@"]:
            return None
        if words[1] == "policy":
            self.policy = words[2]
        elif words[1] == "applying":
            self.before, self.asked = self.asked or self.policy, words[2]
            self.left -= 1
            self.disk.mark()
            if self.left == 0:
                time.sleep(random.uniform(0, LATEST))
                return machine.CUT
        elif words[1] == "cut":
            return machine.CUT
        return None


def _live(vm, disk, build, how, expected):
    life = _Life(how, disk)
    disk.begin()
    result = vm.boot({}, "export SEKISHO_SCHEMA=no SEKISHO_BUILD=%s PYTHONDONTWRITEBYTECODE=1\n"
                     "exec /usr/bin/python3 %s %s\n"
                     % (agenda.BUILD, agenda.in_guest(STEP, build), how),
                     disk=disk, seconds=SECONDS, hear=life.hear)
    tail = "\n".join([*life.lines[-12:], *result.console.splitlines()[-5:]])
    if life.policy is None:
        raise _Broken("%s: the guest did not come up: %s\n%s" % (how, result.why, tail))
    if life.policy not in expected:
        raise _Broken("%s: policy \"%s\" is in force, not %s\n%s"
                      % (how, life.policy, " or ".join(sorted(expected)), tail))
    if (how == "end") != (result.status == 0) or any(n.startswith("FAIL") for n in life.lines):
        raise _Broken("%s: ended with %s\n%s" % (how, result.status, tail))
    if how != "end":
        disk.cut()
    return life


def _chain(vm, disk, build, tell):
    """A first boot, one that waits in vain, random cuts, and one in peace."""
    _live(vm, disk, build, "pending", {"old"})
    expected, seen = {"old"}, []
    for n in range(CUTS):
        life = _live(vm, disk, build, "loop", expected)
        seen.append(life.policy)
        # the apply was asked for, and may have come through
        expected = {life.before, life.asked}
        if n % 5 == 4:
            tell("vm: FC-02 %d boots, in force: %s" % (n + 2, " ".join(seen[-5:])))
    seen.append(_live(vm, disk, build, "end", expected).policy)
    return seen


def run(vm, build, tell):
    """True when it held. Tells one line, as tests do."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sekisho-vm-") as folder:
        disk = lost_cache.Disk(os.path.join(folder, "disk"))
        with open(disk.path, "wb") as f:
            f.truncate(48 << 20)
        try:
            subprocess.run(["mkfs.ext4", "-q", "-F", disk.path], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            seen = _chain(vm, disk, build, tell)
        except OSError as e:
            tell("SKIP vm/FC-02 %s" % e)
            return None
        except (_Broken, lost_cache.NoLog, subprocess.CalledProcessError) as e:
            tell("FAIL vm/FC-02 %s" % e)
            return False
    tell("PASS vm/FC-02 %d boots, power cut in %d of them, %d of %d blocks in the disk's cache "
         "lost, then in force: %s (%.1f s)"
         % (CUTS + 2, CUTS + 1, disk.lost, disk.written, " ".join(seen),
            time.monotonic() - start))
    return True
