#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-03: the power goes in the very first start: the next one is a first start again.

Nothing had ever been confirmed, so nothing is lost: the policy file is in force, without a
word of trouble, and the record tells of the one that broke off. Where something that had
been confirmed is gone, the status says so.
"""
import os

from sekisho_lab import case, changing
from sekisho_lab.gate import Gate, check

META = "0000000001.json"


def broken_off(gate, **more):
    """As the disk may look: begun, and no word of how it ended."""
    changing.kill_all(gate)
    gate.nft("flush", "ruleset")
    version = changing.read_state(gate, "versions", META)
    changing.write_state(gate, dict(version, result="applying", **more), "versions", META)
    os.unlink(changing.state_path(gate, "boot"))


def told(gate, text):
    return [r for r in changing.changes(gate) if text in r["event"]["reason"]]


def run():
    with Gate(changing.OLD) as gate:
        broken_off(gate, confirmed=False, confirmed_at=0)
        gate.start()
        changing.passes(gate, 80, "behind a first start that broke off")
        check(told(gate, "serial 1 was being applied when the daemon ended"),
              "the record does not tell of it")
        changing.wait_serial(gate, 2, 1)
        case.equal(changing.boot(gate), 2, "what a start loads")
        changing.kill_all(gate)
        gate.start()
        changing.wait_serial(gate, 2, 1)
    with Gate(changing.OLD) as gate:
        changing.kill_all(gate)
        for name in os.listdir(changing.state_path(gate, "versions")):
            with open(changing.state_path(gate, "versions", name), "ab") as f:
                f.write(b"#")
        gate.start_with_trouble()
        changing.passes(gate, 80, "nothing kept can be read")
        check("cannot be read" in gate.status()["problem"], "status: " + gate.status()["problem"])


case.main("FC-03b", run)
