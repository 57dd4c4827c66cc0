#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-31: reloads under a TCP transfer between real stacks: no reset, no stall, counters kept.

Policies take turns in how they permit the transfer: exact, by a range, by another permit.
"""
import socket
import threading
import time

from sekisho_lab import address, case, netns, policy
from sekisho_lab.gate import Gate, check

SERVICES = [policy.service("exact", "tcp", ports=["9000"]),
            policy.service("range", "tcp", ports=["8000-9999"]),
            policy.service("more", "tcp", ports=["22", "80", "9000"])]
TEXTS = [policy.build([policy.permit(*p), policy.permit("STAYS", ["za"], ["zb"], ["more"])],
                      SERVICES)
         for p in (("MOVE", ["a"], ["b"], ["exact"]), ("MOVE", ["za"], ["zb"], ["range"]),
                   ("OTHER", ["a"], ["b"], ["range"]), ("MOVE", ["a"], ["zb"], ["exact"]))]
# the last one leaves the transfer to STAYS alone
TEXTS.append(policy.build([policy.permit("STAYS", ["za"], ["zb"], ["more"])], SERVICES))
RELOADS, STALL, PORT = 25, 1.0, 9000
CHUNK = bytes(16384)


def give_addresses(gate, segment, zone):
    """The far side as a host of its own, with the gateway as its router."""
    lines = []
    for family, length in ((4, 24), (6, 64)):
        own, router = policy.addr(family, zone, 2), policy.addr(family, zone, 1)
        lines.append("address add %s/%d dev %s%s" % (
            address.show(family, own), length, netns.FAR, " nodad" if family == 6 else ""))
        lines.append("route add default via " + address.show(family, router))
    with netns.inside(netns.far(gate.prefix, segment)):
        netns.sysctl([("ipv6/conf/%s/disable_ipv6" % netns.FAR, 0)])
    netns.ip_batch(lines, netns.far(gate.prefix, segment))


class Transfer:
    """Server to client, as fast as the client is told; the longest silence counts."""

    def __init__(self, gate, family):
        kind = address.AF[family]
        with netns.inside(netns.far(gate.prefix, 1)):
            listener = socket.socket(kind, socket.SOCK_STREAM)
            listener.bind((address.show(family, policy.addr(family, "zb", 2)), PORT))
            listener.listen(1)
        with netns.inside(netns.far(gate.prefix, 0)):
            self.client = socket.socket(kind, socket.SOCK_STREAM)
        self.client.settimeout(5)
        self.client.connect((address.show(family, policy.addr(family, "zb", 2)), PORT))
        self.server = listener.accept()[0]
        listener.close()
        self.family, self.sent, self.got, self.silence = family, 0, 0, 0.0
        self.stop, self.trouble = False, None
        self.threads = [threading.Thread(target=self._run, args=(f,))
                        for f in (self._send, self._receive)]
        for t in self.threads:
            t.start()

    def _run(self, work):
        try:
            work()
        except OSError as e:
            self.trouble = e

    def _send(self):
        while not self.stop:
            self.server.sendall(CHUNK)
            self.sent += len(CHUNK)
            time.sleep(0.002)
        self.server.shutdown(socket.SHUT_WR)

    def _receive(self):
        last = time.monotonic()
        while True:
            data = self.client.recv(1 << 16)
            now = time.monotonic()
            self.silence, last = max(self.silence, now - last), now
            if not data:
                return
            self.got += len(data)

    def finish(self):
        self.stop = True
        for t in self.threads:
            t.join()
        self.client.close()
        self.server.close()
        check(self.trouble is None, "IPv%d: %s" % (self.family, self.trouble))
        case.equal(self.got, self.sent, "IPv%d: bytes that came" % self.family)
        check(self.silence < STALL, "IPv%d: a stall of %.2f s" % (self.family, self.silence))


def run():
    with Gate(TEXTS[0]) as gate:
        for segment, zone in enumerate(("za", "zb")):
            give_addresses(gate, segment, zone)
        transfers = [Transfer(gate, family) for family in case.FAMILIES]
        moved = gate.permit_counter("MOVE")
        case.equal(moved, len(transfers), "openings by MOVE")
        counted = gate.permit_counter("STAYS")
        for n in range(RELOADS):
            gate.apply(TEXTS[(n + 1) % len(TEXTS)])
        stays = gate.permit_counter("STAYS")
        for t in transfers:
            t.finish()
        case.equal(stays, counted, "openings by STAYS")
    return "%d reloads, %d MB, longest silence %.2f s" % (
        RELOADS, sum(t.got for t in transfers) >> 20, max(t.silence for t in transfers))


case.main("PF-31", run)
