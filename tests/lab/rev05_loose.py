#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""REV-05: a cut TCP flow does not come back in its middle, whatever nf_conntrack_tcp_loose says.

The daemon sets it to 0. Somebody turns it on again, or a kernel lacks it: a segment that is
no opening is refused all the same, in both directions, though a permit holds its ports.
"""
from sekisho_lab import case, netns, policy, running
from sekisho_lab.gate import Gate, check
from sekisho_lab.running import Stream

LOOSE = "netfilter/nf_conntrack_tcp_loose"
SERVICES = [policy.service("web", "tcp", ports=["80"]),
            policy.service("all", "tcp", ports=["1-65535"])]
# the way back is permitted too: what the server says could open by itself
WITH = policy.build([policy.permit("WEB", ["a"], ["b"], ["web"]),
                     policy.permit("BACK", ["b"], ["a2"], ["all"])], SERVICES)
WITHOUT = policy.build([policy.permit("BACK", ["b"], ["a2"], ["all"])], SERVICES)
TURNED = policy.build([policy.permit("BACK", ["b"], ["a"], ["all"])], SERVICES)


def loose(gate):
    run = netns.run(netns.gateway(gate.prefix), "cat", "/proc/sys/net/" + LOOSE)
    return run.stdout.strip()


def run():
    with Gate(WITH) as gate:
        case.equal(loose(gate), "0", "nf_conntrack_tcp_loose")
        for n, loosened in enumerate((False, True)):
            flows = [Stream(gate, family, 47001 + n).open() for family in case.FAMILIES]
            if loosened:
                gate.in_gateway((LOOSE, 1))
            case.equal(running.apply(gate, WITHOUT)["flows_cut"], len(flows), "flows cut")
            running.stopped(flows, "after the cut")
            gate.apply(TURNED)
            running.stopped(flows, "though the way back may open")
            if loosened:
                case.equal(loose(gate), "0", "nf_conntrack_tcp_loose after an apply")
                gate.in_gateway((LOOSE, 1))
            gate.apply(WITH)
            running.stopped(flows, "permitted again, in its middle")
        check(running.settled(gate), "flows are still being judged again")
    return "with tcp_loose 0 and 1"


case.main("REV-05", run)
