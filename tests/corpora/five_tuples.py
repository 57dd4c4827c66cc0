#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare every address and port that we and tcpdump both read of a capture.

Standard input: names of captures. Argument: the folder with our judgements,
NAME.auto, one JSON object a line. Frames that one side does not read are no
difference: we refuse what contradicts itself, tcpdump knows more link layers.
"""
import ipaddress
import json
import os
import re
import subprocess
import sys

LINE = re.compile(r"^(IP6?) (\S+) > (\S+?):? ")
ENOUGH = 5000   # the corpus has more; fewer means that the comparison is broken


def split(word, version):
    """'10.0.0.1.443' -> address, port or None."""
    word = word.rstrip(":,")
    parts = word.split(".")
    if version == "IP6":
        return parts[0], parts[1] if len(parts) > 1 else None
    return ".".join(parts[:4]), parts[4] if len(parts) > 4 else None


def tcpdump(capture):
    run = subprocess.run(["tcpdump", "-nn", "-q", "-t", "-r", capture],
                         capture_output=True, check=False)
    lines = run.stdout.decode("latin1").splitlines()
    return [line for line in lines if line and line[0] not in "\t "]


def compare(ours, line):
    """None: not comparable; else the two 5-tuples, ours and tcpdump's."""
    match = LINE.match(line + " ")
    if match is None or "source" not in ours or "ARP" in line:
        return None
    src, sport = split(match[2], match[1])
    dst, dport = split(match[3], match[1])
    try:
        theirs = [str(ipaddress.ip_address(src)), str(ipaddress.ip_address(dst))]
    except ValueError:
        return None
    mine = [ours["source"], ours["destination"]]
    if "source_port" in ours and sport and dport and (sport + dport).isdigit():
        theirs += [int(sport), int(dport)]
        mine += [ours["source_port"], ours["destination_port"]]
    return mine, theirs


def main():
    compared = different = 0
    for capture in sys.stdin.read().splitlines():
        with open(os.path.join(sys.argv[1], os.path.basename(capture) + ".auto"),
                  encoding="utf-8") as judged:
            ours = [json.loads(line) for line in judged if line.startswith("{")]
        theirs = tcpdump(capture)
        if len(ours) != len(theirs):
            continue    # a line of tcpdump may stand for no packet, or for two
        for mine, line in zip(ours, theirs):
            pair = compare(mine, line)
            compared += pair is not None
            if pair is not None and pair[0] != pair[1]:
                different += 1
                print("%s packet %d: %s, tcpdump says %s"
                      % (capture, mine["packet"], pair[0], pair[1]))
    if different or compared < ENOUGH:
        print("FAIL corpora/five-tuples: %d of %d differ" % (different, compared))
    else:
        print("PASS corpora/five-tuples: %d packets as tcpdump reads them" % compared)


main()
