# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's cloud kernel and a static busybox: fetched as packages, unpacked, never installed."""
import glob
import os
import re
import shutil
import subprocess

META = "linux-image-cloud-amd64"
# of a module's file name (kernel/...): what a gateway and its tests may ask for
WANTED = re.compile(
    r"net/(netfilter/(nf_|nft_|nfnetlink)|ipv[46]/netfilter/(nf_|nft_)|bridge/|8021q/|802/"
    r"|llc/|sched/|sctp/|dccp/)"
    r"|drivers/net/(veth|dummy|ifb|tun|vrf|macvlan|bonding/|vxlan/)"
    r"|drivers/(virtio|block/virtio_blk)|crypto/(crc32c|sha256)|lib/libcrc32c")


class Unavailable(Exception):
    """The machine cannot be built here; the reason."""


class Kernel:
    """What was unpacked: .image, .release, .modules (folder), .busybox."""

    def __init__(self, cache):
        image = _unpacked(cache, _image_package)
        found = sorted(glob.glob(os.path.join(image, "boot", "vmlinuz-*")))
        if not found:
            raise Unavailable("no vmlinuz in " + image)
        self.image = found[-1]
        self.release = os.path.basename(self.image).split("-", 1)[1]
        self.modules = os.path.join(image, "lib", "modules", self.release)
        self.busybox = os.path.join(_unpacked(cache, lambda: "busybox-static"),
                                    "bin", "busybox")

    def add_modules(self, archive):
        """Modules with what modprobe needs to find them, as depmod(8) would write it."""
        info = {}       # module name -> (path below the folder, depends, aliases)
        for path in glob.glob(os.path.join(self.modules, "kernel", "**", "*.ko"),
                              recursive=True):
            name = _name(os.path.basename(path)[:-3])
            info[name] = (os.path.relpath(path, self.modules), *_modinfo(path))
        wanted = {n for n, i in info.items() if WANTED.match(i[0][len("kernel/"):])}
        for name in sorted(wanted):
            wanted |= set(_closure(info, name))
        where = "/usr/lib/modules/" + self.release + "/"
        dep, alias = [], []
        for name in sorted(wanted):
            path, _, aliases = info[name]
            archive.add(where + path, os.path.join(self.modules, path))
            needs = [info[n][0] for n in _closure(info, name)]
            dep.append("%s: %s\n" % (path, " ".join(needs)))
            alias += ["alias %s %s\n" % (a, name) for a in aliases]
        archive.add(where + "modules.dep", "".join(dep).encode())
        archive.add(where + "modules.alias", "".join(alias).encode())
        for name in ("modules.builtin", "modules.order"):
            archive.add(where + name, os.path.join(self.modules, name))


def _name(text):
    return text.replace("-", "_")


def _modinfo(path):
    """(depends, aliases) of a module: NUL-ended words of its .modinfo section."""
    with open(path, "rb") as f:
        found = re.findall(rb"\0(depends|alias)=([^\0]*)", f.read())
    depends = [_name(n) for key, value in found if key == b"depends"
               for n in value.decode().split(",") if n]
    return depends, [value.decode() for key, value in found if key == b"alias"]


def _closure(info, name):
    """What a module depends on, nearest first (modules.dep's order)."""
    order = []
    todo = list(info[name][1])
    while todo:
        one = todo.pop(0)
        if one in order:
            order.remove(one)
        order.append(one)
        todo += info[one][1]
    return order


def _image_package():
    """The package that the meta package depends on: it changes with every kernel."""
    run = subprocess.run(["apt-cache", "depends", META], text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", run.stdout)
    if not found:
        raise Unavailable("apt knows no " + META)
    return found.group(1)


def _unpacked(cache, package):
    """Folder of an unpacked package; fetched when the cache has none."""
    try:
        name = package()
    except (Unavailable, OSError):
        # without apt, an older kernel of the cache still shows what 6.1 does
        older = sorted(glob.glob(os.path.join(cache, "linux-image-*-cloud-amd64")))
        if not older:
            raise
        return older[-1]
    folder = os.path.join(cache, name)
    if not os.path.isdir(folder):
        part = folder + ".part%d" % os.getpid()
        os.makedirs(part)
        try:
            _fetch(name, part)
            os.rename(os.path.join(part, "tree"), folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _fetch(name, folder):
    """apt checks the signature of what it downloads."""
    commands = (["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", name],
                ["sh", "-c", "dpkg-deb -x ./*.deb tree"])
    for command in commands:
        try:
            run = subprocess.run(command, cwd=folder, text=True, check=False, timeout=300,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        except (OSError, subprocess.TimeoutExpired) as e:
            raise Unavailable("%s: %s" % (command[0], e)) from e
        if run.returncode != 0:
            why = (run.stderr.strip() or "failed").splitlines()[-1]
            raise Unavailable("cannot fetch %s: %s" % (name, why))
