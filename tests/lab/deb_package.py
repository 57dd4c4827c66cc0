#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""DEB: the package, built, installed over this system as it is, upgraded, removed, purged.

Everything happens in an overlay of the root file system that nobody else sees, in a network
namespace of its own. The rules are a table that the installed daemon put there; each step of
dpkg must leave it as it was, byte for byte, and the record where it is.
"""
import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time

from sekisho_lab import case, policy
from sekisho_lab.gate import Failed, check

TOP = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
POLICY = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                      [policy.service("web", "tcp", ports=["80"])])
UNITS = "/lib/systemd/system/"
FILES = {   # mode, user, group
    "/usr/sbin/sekishod": (0o755, "root", "root"),
    "/usr/bin/sekisho": (0o755, "root", "root"),
    UNITS + "sekishod.service": (0o644, "root", "root"),
    UNITS + "sekisho-early.service": (0o644, "root", "root"),
    "/usr/lib/sysctl.d/60-sekisho.conf": (0o644, "root", "root"),
    "/usr/share/man/man8/sekishod.8.gz": (0o644, "root", "root"),
    "/usr/share/doc/sekisho/examples/boot/early.conf": (0o644, "root", "root"),
    "/etc/sekisho": (0o755, "root", "root"),
    "/var/lib/sekisho": (0o750, "sekisho", "sekisho"),
    "/var/log/sekisho": (0o2750, "sekisho-log", "sekisho-audit"),
    "/var/log/sekisho-views": (0o2750, "sekisho-view", "sekisho-audit"),
    "/usr/share/sekisho/zabbix/sekisho.yaml": (0o644, "root", "root"),
}
WANTS = "/etc/systemd/system/sysinit.target.wants/"


def run(*words, must=True, **more):
    done = subprocess.run(words, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    check(not must or done.returncode == 0, "%s: %s" % (" ".join(words), done.stdout[-1500:]))
    return done


def build():
    """With the objects of this build, stripped as dpkg-buildpackage does it."""
    seed = os.environ.get("SEKISHO_BUILD", "")
    if os.path.basename(seed) != "release":
        raise case.Skipped("a package is built from the release objects only")
    for tool in ("dh", "dpkg-buildpackage"):
        if shutil.which(tool) is None:
            raise case.Skipped(tool + " is not installed")
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    env["DEB_BUILD_OPTIONS"] = "noautodbgsym"
    run("make", "-s", "deb", "DEB_SEED=" + seed, cwd=TOP, env=env)
    found = glob.glob(os.path.join(TOP, "build", "deb", "sekisho_*.deb"))
    check(len(found) == 1, "packages: %s" % found)
    if shutil.which("lintian"):
        told = run("lintian", "--allow-root", "--fail-on", "error,warning", found[0],
                   must=False)
        check(told.returncode == 0, "lintian: " + told.stdout)
    return found[0]


def overlay(folder):
    """This root, to be written to and thrown away."""
    run("mount", "-t", "tmpfs", "tmpfs", folder)
    for name in ("upper", "work", "root"):
        os.mkdir(os.path.join(folder, name))
    root = os.path.join(folder, "root")
    done = run("mount", "-t", "overlay", "overlay", "-o",
               "lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (folder, folder), root,
               must=False)
    if done.returncode != 0:
        raise case.Skipped("no overlay of the root here: " + done.stdout.strip())
    for name, kind in (("proc", "proc"), ("sys", "sysfs")):
        run("mount", "-t", kind, kind, os.path.join(root, name))
    run("mount", "--rbind", "/dev", os.path.join(root, "dev"))
    for name in ("run", "tmp"):
        run("mount", "-t", "tmpfs", "tmpfs", os.path.join(root, name))
    return root


# ---- inside: another mount and network namespace, a changed root -------------------------

def dpkg(*words):
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C",
               PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    return run("dpkg", *words, env=env).stdout


def look_at_files():
    import grp
    import pwd
    for path, (mode, user, group) in FILES.items():
        st = os.stat(path)
        got = (st.st_mode & 0o7777, pwd.getpwuid(st.st_uid).pw_name,
               grp.getgrgid(st.st_gid).gr_name)
        case.equal(got, (mode, user, group), path)
    check(not os.path.exists("/etc/sekisho/policy.conf"), "a policy comes with the package")
    check(not glob.glob(WANTS + "sekisho*"), "enabled by being installed")


def table():
    return run("nft", "-s", "list", "table", "inet", "sekisho").stdout


def start():
    with open("/daemon.log", "ab") as log:
        daemon = subprocess.Popen(["/usr/sbin/sekishod", "--foreground"], stdout=log,
                                  stderr=log, stdin=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while run("sekisho", "status", must=False).returncode != 0:
        if daemon.poll() is not None or time.monotonic() > until:
            with open("/daemon.log", encoding="utf-8") as f:
                raise Failed("the installed daemon does not start: " + f.read()[-1500:])
        time.sleep(0.05)
    return daemon


def stop(daemon):
    daemon.terminate()
    case.equal(daemon.wait(15), 0, "the daemon's end")


def life(package):
    dpkg("-i", package)
    look_at_files()
    run("systemctl", "enable", "sekishod.service")
    case.equal(sorted(os.listdir(WANTS)) and sorted(
        os.path.basename(p) for p in glob.glob(WANTS + "sekisho*")),
        ["sekisho-early.service", "sekishod.service"], "enabled")
    run("sekishod", "--early")
    with open("/etc/sekisho/policy.conf", "w", encoding="utf-8") as f:
        f.write(POLICY)
    daemon = start()
    rules = table()
    check("permit_WEB" in rules, "the daemon put no rules there")
    dpkg("-i", package)
    case.equal(table(), rules, "rules after an upgrade")
    check(glob.glob(WANTS + "sekishod.service"), "an upgrade disables the service")
    run("sekisho", "status")
    stop(daemon)
    said = dpkg("-r", "sekisho")
    case.equal(table(), rules, "rules after the removal")
    check("rules stay" in said, "the removal says nothing of the rules: " + said)
    said = dpkg("-P", "sekisho")
    case.equal(table(), rules, "rules after the purge")
    case.equal(run("cat", "/proc/sys/net/ipv4/ip_forward").stdout.strip(), "1", "forwarding")
    for kept in ("/var/log/sekisho/violations.jsonl", "/var/lib/sekisho/versions",
                 "/etc/sekisho/policy.conf"):
        check(os.path.exists(kept), "the purge removed " + kept)
    check("/var/log/sekisho is kept" in said, "the purge does not say what it leaves: " + said)
    check(not os.path.exists("/usr/sbin/sekishod"), "the daemon is still there")
    check(not glob.glob(WANTS + "sekisho*"), "units stay enabled after the purge")


def inside(folder, package):
    root = overlay(folder)
    shutil.copy(package, os.path.join(root, "sekisho.deb"))
    os.chroot(root)
    os.chdir("/")
    run("ip", "link", "set", "lo", "up")
    for zone in policy.ZONES:
        run("ip", "link", "add", zone + "0", "type", "veth", "peer", "name", zone + "1")
        run("ip", "link", "set", zone + "0", "up")
        run("ip", "link", "set", zone + "1", "up")
    life("/sekisho.deb")


def run_all():
    package = build()
    with tempfile.TemporaryDirectory(prefix="sekisho-test-") as folder:
        done = subprocess.run(["unshare", "-m", "-n", "--propagation", "private",
                               sys.executable, "-B", os.path.abspath(__file__), "inside",
                               folder, package], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        last = (done.stdout.strip() or "nothing").splitlines()[-1]
        if done.returncode == case.SKIP:
            raise case.Skipped(last.split(" ", 2)[-1])
        check(done.returncode == 0, done.stdout[-2500:])
    return "%d kB " % (os.path.getsize(package) // 1024)


if sys.argv[1:2] == ["inside"]:
    case.main("DEB-INSIDE", lambda: inside(*sys.argv[2:4]))
case.main("DEB", run_all)
