#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-18: permit-all, the gateway's own addresses as source: 0 pass, logged."""
from sekisho_lab import case, sources

case.main("PF-18", lambda: sources.run(
    ["10.1.0.1", "10.2.0.1", "10.3.0.1", "2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"],
    "own address as source"))
