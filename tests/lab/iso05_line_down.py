#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-05: with --link-down the line of a zone goes down, and comes back as it was.

Its routes and IPv6 addresses come back too; what was down before stays down; two cut-offs
hold a line until both are restored. The watcher records that it did not see.
"""
import json

from sekisho_lab import case, cutoff, netns, watching
from sekisho_lab.gate import Gate, check


def ip(gate, *words):
    run = netns.run(netns.gateway(gate.prefix), "ip", *words)
    check(run.returncode == 0, "ip %s: %s" % (words, run.stderr))
    return run.stdout


def up(gate, name):
    return "UP" in json.loads(ip(gate, "-j", "link", "show", name))[0]["flags"]


def routes(gate):
    return {f: sorted(ip(gate, f, "route", "show", "dev", "zb0").splitlines())
            for f in ("-4", "-6")}


def run():
    with Gate(cutoff.text()) as gate:
        ip(gate, "-6", "address", "add", "2001:db8:2::77/64", "dev", "zb0", "nodad")
        ip(gate, "-4", "route", "add", "198.18.7.0/24", "via", "10.2.0.9", "dev", "zb0")
        ip(gate, "-6", "route", "add", "2001:db8:777::/48", "via", "2001:db8:2::9", "dev", "zb0")
        before = routes(gate)
        one = cutoff.isolate(gate, "zb", "--link-down")
        case.equal(one["cutoff"]["lines_down"], ["zb0"], "lines that were taken down")
        check(not up(gate, "zb0") and up(gate, "za0"), "the wrong line is down")
        check(watching.wait_until(lambda: watching.gaps(gate, "zb0"), 4), "no gap on record")
        two = cutoff.isolate(gate, "--all", "--link-down")
        case.equal(sorted(two["cutoff"]["lines_down"]), ["za0", "zb0"], "all but management")
        check(up(gate, "zc0"), "the line of the management is down")
        cutoff.restore(gate, one["id"])
        check(not up(gate, "zb0"), "a line that another cut-off holds came up")
        cutoff.restore(gate, two["id"])
        check(up(gate, "za0") and up(gate, "zb0"), "the lines did not come back")
        check("2001:db8:2::77" in ip(gate, "-6", "address", "show", "dev", "zb0"),
              "an IPv6 address is lost")
        case.equal(routes(gate), before, "routes of the line")
        # what somebody else has taken down is not ours to bring up
        ip(gate, "link", "set", "za0", "down")
        cutoff.isolate(gate, "za", "--link-down")
        cutoff.restore(gate)
        check(not up(gate, "za0"), "a line came up that was down before")
        answer = cutoff.isolate(gate, "b", "--link-down", must=False)
        check(not answer.get("ok"), "the line of one host went down")
    return ""


case.main("ISO-05", run)
