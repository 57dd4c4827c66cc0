# SPDX-License-Identifier: GPL-2.0-or-later
"""Build and read raw frames. Standard library only; every field can be a lie."""
import struct

from . import address

ETHERTYPE = {4: 0x0800, 6: 0x86DD}
ICMP, TCP, UDP, GRE, ESP, ICMPV6, SCTP, UDPLITE = 1, 6, 17, 47, 50, 58, 132, 136
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
MAGIC = b"sekl"         # in front of the tag of everything but TCP and SCTP


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data):
    """RFC 9260 appendix A."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def ethernet(dst, src, family, packet, ethertype=None):
    return dst + src + struct.pack("!H", ethertype or ETHERTYPE[family]) + packet


def ipv4(src, dst, protocol, payload, ttl=64, ident=1, flags=0, offset=0, options=b"",
         total=None, tos=0):
    """offset in units of 8 bytes; flags 1: more fragments, 2: do not fragment."""
    words = 5 + len(options) // 4
    total = total if total is not None else words * 4 + len(payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, tos, total & 0xFFFF, ident,
                       flags << 13 | offset, ttl, protocol, 0,
                       address.pack(4, src), address.pack(4, dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, next_header, payload, hop_limit=64, length=None):
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload) if length is None else length,
                       next_header, hop_limit, address.pack(6, src),
                       address.pack(6, dst)) + payload


def ip(family, src, dst, protocol, payload, **more):
    if family == 4:
        return ipv4(src, dst, protocol, payload, **more)
    return ipv6(src, dst, protocol, payload, **more)


def pseudo(family, src, dst, protocol, length):
    """RFC 9293 3.1, RFC 8200 8.1."""
    addresses = address.pack(family, src) + address.pack(family, dst)
    if family == 4:
        return addresses + struct.pack("!BBH", 0, protocol, length)
    return addresses + struct.pack("!II", length, protocol)


def _summed(family, src, dst, protocol, segment, at):
    value = checksum(pseudo(family, src, dst, protocol, len(segment)) + segment)
    if protocol == UDP and value == 0:
        value = 0xFFFF
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


def tcp(family, src, dst, sport, dport, seq, ack=0, flags=SYN, payload=b"", window=8192):
    seg = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4,
                      flags, window, 0, 0) + payload
    return _summed(family, src, dst, TCP, seg, 16)


def udp(family, src, dst, sport, dport, payload=b"", protocol=UDP):
    """UDP-Lite too: its length field is the checksum's coverage, 0 for all."""
    length = 8 + len(payload) if protocol == UDP else 0
    seg = struct.pack("!HHHH", sport, dport, length, 0) + payload
    return _summed(family, src, dst, protocol, seg, 6)


def icmp(family, src, dst, type_, code, rest, payload=b""):
    """rest: the 4 bytes behind the checksum (id and sequence, MTU, ...)."""
    seg = struct.pack("!BBH4s", type_, code, 0, rest) + payload
    if family == 6:
        return _summed(6, src, dst, ICMPV6, seg, 2)
    return seg[:2] + struct.pack("!H", checksum(seg)) + seg[4:]


def sctp(sport, dport, vtag, chunk):
    seg = struct.pack("!HHII", sport, dport, vtag, 0) + chunk
    return seg[:8] + struct.pack("<I", crc32c(seg)) + seg[12:]


def sctp_init(tag, ack=False):
    """INIT or INIT-ACK chunk; an INIT-ACK carries a state cookie (RFC 9260 3.3.3)."""
    cookie = struct.pack("!HH", 7, 8) + b"cook" if ack else b""
    return struct.pack("!BBHIIHHI", 2 if ack else 1, 0, 20 + len(cookie), tag, 65536, 1, 1,
                       tag) + cookie


# ICMP question -> answer, and how an exchange looks for each protocol
ICMP_ANSWER = {(4, 8): 0, (4, 13): 14, (4, 15): 16, (4, 17): 18, (6, 128): 129, (6, 139): 140}


def _tagged(tag):
    return MAGIC + struct.pack("!I", tag)


def opening(family, src, dst, protocol, sport, dport, tag):
    """The first packet of a flow (from the IP header on), carrying a 32-bit tag.

    ICMP: sport is type << 8 | code, dport the identifier.
    """
    if protocol == TCP:
        body = tcp(family, src, dst, sport, dport, tag)
    elif protocol in (UDP, UDPLITE):
        body = udp(family, src, dst, sport, dport, _tagged(tag), protocol)
    elif protocol == SCTP:
        body = sctp(sport, dport, 0, sctp_init(tag))
    elif protocol in (ICMP, ICMPV6):
        body = icmp(family, src, dst, sport >> 8, sport & 255,
                    struct.pack("!HH", dport, 1), _tagged(tag))
    elif protocol == GRE:
        body = struct.pack("!HH", 0, 0x88B5) + _tagged(tag)
    else:
        body = struct.pack("!II", 0x1234, 1) + _tagged(tag)
    return ip(family, src, dst, protocol, body)


def answer(family, src, dst, protocol, sport, dport, opening_tag, tag):
    """What the other side says to opening(): the arguments are the opening's."""
    if protocol == TCP:
        body = tcp(family, dst, src, dport, sport, tag, opening_tag + 1, SYN | ACK)
    elif protocol in (UDP, UDPLITE):
        body = udp(family, dst, src, dport, sport, _tagged(tag), protocol)
    elif protocol == SCTP:
        body = sctp(dport, sport, opening_tag, sctp_init(tag, ack=True))
    elif protocol in (ICMP, ICMPV6):
        body = icmp(family, dst, src, ICMP_ANSWER[(family, sport >> 8)], sport & 255,
                    struct.pack("!HH", dport, 1), _tagged(tag))
    elif protocol == GRE:
        body = struct.pack("!HH", 0, 0x88B5) + _tagged(tag)
    else:
        body = struct.pack("!II", 0x1234, 2) + _tagged(tag)
    return ip(family, dst, src, protocol, body)


def transport(packet):
    """IP packet -> (family, src, dst, protocol, payload); None when it is none."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return (4, int.from_bytes(packet[12:16], "big"), int.from_bytes(packet[16:20], "big"),
                packet[9], packet[(packet[0] & 15) * 4:])
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return (6, int.from_bytes(packet[8:24], "big"), int.from_bytes(packet[24:40], "big"),
                packet[6], packet[40:])
    return None


def tag_of(protocol, payload):
    """The tag of a transport payload made by opening() or answer(), else None."""
    if protocol == TCP:
        return struct.unpack_from("!I", payload, 4)[0] if len(payload) >= 20 else None
    if protocol == SCTP:
        return struct.unpack_from("!I", payload, 16)[0] if len(payload) >= 32 else None
    at = 4 if protocol == GRE else 8
    if payload[at:at + 4] != MAGIC or len(payload) < at + 8:
        return None
    return struct.unpack_from("!I", payload, at + 4)[0]


def fragment(family, src, dst, protocol, data, offset, more, ident):
    """One fragment: data is its part of the payload, offset in bytes (multiple of 8)."""
    if family == 4:
        return ipv4(src, dst, protocol, data, ident=ident, flags=1 if more else 0,
                    offset=offset // 8)
    head = struct.pack("!BBHI", protocol, 0, offset | (1 if more else 0), ident)
    return ipv6(src, dst, 44, head + data)


def fragments(family, src, dst, protocol, payload, size, ident):
    """The whole payload cut to pieces of "size" bytes (a multiple of 8)."""
    return [fragment(family, src, dst, protocol, payload[at:at + size], at,
                     at + size < len(payload), ident)
            for at in range(0, len(payload), size)]
