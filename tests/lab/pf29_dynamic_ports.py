#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-29: no protocol opens other ports for itself. FTP, active and passive, gets its control
connection and no data connection, also where the kernel has a helper that expects one.
"""
from sekisho_lab import case, frames, netns, policy
from sekisho_lab.frames import ACK, PSH, SYN
from sekisho_lab.gate import Gate, check
from sekisho_lab.tcpflow import Flow

CLIENT_PORT, SERVER_PORT = 50001, 50002


def say(flow, from_client, line):
    flow.say(from_client, PSH | ACK, line)
    flow.say(not from_client, ACK)


def data_line(family, host, port):
    if family == 4:
        return b"%s,%d,%d" % (host.replace(".", ",").encode(), port >> 8, port & 255)
    return b"|||%d|" % port


def dialogue(flow, family):
    """Both ways of asking for a data connection."""
    if family == 4:
        say(flow, True, b"PORT " + data_line(4, "10.1.0.2", CLIENT_PORT) + b"\r\n")
        say(flow, False, b"200 PORT command successful.\r\n")
        say(flow, True, b"PASV\r\n")
        say(flow, False, b"227 Entering Passive Mode (" +
            data_line(4, "10.2.0.2", SERVER_PORT) + b").\r\n")
    else:
        say(flow, True, b"EPRT |2|2001:db8:1::2|%d|\r\n" % CLIENT_PORT)
        say(flow, False, b"200 EPRT command successful.\r\n")
        say(flow, True, b"EPSV\r\n")
        say(flow, False, b"229 Entering Extended Passive Mode (" +
            data_line(6, "", SERVER_PORT) + b")\r\n")


def data_connections(gate, family, when):
    active = Flow(gate, family, 20, CLIENT_PORT, ("zb", 2), ("za", 2))
    passive = Flow(gate, family, 45000, SERVER_PORT)
    for name, flow, segment in (("active", active, 1), ("passive", passive, 0)):
        packet = flow.packet(True, SYN, ack=0)
        check(not flow.put(segment, packet, wait=0.2),
              "IPv%d: the %s data connection opened %s" % (family, name, when))


def no_helper(gate):
    """The gate assigns none, and none is assigned by the kernel itself."""
    rules = gate.nft("list", "table", "inet", "sekisho").stdout
    check("helper" not in rules, "the gate's table names a helper")
    run_ = netns.run(netns.gateway(gate.prefix), "cat",
                     "/proc/sys/net/netfilter/nf_conntrack_helper")
    check(run_.returncode != 0 or run_.stdout.strip() == "0",
          "the kernel assigns helpers by port: " + run_.stdout)


def foreign_helper(gate):
    """Somebody else's table that assigns FTP's helper: False where this kernel has none."""
    text = """table inet other {
        ct helper ftp { type "ftp" protocol tcp; l3proto inet; }
        chain c { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp"; }
    }"""
    return gate.nft("-f", "-", text=text).returncode == 0


def run():
    text = policy.build([policy.permit("FTP", ["a"], ["b"], ["ftp"])],
                        [policy.service("ftp", "tcp", ports=["21"])])
    with Gate(text) as gate:
        helped = False
        for sport in (46000, 46001):
            for family in case.FAMILIES:
                flow = Flow(gate, family, sport, 21).open()
                dialogue(flow, family)
                data_connections(gate, family, "beside the control connection")
                say(flow, True, b"NOOP\r\n")
                flow.close()
                data_connections(gate, family, "after it")
            if sport == 46000:
                no_helper(gate)
                helped = foreign_helper(gate)
                if not helped:
                    break
    return "no data connection" + (", also with somebody's helper" if helped else
                                   "; this kernel has no FTP helper to be misled by")


case.main("PF-29", run)
