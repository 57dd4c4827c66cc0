#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-19: permit-all, link-local addresses as source or destination: not forwarded, logged."""
from sekisho_lab import address, case, frames, policy, sources
from sekisho_lab.gate import Gate, Shot

LOCAL = ["169.254.1.1", "169.254.254.254", "fe80::2", "fe80::5054:ff:fe12:3456", "febf::1"]


def run():
    with Gate(policy.permit_all()) as gate:
        sources.open_everything(gate)
        shots = sources.shots_from(gate, LOCAL, 6500)
        sources.none_passes(gate, shots, range(6500, 6500 + len(LOCAL)), "link-local source")
        for text in LOCAL:
            family, dst = address.parse(text)
            packet = frames.opening(family, policy.addr(family, "za", 2), dst, frames.UDP,
                                    48005, 6600, gate.tag())
            case.nothing(gate, gate.passed([Shot(0, family, packet)], family, wait=0.05),
                         "to " + text)
    return "%d addresses both ways" % len(LOCAL)


case.main("PF-19", run)
