#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""FZ-08: system calls fail by class, once or for good: no crash, no rule changed.

Netlink, sockets, files, descriptors, processes, disks; a sample, all of it with
SEKISHO_FAULT_SWEEP=1.
"""
from sekisho_lab import case, faulting
from sekisho_lab.faulting import faults

CLASSES = [faults.NETLINK_SEND, faults.NETLINK_RECEIVE, faults.UNIX_SEND, faults.UNIX_RECEIVE,
           faults.OPEN, faults.DESCRIPTOR, faults.FORK, faults.WRITE, faults.MAP, faults.RAW]

case.main("FZ-08", lambda: faulting.run(CLASSES, 1, 5))
