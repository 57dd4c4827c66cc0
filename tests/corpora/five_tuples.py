#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare every address, port and VLAN that we and tcpdump both read of a capture.

Standard input: names of captures. Argument: the program decode_captures. Packets
in tunnels are compared too, level by level, where tcpdump prints them. What one
side does not read is no difference: we refuse what contradicts itself, tcpdump
knows more link layers and fewer tunnels.
"""
import ipaddress
import json
import re
import subprocess
import sys

PACKET = re.compile(r"^ *(\d+)  ")
# A tag as -e prints it, or the begin of an IP packet.
WORD = re.compile(r"\bvlan (\d+), p \d|"
                  r"(?:\bIP6? |\bethertype IPv[46] \(0x[0-9a-f]{4}\)(?:, length \d+)?[:,] )"
                  r"(\S+) > (\S+)")
ENOUGH = 5000       # the corpus has more; fewer means that the comparison is broken
ENOUGH_INNER = 50
ENOUGH_TAGS = 40


def split(word):
    """'10.0.0.1.443' -> address, port or None."""
    word = word.rstrip(":,")
    parts = word.split(".")
    if ":" in word:
        return parts[0], parts[1] if len(parts) > 1 else None
    return ".".join(parts[:4]), parts[4] if len(parts) > 4 else None


def tcpdump(capture):
    """Number of the packet -> all that is printed of it."""
    run = subprocess.run(["tcpdump", "-nn", "-e", "-t", "-#", "-r", capture],
                         capture_output=True, check=False)
    packets, number = {}, None
    for line in run.stdout.decode("latin1").splitlines():
        match = PACKET.match(line)
        if match and int(match[1]) == (number or 0) + 1:
            number = int(match[1])
            line = line[match.end():]
        if number is not None:
            packets[number] = packets.get(number, "") + line + "\n"
    return packets


def levels(text):
    """Tags and tuple of each IP packet in what tcpdump printed, outermost first."""
    found, tags = [], []
    for match in WORD.finditer(text):
        if match[1]:
            tags.append(int(match[1]))
            continue
        src, sport = split(match[2])
        dst, dport = split(match[3])
        try:
            addresses = [str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst))]
        except ValueError:
            return found    # what follows cannot be counted any more
        ports = [int(sport), int(dport)] if sport and dport and \
            (sport + dport).isdigit() else None
        found.append((tags, addresses, ports))
        tags = []
    return found


def compare(ours, theirs):
    """The two tuples, ours and tcpdump's, as far as both have them."""
    tags, addresses, ports = theirs
    mine, other = [ours["source"], ours["destination"]], list(addresses)
    if "sport" in ours and ours["protocol"] not in (1, 58) and ports:
        mine += [ours["sport"], ours["dport"]]
        other += ports
    if tags or "vlan" in ours:
        mine.append(ours.get("vlan", []))
        other.append(tags)
    return mine, other


def main():
    compared, inner, tagged, different = 0, 0, 0, 0
    for capture in sys.stdin.read().splitlines():
        run = subprocess.run([sys.argv[1], "tuples", capture], capture_output=True,
                             check=True)
        printed = {number: levels(text) for number, text in tcpdump(capture).items()}
        for line in run.stdout.decode().splitlines():
            ours = json.loads(line)
            theirs = printed.get(ours["packet"], [])
            if "source" not in ours or ours["arp"] or ours["level"] >= len(theirs):
                continue
            mine, other = compare(ours, theirs[ours["level"]])
            compared += 1
            inner += ours["level"] > 0
            tagged += "vlan" in ours
            if mine != other:
                different += 1
                print("%s packet %d level %d: %s, tcpdump says %s"
                      % (capture, ours["packet"], ours["level"], mine, other))
    said = "%d packets, %d of them in tunnels, %d with tags" % (compared, inner, tagged)
    if different or compared < ENOUGH or inner < ENOUGH_INNER or tagged < ENOUGH_TAGS:
        print("FAIL corpora/five-tuples: %d differ of %s" % (different, said))
    else:
        print("PASS corpora/five-tuples: %s, as tcpdump reads them" % said)


main()
