# SPDX-License-Identifier: GPL-2.0-or-later
"""Frame of a numbered test: exit 0 passed, 1 failed, 77 skipped."""
import os
import sys
import time
import traceback

from .gate import Failed, describe

SKIP = 77
FAMILIES = (4, 6)


class Skipped(Exception):
    """This machine cannot show it; the reason goes into the report."""


def nothing(gate, came, what):
    """Fail when anything came out."""
    if came:
        raise Failed("%s: %d packets came out:\n  %s" % (
            what, len(came), "\n  ".join(describe(gate.model, s) for s in came[:8])))


def equal(got, want, what):
    if got != want:
        raise Failed("%s: %r, expected %r" % (what, got, want))


def main(id_, run):
    """Run one test; what it returns (if anything) is the remark behind PASS."""
    if os.geteuid() != 0:
        print("SKIP %s needs root (network namespaces)" % id_)
        sys.exit(SKIP)
    start = time.monotonic()
    try:
        remark = run()
    except Skipped as e:
        print("SKIP %s %s" % (id_, e))
        sys.exit(SKIP)
    except Failed as e:
        print("FAIL %s %s" % (id_, e))
        sys.exit(1)
    except Exception:
        print("FAIL %s\n%s" % (id_, traceback.format_exc()))
        sys.exit(1)
    print("PASS %s %s(%.1f s)" % (id_, remark + " " if remark else "",
                                  time.monotonic() - start))
    sys.exit(0)
