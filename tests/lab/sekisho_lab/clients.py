# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the control socket that are somebody else, or no proper clients at all."""
import array
import contextlib
import json
import os
import re
import socket
import struct

from . import model, users

NOBODY = 65534
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "agent")
HEAD = struct.Struct("=IIQ")        # struct head of agent/ipc.c: type, length, number


def _source(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as f:
        return f.read()


def _request_type():
    """The number of IPC_REQUEST, as agent/ipc.h counts."""
    text = re.search(r"enum ipc_type \{(.*?)\n\}", _source("ipc.h"), re.S).group(1)
    return re.findall(r"^\t(IPC_\w+)", text, re.M).index("IPC_REQUEST")


# Now: who becomes somebody else may not reach this folder any more.
REQUEST = _request_type()


def verbs():
    """Every verb that the socket knows: {name: whether it changes}."""
    rows = re.findall(r'^\t\{ "([\w-]+)", (true|false), ', _source("control/control_verbs.c"), re.M)
    return {name: changes == "true" for name, changes in rows}


def message(verb, **more):
    body = json.dumps(dict(more, verb=verb)).encode()
    return HEAD.pack(REQUEST, len(body), 7) + body


def connect(gate, seconds=5.0):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # blocking, as the command does it: who finds a queue waits in it
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(seconds), 0))
    s.connect(os.path.join(gate.root, "run", "control.sock"))
    s.settimeout(seconds)
    return s


def ask(s, verb, fds=(), **more):
    """The answer to one request, None when the other side hung up instead."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        s.sendmsg([message(verb, **more)], rights)
        data, ancillary, _, _ = s.recvmsg(1 << 17, socket.CMSG_SPACE(4))
    except (ConnectionError, BrokenPipeError):
        return None
    if not data:
        return None
    body = data[HEAD.size:]
    for _, _, raw in ancillary:
        fd = struct.unpack("=i", raw[:4])[0]
        with os.fdopen(fd, "rb") as f:
            f.seek(0)
            body = f.read()
    return json.loads(body)


def refused(answer):
    """True when the answer is that this client may not."""
    return answer is not None and "may not" in answer.get("error", "")


class Somebody:
    """A process of another user; call() runs a function there and gives what it returns."""

    def __init__(self, uid, gid, groups=()):
        self.uid, self.gid, self.groups = uid, gid, list(groups)

    def become(self):
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)

    def call(self, what):
        there, here = os.pipe()
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                os.close(there)
                self.become()
                os.write(here, json.dumps(what()).encode())
            os._exit(0)
        os.close(here)
        with os.fdopen(there, "rb") as f:
            text = f.read()
        os.waitpid(pid, 0)
        return json.loads(text) if text else "died"


def people():
    """Who may nothing, read, change: (name, Somebody, may read, may change)."""
    audit, admin = users.GROUPS["sekisho-audit"], users.GROUPS["sekisho-admin"]
    return [("root", Somebody(0, 0), True, True),
            ("nobody", Somebody(NOBODY, NOBODY), False, False),
            ("nobody with other groups", Somebody(NOBODY, NOBODY, [1, 2, 3, 100]), False, False),
            ("auditor", Somebody(64901, audit), True, False),
            ("auditor by a further group", Somebody(64902, NOBODY, [5, audit]), True, False),
            ("administrator", Somebody(64903, admin), True, True),
            ("administrator by a further group", Somebody(64904, NOBODY, [admin, 7]), True, True),
            ("the watcher's user", Somebody(users.GROUPS["sekisho-watch"],
                                            users.GROUPS["sekisho-watch"]), False, False)]


def refusals(gate):
    """(actor, {word: count}) of every record of something refused."""
    found = []
    for r in gate.records():
        reason = r["event"].get("reason", "")
        if reason.startswith("request refused"):
            inner = reason[reason.rindex("(") + 1:].rstrip(")")
            counts = {}
            for part in inner.split(", "):
                n, _, word = part.partition(" ")
                counts[word] = counts.get(word, 0) + int(n)
            found.append((r["sekisho"].get("actor") or r.get("user", {}).get("name"), counts))
    return found


def told(gate, word):
    return sum(counts.get(word, 0) for _, counts in refusals(gate))


def command(gate, *words):
    return [model.binary(), "--root", gate.root, *words]
