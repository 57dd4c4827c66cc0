# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's files: kernel modules, busybox, the real network tools, Python."""
import glob
import os
import py_compile
import re
import subprocess
import sys
import sysconfig
import tempfile

from .archive import Archive
from .kernel import Unavailable

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
# Busybox's shell takes its own ip before the real one, and the status of its timeout
# does not tell that the time was up.
TOOLS = ("dash", "timeout", "ip", "tc", "bridge", "nft", "conntrack", "tcpdump", "ethtool")
SBIN = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
STDLIB_LEAVE = {"test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3", "turtledemo",
                "pydoc_data", "distutils", "dist-packages", "__pycache__", "lib-dynload"}
DYNLOAD_LEAVE = re.compile(r"_tkinter|_sqlite3|_ssl|_hashlib|_curses|_dbm|_gdbm|readline|_test"
                           r"|_xx|xx|audioop|ossaudio|nis")
SYSUSERS = os.path.join(TOP, "systemd", "sekisho.sysusers")


class Image:
    """What every guest of one run has; boot() adds files of its own."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.archive = Archive()
        self._folders()
        self._accounts()
        kernel.add_modules(self.archive)
        self._busybox()
        for tool in TOOLS:
            self._tool(tool)
        self.archive.link("/usr/bin/sh", "dash")
        self._python()
        self.archive.add("/init", os.path.join(HERE, "..", "guest", "init"))

    def add(self, path, source):
        """A file from the host (or bytes); programs bring their shared libraries."""
        self.archive.add(path, source)
        if not isinstance(source, bytes):
            self._libraries(source)

    def _folders(self):
        # merged /usr as in Debian 12
        for name in ("bin", "sbin", "lib", "lib64"):
            self.archive.folder("/usr/" + name)
            self.archive.link("/" + name, "usr/" + name)
        for name in ("dev", "proc", "sys", "run", "etc", "root", "var/lib", "var/log"):
            self.archive.folder("/" + name)
        self.archive.folder("/tmp", 0o1777)
        for path in glob.glob("/usr/lib/locale/C.utf8/**/LC_*", recursive=True):
            if os.path.isfile(path):
                self.archive.add(path, path)
        for path in ("/etc/protocols", "/etc/services", "/usr/share/zoneinfo/Asia/Tokyo"):
            if os.path.exists(path):
                self.archive.add(path, path)

    def _accounts(self):
        """Users of the package, so that the processes change to them as on a gateway."""
        passwd = ["root:x:0:0::/root:/bin/sh"]
        group = ["root:x:0:"]
        with open(SYSUSERS, encoding="utf-8") as f:
            lines = [line.split() for line in f if line[:1] in "ug"]
        for number, word in enumerate(lines, 990):
            group.append("%s:x:%d:" % (word[1], number))
            if word[0] == "u":
                passwd.append("%s:x:%d:%d::/:/usr/sbin/nologin" % (word[1], number, number))
        self.archive.add("/etc/passwd", "\n".join(passwd + [""]).encode())
        self.archive.add("/etc/group", "\n".join(group + [""]).encode())
        self.archive.add("/etc/nsswitch.conf", b"passwd: files\ngroup: files\n")

    def _busybox(self):
        self.archive.add("/usr/bin/busybox", self.kernel.busybox)
        run = subprocess.run([self.kernel.busybox, "--list"], text=True, check=True,
                             stdout=subprocess.PIPE)
        for name in run.stdout.split():
            if name != "busybox":
                self.archive.link("/usr/bin/" + name, "busybox")
        self.archive.link("/usr/sbin/modprobe", "../bin/busybox")

    def _tool(self, name):
        for folder in SBIN:
            path = os.path.join(folder, name)
            if os.path.exists(path):
                self.archive.entries.pop("usr/bin/" + name, None)
                self.add("/usr/bin/" + name, os.path.realpath(path))
                return
        raise Unavailable("%s is not installed" % name)

    def _libraries(self, path):
        run = subprocess.run(["ldd", path], text=True, check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        for word in re.findall(r"(?:=> )?(/\S+) \(0x", run.stdout):
            where = re.sub(r"^/(lib|lib64)/", r"/usr/\1/", word)
            if not self.archive.has(where):
                self.archive.add(where, os.path.realpath(word))

    def _python(self):
        """The interpreter that runs this, its library as byte code without the sources."""
        self.add("/usr/bin/python3", os.path.realpath("/usr/bin/python3"))
        library = sysconfig.get_path("stdlib")
        for folder, below, names in os.walk(library):
            below[:] = [b for b in below if b not in STDLIB_LEAVE
                        and not b.startswith("config-")]
            for name in names:
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    self.archive.add(path + "c", _byte_code(path))
        for path in glob.glob(os.path.join(library, "lib-dynload", "*.so")):
            if not DYNLOAD_LEAVE.match(os.path.basename(path)):
                self.add(path, path)

    def add_python(self, where, folder):
        """A package of ours: sources for the traces, byte code for the speed."""
        for path in glob.glob(os.path.join(folder, "*.py")):
            name = os.path.basename(path)
            self.archive.add(os.path.join(where, name), path)
            self.archive.add(os.path.join(where, "__pycache__", "%s.%s.pyc" % (
                name[:-3], sys.implementation.cache_tag)), _byte_code(path, fresh=True))

    def write(self, path, files):
        """The initramfs of one boot: the image and these files (path -> source)."""
        archive = self.archive.copy()
        for where, source in files.items():
            archive.add(where, source)
        with open(path, "wb") as f:
            archive.write(f)


def _byte_code(path, fresh=False):
    """Compiled module; without its source nothing compares times."""
    there = py_compile.importlib.util.cache_from_source(path)
    if not fresh and os.path.exists(there) \
            and os.stat(there).st_mtime >= os.stat(path).st_mtime:
        return there
    with tempfile.TemporaryDirectory() as folder:
        made = py_compile.compile(
            path, os.path.join(folder, "x.pyc"), doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        with open(made, "rb") as f:
            return f.read()
