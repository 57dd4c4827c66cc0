#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-13: permit-all, multicast addresses as source: 0 pass, counted."""
from sekisho_lab import case, sources

case.main("PF-13", lambda: sources.run(
    ["224.0.0.1", "224.0.0.251", "232.1.2.3", "239.255.255.255",
     "ff02::1", "ff05::2", "ff0e::101", "ff00::1"], "multicast source"))
