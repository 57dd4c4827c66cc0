# SPDX-License-Identifier: GPL-2.0-or-later
"""The service manager of a test: what it hears by sd_notify(3), and when."""
import os
import socket
import threading
import time


class Manager(threading.Thread):
    """Hears what sd_notify(3) says; knows the longest time without a sign of life."""

    def __init__(self, gate, watchdog):
        """Before the daemon's start, which then is to be heard of so often (seconds)."""
        super().__init__(daemon=True)
        path = os.path.join(gate.folder, "notify")
        gate.environment = dict(gate.environment, NOTIFY_SOCKET=path,
                                WATCHDOG_USEC=str(int(watchdog * 1e6)))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o777)       # as systemd's: the keeper is a user of its own
        self.fed, self.ready = [], False
        self.start()

    def run(self):
        while True:
            words = self.socket.recv(4096).split(b"\n")
            self.ready |= b"READY=1" in words
            if b"WATCHDOG=1" in words:
                self.fed.append(time.monotonic())

    def since(self, start):
        return [t for t in self.fed if t >= start]

    def pause(self, start):
        """The longest pause since then, the present one included."""
        times = [start] + self.since(start) + [time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))
