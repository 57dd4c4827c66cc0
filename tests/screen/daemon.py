# SPDX-License-Identifier: GPL-2.0-or-later
"""The control socket of a daemon that says what a test wants to hear."""
import contextlib
import json
import os
import socket
import struct
import threading

HEAD = struct.Struct("=IIQ")    # of agent/ipc.c: type, length, number


def status(**more):
    answer = {
        "ok": True, "problem": None,
        "policy": {"site": "みほん市", "file": "/etc/sekisho/policy.conf",
                   "digest": "1a2b3c4d5e6f" + "0" * 52, "permits": 116, "zones": 3},
        "gate": {"state": "closed as the policy says", "generation": 7, "forwarding": True},
        "watch": {"tier": "ebpf", "tier_reason": "", "frames": 10,
                  "taps": [{"interface": "mn0", "received": 10, "dropped": 3}],
                  "gate": {"lost": 0}, "table": {"overflowed": 0}},
        "record": {"sequence": 5, "lost": 0},
    }
    answer.update(more)
    return answer


def pair(from_, to, permitted, attempts, leaks):
    return {"from": from_, "to": to, "gate": {"permitted": permitted // 10, "stopped": attempts},
            "tap": {"permitted": permitted, "attempts": attempts, "leaks": leaks}}


PAIRS = [pair("mynumber", "lgwan", 123456, 12, 0), pair("lgwan", "internet", 99, 0, 0),
         pair("internet", "mynumber", 0, 1200000, 2)]


def matrix(pairs):
    return {"ok": True, "zones": ["mynumber", "lgwan", "internet", "self"], "pairs": pairs}


class Daemon:
    """Answers "status" and "matrix" until it is stopped."""

    def __init__(self, path):
        self.answers = {"status": status(), "matrix": matrix(PAIRS)}
        self.mute = False
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(path)
        self.socket.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        """One client, however it hangs up."""
        with client, contextlib.suppress(ConnectionError):
            while True:
                data = client.recv(70000)
                if not data:
                    return
                kind, length, number = HEAD.unpack_from(data)
                verb = json.loads(data[HEAD.size:HEAD.size + length])["verb"]
                answer = json.dumps(self.answers[verb]).encode()
                if not self.mute:
                    client.send(HEAD.pack(kind, len(answer), number) + answer)

    def stop(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        os.unlink(self.path)
