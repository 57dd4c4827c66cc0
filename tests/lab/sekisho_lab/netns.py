# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces made from a model: one for the gateway, one per segment.

The gateway's holds the gateway ends of all veth pairs under the names that the policy
gives them. The far ends have no address and IPv6 switched off, so that nothing there
ever speaks by itself: every frame on a segment is one that a test sent or the gateway
passed on.
"""
import contextlib
import ctypes
import os
import re
import socket
import struct
import subprocess

from . import address, users

FAR = "lab0"            # name of the far end in its namespace
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def gateway(prefix):
    return prefix + "gw"


def far(prefix, segment):
    return "%ss%d" % (prefix, segment)


@contextlib.contextmanager
def inside(name):
    """Run the body in a namespace; sockets made there stay there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + name, os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(home)
        os.close(there)
        os.close(home)


def _setns(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, "setns: " + os.strerror(error))


def ip_batch(lines, netns=None):
    """Many commands of ip(8) by one process; all of them must work."""
    command = ["ip"] + (["-n", netns] if netns else []) + ["-batch", "-"]
    run = subprocess.run(command, input="\n".join(lines) + "\n", text=True, check=False,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if run.returncode != 0:
        raise SystemExit("lab: ip -batch: " + run.stderr.strip())


def run(name, *command, **more):
    """A command inside a namespace; the CompletedProcess, output as text."""
    return subprocess.run(["ip", "netns", "exec", name, *command], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def sysctl(values):
    """Set net.* of the namespace we are in; a key that this kernel lacks is skipped."""
    for key, value in values:
        with contextlib.suppress(FileNotFoundError):
            with open("/proc/sys/net/" + key, "w", encoding="ascii") as f:
                f.write(str(value))


def forwarding(on):
    """For use inside(): the switch that sekishod holds otherwise."""
    sysctl([("ipv4/ip_forward", int(on)), ("ipv6/conf/all/forwarding", int(on))])


def exists(prefix):
    return os.path.exists("/run/netns/" + gateway(prefix))


def ours(prefix):
    """Namespaces of this lab that exist."""
    want = re.compile(re.escape(prefix) + r"(gw|s\d+)")
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return sorted(n for n in names if want.fullmatch(n))


def down(prefix):
    names = ours(prefix)
    users.remove(gateway(prefix))
    if names:
        ip_batch(["netns del " + n for n in names])
    return len(names)


def up(model, prefix, forward=False, links=None):
    """Build it all. Leaves nothing behind when it fails.

    links(model, prefix): makes other wires than a veth pair for each segment.
    """
    try:
        _make_namespaces(model, prefix)
        (links or _make_links)(model, prefix)
        _set_gateway(model, prefix, forward)
        for s in model.segments:
            _set_far(prefix, s.index)
    except BaseException:
        down(prefix)
        raise


def _make_namespaces(model, prefix):
    gw = gateway(prefix)
    users.make(gw)
    ip_batch(["netns add " + gw] + ["netns add " + far(prefix, s.index)
                                    for s in model.segments])
    with inside(gw):        # what new interfaces start with
        sysctl([("ipv4/conf/all/rp_filter", 0), ("ipv4/conf/default/rp_filter", 0),
                ("ipv4/conf/default/send_redirects", 0),
                ("ipv6/conf/default/accept_ra", 0), ("ipv6/conf/default/accept_dad", 0),
                ("ipv6/conf/default/router_solicitations", 0)])


def _make_links(model, prefix):
    gw = gateway(prefix)
    ip_batch(["link add %s address %s netns %s type veth peer name %s address %s netns %s"
              % (s.interface, address.mac_text(s.gateway_mac), gw, FAR,
                 address.mac_text(s.router_mac), far(prefix, s.index))
              for s in model.segments])


def _set_far(prefix, segment):
    name = far(prefix, segment)
    with inside(name):
        sysctl([("ipv6/conf/%s/disable_ipv6" % FAR, 1)])
    ip_batch(["link set %s up" % FAR], name)


def _set_gateway(model, prefix, forward):
    lines = ["link set lo up"]
    lines += ["link set %s up" % s.interface for s in model.segments]
    for s in model.segments:
        lines += _addresses(model, s)
        lines += ["route replace %s dev %s" % (n, s.interface) for n in s.network_texts]
    ip_batch(lines, gateway(prefix))
    if forward:
        with inside(gateway(prefix)):
            forwarding(True)


def _addresses(model, segment):
    lines = []
    for family in (4, 6):
        own = [a for a in segment.gateway if a[0] == family]
        if not own:
            own = _choose(model, segment, family)
        for _, value in own:
            lines.append("address add %s/%d dev %s%s"
                         % (address.show(family, value), _length(segment, family, value),
                            segment.interface, " nodad" if family == 6 else ""))
    return lines


def _length(segment, family, value):
    """Prefix length of the narrowest network of the segment around an address."""
    spans = [last - first + 1 for f, first, last in segment.networks
             if f == family and first <= value <= last]
    return address.BITS[family] - (min(spans).bit_length() - 1)


def _choose(model, segment, family):
    """An address for the gateway where the policy writes none: the last free one."""
    taken = {b[2] for b in model.macs if b[1] == family}
    for host in model.data["hosts"]:
        for text in host["addresses"]:
            f, first, last = address.parse_range(text)
            if f == family and first == last:
                taken.add(first)
    for f, first, last in segment.networks:
        if f != family or not 3 <= last - first < 1 << 64:
            continue
        for value in range(last - 1, max(first, last - 4096), -1):
            if value not in taken and model.owner(family, value) == segment.index:
                return [(family, value)]
    return []


def own_addresses(model, prefix):
    """What the gateway really has: (segment, family, value) of all but link-local."""
    text = run(gateway(prefix), "ip", "-o", "address").stdout
    index = {s.interface: s.index for s in model.segments}
    found = []
    for line in text.splitlines():
        word = line.split()
        if word[1] in index and word[2] in ("inet", "inet6"):
            family, value = address.parse(word[3].split("/")[0])
            if not address.never_forwarded(family, value):
                found.append((index[word[1]], family, value))
    return found


def neighbours(model, prefix, wanted):
    """Permanent neighbour entries on the gateway for (segment, family, value)."""
    lines = ["neigh replace %s lladdr %s dev %s nud permanent"
             % (address.show(family, value),
                address.mac_text(model.mac_of(segment, family, value)),
                model.segments[segment].interface)
             for segment, family, value in wanted]
    if lines:
        ip_batch(lines, gateway(prefix))


def flush_conntrack(prefix):
    """Forget every flow of the gateway (IPCTNL_MSG_CT_DELETE without a filter)."""
    ctnetlink_delete = 1 << 8 | 2
    with inside(gateway(prefix)):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:
            s.bind((0, 0))
            s.send(struct.pack("=IHHII4B", 20, ctnetlink_delete, 5, 1, 0, 0, 0, 0, 0))
            error = struct.unpack_from("=i", s.recv(4096), 16)[0]
    if error != 0:
        raise OSError(-error, "conntrack: " + os.strerror(-error))
