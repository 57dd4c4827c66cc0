# SPDX-License-Identifier: GPL-2.0-or-later
"""A workstation that administers the gate: real TCP to a listener on the gateway itself."""
import contextlib
import socket

from . import address, netns, policy

PORT = 22
HOME = ("za", 3)        # host a2


@contextlib.contextmanager
def listener(gate):
    """Somebody who answers at port 22 of the gateway, both families."""
    with netns.inside(netns.gateway(gate.prefix)):
        s = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    try:
        yield s
    finally:
        s.close()


def settle(gate, segment, zone, host):
    """Give the far end of a segment an address of its own and the gateway as neighbour."""
    s = gate.model.segments[segment]
    name = netns.far(gate.prefix, segment)
    with netns.inside(name):
        netns.sysctl([("ipv6/conf/%s/disable_ipv6" % netns.FAR, 0),
                      ("ipv6/conf/%s/accept_dad" % netns.FAR, 0),
                      ("ipv6/conf/%s/router_solicitations" % netns.FAR, 0)])
    lines = []
    for family, bits in ((4, 24), (6, 64)):
        own = address.show(family, policy.addr(family, zone, host))
        lines += ["address replace %s/%d dev %s%s" % (own, bits, netns.FAR,
                                                      " nodad" if family == 6 else ""),
                  "neigh replace %s lladdr %s dev %s nud permanent"
                  % (address.show(family, policy.addr(family, zone, 1)),
                     address.mac_text(s.gateway_mac), netns.FAR)]
    netns.ip_batch(lines, name)


def connect(gate, family, segment=0, zone="za", timeout=0.7):
    """A connection to the gateway's port 22 from a segment; None: it does not open."""
    with netns.inside(netns.far(gate.prefix, segment)):
        s = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6)
    s.settimeout(timeout)
    try:
        s.connect((address.show(family, policy.addr(family, zone, 1)), PORT))
        return s
    except OSError:
        s.close()
        return None
