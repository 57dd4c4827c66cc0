# SPDX-License-Identifier: GPL-2.0-or-later
"""The packets of a pcapng file, read by the draft and not by our writer."""
import collections
import struct

Packet = collections.namedtuple("Packet", "interface link time_ns bytes length comment flags")


def options(data):
    """{code: bytes} of a list of options."""
    found, at = {}, 0
    while at + 4 <= len(data):
        code, n = struct.unpack_from("=HH", data, at)
        if code == 0:
            break
        found[code] = data[at + 4:at + 4 + n]
        at += 4 + (n + 3) // 4 * 4
    return found


def blocks(data):
    at = 0
    while at < len(data):
        kind, n = struct.unpack_from("=II", data, at)
        assert n >= 12 and n % 4 == 0 and struct.unpack_from("=I", data, at + n - 4)[0] == n, \
            "block at %d" % at
        yield kind, data[at + 8:at + n - 4]
        at += n


def read(path):
    """(section's options, [Packet])"""
    with open(path, "rb") as f:
        data = f.read()
    section, interfaces, packets = {}, [], []
    for kind, body in blocks(data):
        if kind == 0x0A0D0D0A:
            section = options(body[16:])
        elif kind == 1:
            link, _, _ = struct.unpack_from("=HHI", body)
            told = options(body[8:])
            assert told[9] == b"\x09", "resolution is nanoseconds"
            interfaces.append((told[2].decode(), link))
        elif kind == 6:
            n, high, low, captured, length = struct.unpack_from("=IIIII", body)
            told = options(body[20 + (captured + 3) // 4 * 4:])
            packets.append(Packet(*interfaces[n], high << 32 | low, body[20:20 + captured],
                                  length, told.get(1, b"").decode(),
                                  struct.unpack("=I", told[2])[0]))
    return section, packets
