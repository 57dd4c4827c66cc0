# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that loses its write cache with its power.

qemu logs what the guest writes and flushes (driver blklogwrites: the format of Linux'
Documentation/admin-guide/device-mapper/log-writes.rst). After a cut the disk is made anew as
of any write since mark(): what was flushed by then is there, of what came after each block
is there or not, by chance.
"""
import os
import random
import shutil
import struct

SECTOR, BLOCK = 512, 4096
MAGIC = 0x6A736677736872
ENTRY = struct.Struct("<QQQQ")      # sector, sectors, flags, bytes of data
FLUSH, DISCARD = 1, 4
ROOM = 4 << 30                      # of a log; a hole until it is written


class NoLog(Exception):
    """qemu did not write what is expected here."""


class Disk:
    """A raw disk; begin() before each boot, cut() after one that lost its power.

    mark(): from here on the power may go; without it, from the boot on.
    """

    def __init__(self, path):
        self.path, self.log, self.before = path, path + ".log", path + ".before"
        self.marked = 0                     # entries of the log
        self.written = self.lost = 0        # blocks since their last flush, and how many went

    def begin(self):
        shutil.copyfile(self.path, self.before)
        with open(self.log, "wb") as f:
            f.truncate(ROOM)
        self.marked = 0

    def mark(self):
        self.marked = sum(1 for _ in _entries(self.log))

    def words(self):
        """qemu's, for a virtio disk with a volatile cache."""
        return ["-blockdev", "driver=file,node-name=disk,filename=" + self.path,
                "-blockdev", "driver=file,node-name=log,filename=" + self.log,
                "-blockdev", "driver=blklogwrites,node-name=cached,file=disk,log=log",
                "-device", "virtio-blk-pci,drive=cached,write-cache=on"]

    def cut(self):
        entries = list(_entries(self.log))
        if not any(flags & FLUSH for _, _, flags, _ in entries):
            raise NoLog("no flush among %d writes" % len(entries))
        del entries[random.randint(min(self.marked, len(entries)), len(entries)):]
        safe = max((n for n, (_, _, flags, _) in enumerate(entries) if flags & FLUSH),
                   default=0)
        with open(self.before, "r+b") as disk:
            for n, (sector, sectors, flags, data) in enumerate(entries):
                if flags & DISCARD:
                    data = bytes(sectors * SECTOR) if n < safe else b""
                for at in range(0, len(data), BLOCK):
                    self._put(disk, sector * SECTOR + at, data[at:at + BLOCK],
                              n < safe)
        os.replace(self.before, self.path)

    def _put(self, disk, where, block, safe):
        if not safe:
            self.written += 1
            if random.random() < 0.5:
                self.lost += 1
                return
        disk.seek(where)
        disk.write(block)


def _entries(path):
    """(sector, sectors, flags, data) in the order of the writes, to the end of the log.

    The number of entries in its head is of the last flush, so it is not asked.
    """
    with open(path, "rb") as f:
        magic, version = struct.unpack("<QQ", f.read(16))
        if (magic, version) != (MAGIC, 1):
            raise NoLog("the log of writes has another format")
        f.seek(SECTOR)
        while len(head := f.read(SECTOR)) == SECTOR:
            sector, sectors, flags, size = ENTRY.unpack_from(head)
            if (sectors, flags) == (0, 0):
                return
            data = b"" if flags & DISCARD else f.read(sectors * SECTOR)
            yield sector, sectors, flags, data
