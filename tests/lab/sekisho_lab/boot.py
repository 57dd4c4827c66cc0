# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway before its daemon: sekishod --early, and who may reach it then."""
import time

from . import frames, model, netns, policy
from .gate import Shot, check

# zc is the management here: ssh of the gateway, from one network of it.
CONF = """schema = 1;
zones = ( { name = "mgmt"; class = "mgmt"; segments = ( { interface = "zc0";
  networks = [ "10.3.0.0/24", "2001:db8:3::/64" ]; } ); } );
services = ( { name = "ssh"; protocol = "tcp"; ports = [ "22" ]; } );
permits = ( { id = "M001"; from = [ "mgmt" ]; to = [ "self" ]; services = [ "ssh" ];
  purpose = "management"; request = "R8-0001"; approved_by = "tester"; } );
"""


def early(gate, conf=None, must=0):
    """Run it in the gateway; conf: text of an early.conf, None for no such file."""
    path = gate.write("early.conf", conf) if conf is not None else gate.folder + "/none"
    run = netns.run(netns.gateway(gate.prefix), model.binary("sekishod"), "--early",
                    "-f", path)
    check(run.returncode == must, "sekishod --early ended with %d, not %d: %s%s"
          % (run.returncode, must, run.stdout, run.stderr))
    return run


def forwarding(gate):
    """As the kernel says it: (IPv4, IPv6)."""
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/ipv4/ip_forward",
                    "/proc/sys/net/ipv6/conf/all/forwarding")
    return tuple(word == "1" for word in run.stdout.split())


def switch_on(gate):
    """As a network manager or a left-over sysctl does it."""
    gate.in_gateway(("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1))


def answered(gate, tries, sport):
    """Of (family, zone, port): to which TCP openings the gateway says anything at all."""
    gate.wire.drain()
    for family, zone, port in tries:
        src, dst = policy.addr(family, zone, 2), policy.addr(family, zone, 1)
        packet = frames.opening(family, src, dst, frames.TCP, sport, port, gate.tag())
        gate.fire([Shot(policy.NUMBER[zone] - 1, family, packet)])
    came, until = set(), time.monotonic() + 0.3
    while time.monotonic() < until:
        for seen in gate.wire.receive(0.02):
            found = frames.transport(seen.frame[14:])
            if found and found[3] == frames.TCP and isinstance(seen.segment, int):
                port = int.from_bytes(found[4][:2], "big")
                came.add((found[0], policy.ZONES[seen.segment], port))
    return [one for one in tries if one in came]
