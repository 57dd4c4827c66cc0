# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the classes ZV-01 to ZV-14 share: policies with classes, and waiting.

Each test first does what only looks like its class, sees that nothing of that class is
recorded, then provokes it: so silence is never that of a deaf watcher.
"""
import re
import struct
import time

from . import address, case, frames, policy
from .gate import Shot, check

QUIET = 1.2             # seconds; an attempt is told after two sweeps of 0.3 s
BROADCAST = b"\xff" * 6
STRANGER = bytes.fromhex("027700000001")    # a MAC that no policy here registers
SETTLE = {"za": "mynumber", "zb": "external", "zc": "lgwan"}


def build(permits=(), services=(), hosts=(), extra="", classes=None):
    """policy.build() with classes of zones; by default My Number, external, LGWAN."""
    text = policy.build(permits, services, hosts, extra)
    for zone, word in (classes or SETTLE).items():
        text = re.sub(r'(name = "%s"; class = )"\w+"' % zone, r'\1"%s"' % word, text)
    return text


def host(name, zone, number, mac=None, roles=()):
    n = policy.NUMBER[zone]
    text = '  { name = "%s"; zone = "%s"; addresses = [ "10.%d.0.%d", "2001:db8:%d::%x" ];' % (
        name, zone, n, number, n, number)
    if mac:
        text += ' mac = "%s";' % address.mac_text(mac)
    if roles:
        text += " roles = [ %s ];" % ", ".join('"%s"' % r for r in roles)
    return text + " }"


def of(gate, zv):
    """Records of a class so far: first ones of violations, and gaps."""
    return [r for r in gate.records() if r.get("rule", {}).get("id") == zv
            and r["sekisho"].get("agg", "first") == "first"]


def silent(gate, zv, what):
    time.sleep(QUIET)
    found = of(gate, zv)
    check(not found, "%s: a look-alike was recorded as %s: %s"
          % (what, zv, [r["event"].get("reason") for r in found[:3]]))


def told(gate, zv, what, least=1, action=None, reason=None, seconds=5.0):
    """At least so many records of the class, of this action, with this in their reason."""
    def wanted():
        return [r for r in of(gate, zv)
                if (action is None or r["event"]["action"] == action)
                and (reason is None or reason in r["event"].get("reason", ""))]
    until = time.monotonic() + seconds
    while len(wanted()) < least and time.monotonic() < until:
        time.sleep(0.05)
    found = wanted()
    check(len(found) >= least, "%s: %d records of %s (%s), expected %d; of the class: %s"
          % (what, len(found), zv, reason or action, least,
             [(r["event"]["action"], r["event"].get("reason")) for r in of(gate, zv)]))
    return found


def one(found, what):
    case.equal(len(found), 1, what + ": records")
    return found[0]


# ---- frames ----------------------------------------------------------------------

def shot(segment, family, src, dst, protocol, body, mac=None, dst_mac=None, **ip):
    """IP packet between addresses given as numbers."""
    return Shot(segment, family, frames.ip(family, src, dst, protocol, body, **ip), mac,
                dst_mac)


def ttl(family, value):
    return {"ttl": value} if family == 4 else {"hop_limit": value}


def arp(segment, operation, sender, sender_mac, target, mac=None, dst_mac=BROADCAST):
    body = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, operation, sender_mac,
                       address.pack(4, sender), bytes(6), address.pack(4, target))
    return Shot(segment, 4, body, mac or sender_mac, dst_mac, 0x0806)


def icmp6(segment, src, dst, type_, rest, payload=b"", mac=None, dst_mac=None):
    body = frames.icmp(6, src, dst, type_, 0, rest, payload)
    return shot(segment, 6, src, dst, frames.ICMPV6, body, mac,
                dst_mac or multicast_mac(dst), hop_limit=255)


def multicast_mac(group):
    """RFC 2464 7."""
    return b"\x33\x33" + address.pack(6, group)[12:]


def number(text):
    return address.parse(text)[1]


def udp(segment, family, src, dst, sport, dport, payload, mac=None, dst_mac=None):
    return shot(segment, family, src, dst, frames.UDP,
                frames.udp(family, src, dst, sport, dport, payload), mac, dst_mac)


def dns_query(name, type_=1):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" \
        + struct.pack("!HH", type_, 1)


def client_hello(name):
    """A TLS 1.3 ClientHello with that server name (RFC 8446 4.1.2, RFC 6066 3)."""
    sni = struct.pack("!BH", 0, len(name)) + name.encode()
    sni = struct.pack("!H", len(sni)) + sni
    extensions = struct.pack("!HH", 0, len(sni)) + sni
    hello = b"\x03\x03" + bytes(32) + b"\0" + struct.pack("!HH", 2, 0x1301) + b"\1\0" \
        + struct.pack("!H", len(extensions)) + extensions
    hello = b"\1" + struct.pack("!I", len(hello))[1:] + hello
    return b"\x16\x03\x01" + struct.pack("!H", len(hello)) + hello
