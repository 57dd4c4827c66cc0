#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-12: permit-all, broadcast addresses as source: 0 pass, counted. IPv4 only by nature."""
from sekisho_lab import case, sources

case.main("PF-12", lambda: sources.run(
    ["255.255.255.255", "10.1.0.255", "10.2.0.255", "10.3.0.255"], "broadcast source"))
