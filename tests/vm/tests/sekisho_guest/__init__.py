# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests that need the guest's kernel share."""
