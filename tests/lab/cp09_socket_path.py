#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""CP-09: what stands where the socket belongs: refuse to start, or repair; harm nothing."""
import os
import shutil
import signal
import socket
import stat
import subprocess
import time

from sekisho_lab import case, model, netns, policy, users
from sekisho_lab.gate import Gate, check

TEXT = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"])],
                    [policy.service("web", "tcp", ports=["80"])])


def start(gate):
    """Start the daemon: None when it works, else what it said on its way out."""
    log = os.path.join(gate.folder, "try.log")
    with open(log, "wb") as f:
        gate.other = subprocess.Popen(
            ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary("sekishod"),
             "-f", gate.path, "--foreground", "--root", gate.root],
            stdin=subprocess.DEVNULL, stdout=f, stderr=f)
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if gate.other.poll() is not None:
            with open(log, encoding="utf-8") as f:
                return f.read()
        if gate.sekisho("status").returncode == 0:
            return None
        time.sleep(0.05)
    gate.other.kill()
    return "neither works nor ends"


def stop(gate):
    if gate.other.poll() is None:
        gate.other.send_signal(signal.SIGTERM)
    gate.other.wait(15)


def must_work(gate, what):
    said = start(gate)
    check(said is None, "%s: %s" % (what, said))


def must_refuse(gate, what, word):
    said = start(gate)
    stop(gate)
    check(said is not None and word in said, "%s: %s" % (what, said or "it works"))


def socket_path(gate, folder):
    """Something else than a socket stands at its path."""
    path, victim = os.path.join(folder, "control.sock"), gate.write("victim", "untouched\n")
    os.symlink(victim, path)
    must_refuse(gate, "a link to a file", "cannot listen")
    check(os.path.islink(path), "the link is gone")
    os.unlink(path)
    os.symlink(os.path.join(gate.folder, "nowhere"), path)
    must_refuse(gate, "a link to nowhere", "cannot listen")
    check(not os.path.exists(os.path.join(gate.folder, "nowhere")), "the link was followed")
    os.unlink(path)
    with open(path, "w", encoding="ascii") as f:
        f.write("somebody's\n")
    must_refuse(gate, "a file", "cannot listen")
    with open(path, encoding="ascii") as f:
        case.equal(f.read(), "somebody's\n", "the file that was there")
    with open(victim, encoding="ascii") as f:
        case.equal(f.read(), "untouched\n", "what the link points to")
    os.unlink(path)
    os.mkdir(path)
    must_refuse(gate, "a folder", "cannot listen")
    os.rmdir(path)


def stale(gate, folder):
    path = os.path.join(folder, "control.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.bind(path)
    must_work(gate, "a socket that a dead daemon left")
    second = subprocess.run(
        ["ip", "netns", "exec", netns.gateway(gate.prefix), model.binary("sekishod"),
         "-f", gate.path, "--foreground", "--root", gate.root],
        capture_output=True, text=True, check=False, timeout=15)
    check(second.returncode != 0 and "another sekishod" in second.stderr,
          "a second daemon: %s" % second.stderr)
    check(gate.sekisho("status").returncode == 0, "the first one lost its socket")
    # removed while it runs: root alone can; it works on, and the next start repairs it
    os.unlink(path)
    check(gate.sekisho("status").returncode != 0, "status without a socket")
    stop(gate)
    must_work(gate, "after the socket was removed")
    stop(gate)
    check(not os.path.exists(path), "the socket stays behind")


def folders(gate, folder):
    os.chmod(folder, 0o777)
    os.chown(folder, 65534, 65534)
    must_work(gate, "a run folder that everybody may write to")
    st = os.stat(folder)
    keeper = users.GROUPS["sekisho-keeper"]
    case.equal((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)), (keeper, keeper, 0o755),
               "run folder")
    stop(gate)
    moved = folder + ".moved"
    os.rename(folder, moved)
    os.symlink(moved, folder)
    must_refuse(gate, "a link in place of the run folder", "is not a folder")
    os.unlink(folder)
    os.rename(moved, folder)
    lock = os.path.join(folder, "sekishod.lock")
    os.unlink(lock)
    os.symlink(gate.write("elsewhere", ""), lock)
    said = start(gate)
    stop(gate)
    check(said is not None, "a link in place of the lock was followed")
    os.unlink(lock)


def run():
    with Gate(TEXT, daemon=False) as gate:
        folder = os.path.join(gate.root, "run")
        os.makedirs(folder)
        socket_path(gate, folder)
        stale(gate, folder)
        folders(gate, folder)
        must_work(gate, "when all is well again")
        stop(gate)
        shutil.rmtree(gate.root)
    return "5 refused, 3 repaired, nothing harmed"


case.main("CP-09", run)
