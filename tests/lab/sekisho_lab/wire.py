# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw sockets on every far end, and on the gateway for what it says and hears itself."""
import errno
import select
import socket
import time

from . import address, frames, netns

ETH_P_ALL = 3
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
BUFFER = 16 << 20


class Seen:
    """One frame that the gateway let through: where (a segment, or "self"), when, bytes."""
    __slots__ = ("segment", "time", "frame")

    def __init__(self, segment, when, frame):
        self.segment, self.time, self.frame = segment, when, frame


class Wire:
    """Ends of all segments of a lab that is up. Use as a context manager."""

    def __init__(self, model, prefix):
        self.model, self.prefix = model, prefix
        self.far = {}
        self.local = {}         # (family, protocol) -> raw socket on the gateway
        self.senders = {}
        self.poll = select.poll()
        self.by_fd = {}
        for s in model.segments:
            self.far[s.index] = self._open_far(s.index)
            self._watch(self.far[s.index], s.index)
        self.model.set_own(netns.own_addresses(model, prefix))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for s in [*self.far.values(), *self.local.values(), *self.senders.values()]:
            s.close()

    def _open_far(self, segment):
        with netns.inside(netns.far(self.prefix, segment)):
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
            s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
            s.bind((netns.FAR, 0))
        s.setblocking(False)
        return s

    def _watch(self, sock, segment):
        self.poll.register(sock, select.POLLIN)
        self.by_fd[sock.fileno()] = (sock, segment)

    def listen_local(self, family, protocol):
        """Hear what the gateway's input hook lets through of one protocol."""
        if (family, protocol) in self.local:
            return
        with netns.inside(netns.gateway(self.prefix)):
            s = socket.socket(address.AF[family], socket.SOCK_RAW, protocol)
            s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        s.setblocking(False)
        self.local[(family, protocol)] = s
        self._watch(s, ("self", family, protocol))

    def send(self, segment, packet, src_mac, family=4, dst_mac=None, ethertype=None):
        """Put an IP packet (or any payload) on a segment, towards the gateway."""
        s = self.model.segments[segment]
        self.send_frame(segment, frames.ethernet(dst_mac or s.gateway_mac, src_mac, family,
                                                 packet, ethertype))

    def send_frame(self, segment, frame):
        while True:
            try:
                self.far[segment].send(frame)
                return
            except OSError as e:
                if e.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)

    def send_local(self, family, packet, dst):
        """Let the gateway say a packet itself; False when its output hook refuses."""
        s = self.senders.get(family)
        if s is None:
            with netns.inside(netns.gateway(self.prefix)):
                s = socket.socket(address.AF[family], socket.SOCK_RAW, socket.IPPROTO_RAW)
            self.senders[family] = s
        try:
            s.sendto(packet, (address.show(family, dst), 0))
        except PermissionError:
            return False
        return True

    def receive(self, timeout):
        """What came out within the timeout (seconds): yields Seen, first come first."""
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            ready = self.poll.poll(max(0, left * 1000))
            for fd, _ in ready:
                yield from self._read(*self.by_fd[fd])
            if not ready and time.monotonic() >= until:
                return
            if time.monotonic() >= until + 5:   # a segment that never falls silent
                return

    def _read(self, sock, where):
        for _ in range(4096):
            try:
                data, sender = sock.recvfrom(65535)
            except (BlockingIOError, InterruptedError):
                return
            if isinstance(where, int):
                yield Seen(where, time.time(), data)
            else:
                yield Seen("self", time.time(), local_frame(where, data, sender))

    def drain(self):
        for _ in self.receive(0.02):
            pass


def local_frame(where, data, sender):
    """What a raw socket got, as a frame: IPv6 sockets leave the header out."""
    _, family, protocol = where
    if family == 6:
        src = address.parse(sender[0].split("%")[0])[1]
        data = frames.ipv6(src, 0, protocol, data)
    return bytes(12) + frames.ETHERTYPE[family].to_bytes(2, "big") + data
