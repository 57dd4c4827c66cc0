# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: throw-away networks made from a policy, real packets, far-side judges."""
