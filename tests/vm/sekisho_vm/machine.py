# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot a guest, run one command in it, hear what it says."""
import os
import secrets
import select
import shutil
import subprocess
import tempfile
import time

from .kernel import Unavailable

QEMU = "qemu-system-x86_64"
KERNEL_WORDS = "console=ttyS0 loglevel=4 panic=-1 mitigations=off random.trust_cpu=on" \
    " nokaslr cryptomgr.notests"
# Of one processor the clock counts instructions (2 ns each), so a busy host makes the
# guest wait, not late, and nobody waits while it sleeps. Several cannot be counted.
COUNTED = ["-icount", "shift=1,sleep=off", "-rtc", "clock=vm"]
# A guest must not run on without the one that hears it.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
DONE = 10           # seconds for the machine to switch off after its last word
CUT = object()      # what hear() answers to take the power away
LINE = 1 << 16      # longest line kept of a guest


class Result:
    """status: of the command, or None when the guest never told; why then says more."""

    def __init__(self):
        self.status = None
        self.why = ""
        self.lines = []
        self.release = ""
        self.boot_seconds = None
        self.console = ""       # the kernel's own words


class Machine:
    """A guest made from an image; boot() may be called again, also at once."""

    def __init__(self, image, cpus=1, memory=1024, qemu=QEMU):
        if shutil.which(qemu) is None:
            raise Unavailable(qemu + " is not installed")
        self.image, self.cpus, self.memory, self.qemu = image, cpus, memory, qemu

    def boot(self, files, command, disk=None, seconds=600, hear=None):
        """Run a shell command in a fresh guest.

        files: guest path -> bytes or host path, beside what the image has. disk: a
        lost_cache.Disk as /dev/vda, which outlives the guest. hear(line): each line at once;
        when it returns CUT the guest's power goes.
        The guest is ended after so many seconds.
        """
        with tempfile.TemporaryDirectory(prefix="sekisho-vm-") as folder:
            initramfs = os.path.join(folder, "initramfs")
            self.image.write(initramfs, {**files, "/command": command.encode()})
            return self._run(folder, initramfs, disk, seconds, hear)

    def _words(self, folder, initramfs, disk, mark):
        words = [*DIES_WITH_US, self.qemu, "-machine", "pc,accel=tcg", "-cpu", "qemu64",
                 "-smp", str(self.cpus), "-m", str(self.memory), "-nodefaults",
                 "-no-user-config", "-nic", "none", "-display", "none", "-no-reboot",
                 "-kernel", self.image.kernel.image, "-initrd", initramfs,
                 "-append", KERNEL_WORDS + " sekisho.mark=" + mark,
                 "-serial", "file:" + os.path.join(folder, "console"), "-serial", "stdio"]
        if self.cpus == 1:
            words += COUNTED
        if disk is not None:
            words += disk.words()
        return words

    def _run(self, folder, initramfs, disk, seconds, hear):
        mark = "=%s=" % secrets.token_hex(8)
        result = Result()
        start = time.monotonic()
        with open(os.path.join(folder, "qemu"), "w+b") as trouble:
            qemu = subprocess.Popen(self._words(folder, initramfs, disk, mark),
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=trouble)
            try:
                for line in _lines(qemu.stdout, start + seconds):
                    if line.startswith(mark):
                        self._told(result, line.split()[1:], time.monotonic() - start)
                        if result.status is not None:
                            break
                        continue
                    result.lines.append(line)
                    if hear and hear(line) is CUT:
                        qemu.kill()
                self._end(qemu, result, time.monotonic() >= start + seconds, seconds)
            finally:
                if qemu.poll() is None:
                    qemu.kill()
                    qemu.wait()
                qemu.stdout.close()
            trouble.seek(0)
            said = trouble.read().decode(errors="replace").strip()
        with open(os.path.join(folder, "console"), errors="replace", encoding="utf-8") as f:
            result.console = f.read()
        if result.status is None and said:
            result.why += ": " + said.splitlines()[-1]
        return result

    @staticmethod
    def _told(result, words, seconds):
        if words[:1] == ["up"] and len(words) == 3:
            result.release, result.boot_seconds = words[1], seconds
        elif words[:1] == ["exit"] and len(words) == 2 and words[1].isdigit():
            result.status = int(words[1])

    @staticmethod
    def _end(qemu, result, late, seconds):
        if result.status is None:
            result.why = "the guest did not end within %d s" % seconds if late \
                else "the guest ended without its last word"
            return
        try:
            qemu.wait(DONE)
        except subprocess.TimeoutExpired:
            pass        # its work is done and told; the caller kills it


def _lines(pipe, until):
    """Lines of a pipe until it ends or the time is up."""
    fd, rest = pipe.fileno(), b""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            break
        data = os.read(fd, 65536)
        if not data:
            break
        *whole, rest = (rest + data).split(b"\n")
        yield from (w.decode(errors="replace").rstrip("\r") for w in whole)
        rest = rest[-LINE:]
    if rest:
        yield rest.decode(errors="replace")
