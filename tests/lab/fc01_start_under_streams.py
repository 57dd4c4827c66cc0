#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FC-01: start while denied and permitted packets stream.

Denied ones never pass, at no moment. Permitted ones do not before the gate has been loaded,
read back and compared, and all of them do once the daemon is ready. Forwarding was switched
on in between by somebody else, as network managers do.
"""
import time

from sekisho_lab import boot, case, streams
from sekisho_lab.gate import Gate, check


def run():
    with Gate(streams.POLICY, daemon=False) as gate:
        with streams.Streams(gate) as s:
            time.sleep(0.2)
            s.phase()           # a bare machine: whatever
            boot.early(gate)
            check(boot.forwarding(gate) == (False, False), "forwarding is on after --early")
            s.phase()
            boot.switch_on(gate)
            time.sleep(0.5)
            permitted, denied = s.phase()
            case.equal((permitted, denied), (0, 0), "packets before the start")
            gate.start()
            while gate.permit_counter("FLOW") == 0:
                time.sleep(0.01)
            started = s.nothing_denied("during the start")
            before = gate.permit_counter("FLOW")
            time.sleep(1.0)
            lasting = s.nothing_denied("after the start")
            counted = gate.permit_counter("FLOW") - before
            check(lasting > 0.4 * s.pps * 0.8, "only %d permitted packets in a second" % lasting)
            # the phases are not cut at the same packet
            check(abs(lasting - counted) <= 50, "%d permitted packets counted by the gate, "
                  "%d came out" % (counted, lasting))
            boot.early(gate)    # on a running gate it changes nothing
            case.equal(boot.forwarding(gate), (True, True), "forwarding after a late --early")
            time.sleep(0.3)
            check(s.nothing_denied("late --early") > 0.3 * 0.4 * s.pps, "a late --early cuts")
            _, denied = s.sent()
    return "%d denied sent, 0 passed; %d permitted in the start, %d in the second after it" % (
        denied, started, lasting)


case.main("FC-01", run)
