# SPDX-License-Identifier: GPL-2.0-or-later
"""The sample city as one policy text, its IPv6 twin, and its must-be-denied probes."""
import os
import re
from collections import namedtuple

from . import frames

EXAMPLE = os.path.normpath(os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "rules", "examples",
    "mihon-city", "policy.conf"))
TWIN = "2001:db8::"     # a.b.c.d becomes 2001:db8::aabb:ccdd, /n becomes /(n + 96)
QUAD = r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d+))?"
# N04 asks for "any global address"; the twin of 8.8.8.8 would be documentation space
GLOBAL6 = "2001:4860:4860::8888"


def text(path=EXAMPLE):
    """The policy with its includes put in place (the C side reads the includes itself)."""
    folder, out = os.path.dirname(path), []
    with open(path, encoding="utf-8") as f:
        for line in f:
            m = re.match(r'\s*@include\s+"(.*)"', line)
            out.append(text(os.path.join(folder, m.group(1))) if m else line)
    return "".join(out)


def twin_address(m):
    a, b, c, d = (int(x) for x in m.groups()[:4])
    length = "/%d" % (int(m.group(5)) + 96) if m.group(5) else ""
    return "%s%x:%x%s" % (TWIN, a << 8 | b, c << 8 | d, length)


def to_twin(policy_text):
    """Every IPv4 address inside quotes becomes its IPv6 twin."""
    def quoted(m):
        return re.sub(QUAD, twin_address, m.group(0))
    return re.sub(r'"[^"\n]*"', quoted, policy_text)


def timed(policy_text, id_, valid_from=None, valid_until=None):
    """The policy with other validity dates on one permit (None: not written)."""
    start = policy_text.index('id = "%s"' % id_)
    end = policy_text.index("}", start)
    body = re.sub(r'\s*valid_(from|until) = "[^"]*";', "", policy_text[start:end])
    for key, value in (("valid_from", valid_from), ("valid_until", valid_until)):
        if value:
            body += ' %s = "%s";' % (key, value)
    return policy_text[:start] + body + policy_text[end:]


Denied = namedtuple("Denied", "id interface src dst protocol port zv kind",
                    defaults=("opening",))
TCP, UDP = frames.TCP, frames.UDP
DENIED = [
    Denied("N01", "mn1", "10.10.1.50", "10.30.250.21", TCP, 8080, "ZV-01"),
    Denied("N02", "in1", "10.30.1.50", "10.10.250.22", TCP, 443, "ZV-01"),
    Denied("N03", "mn1", "10.10.1.50", "203.0.113.2", TCP, 8080, "ZV-01"),
    Denied("N04", "mn1", "10.10.1.50", "8.8.8.8", UDP, 53, "ZV-08"),
    Denied("N05", "lg1", "10.20.9.20", "10.30.250.21", TCP, 8080, "ZV-01"),
    Denied("N06", "in250", "10.30.250.22", "10.20.250.33", TCP, 25, "ZV-09"),
    Denied("N07", "rli1", "10.40.1.4", "10.20.250.31", TCP, 445, "ZV-09"),
    Denied("N08", "rli1", "10.40.1.6", "10.40.2.6", TCP, 8443, "ZV-09"),
    Denied("N09", "mn250", "10.10.250.22", "198.51.100.40", TCP, 443, "ZV-03", "wrong MAC"),
    Denied("N10", "mn250", "10.10.250.99", "198.51.100.40", TCP, 443, "ZV-02"),
    Denied("N11", "mn250", "10.10.250.22", "198.51.100.40", TCP, 8443, "ZV-02"),
    Denied("N12", "xlgwan", "198.51.100.77", "10.10.250.26", TCP, 443, "ZV-02"),
    Denied("N13", "lg1", "10.20.9.20", "10.10.250.31", TCP, 445, "ZV-01"),
    Denied("N14", "mn1", "10.10.1.50", "10.20.250.31", TCP, 445, "ZV-01"),
    Denied("N15", "xmaint", "203.0.113.66", "10.10.250.21", TCP, 22, "ZV-01"),
    Denied("N16", "xmaint", "203.0.113.66", "10.50.0.13", TCP, 443, "ZV-02"),
    Denied("N17", "mn250", "10.10.250.44", "10.50.0.13", TCP, 22, "ZV-02"),
    Denied("N18", "mn1", "10.10.1.201", "10.200.0.16", TCP, 443, "ZV-02"),
    Denied("N19", "gst0", "10.90.0.5", "10.10.250.31", TCP, 80, "ZV-01"),
    Denied("N20", "lg250", "10.20.250.34", "203.0.113.33", TCP, 443, "ZV-01"),
    Denied("N21", "mn1", "10.10.1.60", "10.30.250.21", TCP, 443, "ZV-03", "other family"),
    Denied("N22 GRE", "mn250", "10.10.250.22", "10.20.250.31", frames.GRE, 0, "ZV-01"),
    Denied("N22 ESP", "mn250", "10.10.250.22", "10.20.250.31", frames.ESP, 0, "ZV-01"),
    Denied("N22 IPIP", "mn250", "10.10.250.22", "10.20.250.31", 4, 0, "ZV-01", "in IP"),
    Denied("N22 ICMP", "mn250", "10.10.250.22", "10.20.250.31", frames.ICMP, 0, "ZV-01"),
    Denied("N23", "lg1", "10.10.1.50", "10.200.0.16", TCP, 443, "ZV-03"),
    Denied("N24", "mn250", "10.10.250.22", "198.51.100.40", TCP, 8444, "ZV-02", "no SYN"),
    Denied("N25", "mn250", "10.10.250.24", "198.51.100.43", TCP, 443, "ZV-02", "expired"),
]
