# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual machine with Debian 12's own kernel, made from files, gone after use."""
