#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FZ-07: memory runs out at any moment, once or for good: no crash, no rule changed.

Start, reload, requests, records and packets; a sample, all of it with
SEKISHO_FAULT_SWEEP=1.
"""
from sekisho_lab import case, faulting

case.main("FZ-07", lambda: faulting.run([faulting.faults.MEMORY], 4))
