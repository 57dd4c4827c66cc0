#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""PF-14: permit-all, loopback addresses as source: 0 pass, counted."""
from sekisho_lab import case, sources

case.main("PF-14", lambda: sources.run(
    ["127.0.0.1", "127.0.0.53", "127.255.255.254", "::1"], "loopback source"))
