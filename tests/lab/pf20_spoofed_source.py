#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-20: permit-all, another zone's or nobody's source, rp_filter off: 0 pass; the
interface is logged."""
from sekisho_lab import case, policy, sources
from sekisho_lab.gate import Gate, check

SPOOFED = ["10.2.0.2", "10.3.0.2", "192.0.2.7", "8.8.8.8",
           "2001:db8:2::2", "2001:db8:3::2", "2001:db8:99::1", "2400::1"]


def run():
    with Gate(policy.permit_all()) as gate:
        sources.open_everything(gate)
        for zone, segment, port in (("za", 0, 6700), ("zc", 2, 6800)):
            mine = [s for s in SPOOFED if zone != "zc" or not ("10.3." in s or "db8:3:" in s)]
            shots = sources.shots_from(gate, mine, port, segment=segment)
            found = sources.none_passes(gate, shots, range(port, port + len(shots)),
                                        "spoofed")
            for r in found:
                name = r["observer"]["ingress"]["interface"]["name"]
                check(name == zone + "0", "logged interface %s, sent on %s0" % (name, zone))
                check(r["rule"]["id"] == "ZV-03", "class %s" % r["rule"]["id"])
                check(r["event"]["action"] == "spoofed-source", r["event"]["action"])
    return "%d sources on two segments" % len(SPOOFED)


case.main("PF-20", run)
