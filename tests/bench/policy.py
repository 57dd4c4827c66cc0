#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A policy of N boxes for the benches, and the tuples that it permits.

policy.py exact|mixed BOXES POLICY [TUPLES]

Two zones behind g0 (10.1.0.0/16) and g1 (10.2.0.0/16), at most 10,000 permits, each with
BOXES/permits boxes. exact: one address to one address, single ports. mixed: one permit in
four names a network of 16 destinations, one in four a range of ten ports. TUPLES gets one "source destination port" a line, one for every permit.
"""
import sys

HEAD = """schema = 1;
zones = (
  { name = "a"; class = "other"; segments = ( { interface = "g0"; networks = [ "10.1.0.0/16" ]; gateway = [ "10.1.255.1" ]; } ); },
  { name = "b"; class = "other"; segments = ( { interface = "g1"; networks = [ "10.2.0.0/16" ]; gateway = [ "10.2.255.1" ]; } ); }
);
"""


def address(net, number):
    return f"10.{net}.{number // 240}.{number % 240 + 1}"


def destination(i, mixed):
    if mixed and i % 4 == 1:
        block = i // 4 % 4000
        return f"10.2.{block // 16}.{block % 16 * 16}/28"
    return address(2, i % 10000)


def services(per_permit):
    single = [str(2000 + 20 * k) for k in range(per_permit)]
    ranges = [f"{2000 + 20 * k}-{2009 + 20 * k}" for k in range(per_permit)]
    return single, ranges


def main():
    mixed = sys.argv[1] == "mixed"
    boxes = int(sys.argv[2])
    permits = min(boxes, 10000)
    single, ranges = services(boxes // permits)
    quoted = lambda words: ", ".join(f'"{w}"' for w in words)
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        out.write(HEAD)
        out.write("hosts = (\n")
        rows = [f'{{ name = "s{i}"; zone = "a"; addresses = [ "{address(1, i)}" ]; }}, '
                f'{{ name = "d{i}"; zone = "b"; addresses = [ "{destination(i, mixed)}" ]; }}'
                for i in range(permits)]
        out.write(",\n".join(rows) + "\n);\n")
        out.write(f'services = ( {{ name = "single"; protocol = "udp"; ports = [ {quoted(single)} ]; }},\n'
                  f'{{ name = "range"; protocol = "udp"; ports = [ {quoted(ranges)} ]; }} );\n')
        out.write("permits = (\n")
        rows = [f'{{ id = "P{i}"; from = [ "s{i}" ]; to = [ "d{i}" ]; '
                f'services = [ "{"range" if mixed and i % 4 == 2 else "single"}" ]; purpose = "bench"; }}'
                for i in range(permits)]
        out.write(",\n".join(rows) + "\n);\n")
    if len(sys.argv) > 4:
        with open(sys.argv[4], "w", encoding="ascii") as out:
            for i in range(permits):
                out.write(f"{address(1, i)} {destination(i, mixed).split('/')[0]} 2000\n")


main()
