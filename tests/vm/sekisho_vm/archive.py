# SPDX-License-Identifier: GPL-2.0-or-later
"""Write an initramfs: the "newc" format of the kernel's early-userspace/buffer-format.rst."""
import os
import stat


class Archive:
    """Files by their path in the guest. Later additions of the same path win."""

    def __init__(self):
        self.entries = {}       # path -> (mode, bytes or host path)

    def add(self, path, source):
        """A file: source is bytes, or the path of a host's file (its mode is kept)."""
        if isinstance(source, bytes):
            mode = 0o755 if source.startswith(b"#!") else 0o644
        else:
            mode = stat.S_IMODE(os.stat(source).st_mode)
        self._put(path, stat.S_IFREG | mode, source)

    def link(self, path, target):
        self._put(path, stat.S_IFLNK | 0o777, target.encode())

    def folder(self, path, mode=0o755):
        self._put(path, stat.S_IFDIR | mode, b"")

    def _put(self, path, mode, source):
        path = path.strip("/")
        up = os.path.dirname(path)
        if up and up not in self.entries:
            self.folder(up)
        self.entries[path] = (mode, source)

    def has(self, path):
        return path.strip("/") in self.entries

    def copy(self):
        other = Archive()
        other.entries = dict(self.entries)
        return other

    def write(self, out):
        """Everything into an open binary file, folders before what is in them."""
        for number, path in enumerate(sorted(self.entries)):
            mode, source = self.entries[path]
            if not isinstance(source, bytes):
                with open(source, "rb") as f:
                    source = f.read()
            _record(out, number + 1, mode, path, source)
        _record(out, 0, 0, "TRAILER!!!", b"")


def _record(out, inode, mode, path, data):
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % f for f in fields)
    out.write(head + name + bytes(-(len(head) + len(name)) % 4))
    out.write(data + bytes(-len(data) % 4))
