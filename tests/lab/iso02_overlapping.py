#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""ISO-02: cut-offs overlap; each restore undoes its own one and nothing of the others."""
from sekisho_lab import case, cutoff
from sekisho_lab.gate import Gate, check


def any_of(cuts):
    return lambda stream: any(cut(stream) for cut in cuts)


def run():
    with Gate(cutoff.text()) as gate:
        for family in case.FAMILIES:
            orders = cutoff.cases(family)[:5]
            streams = cutoff.streams(gate, family, 42000)
            ids = [cutoff.isolate(gate, *words)["id"] for words, _ in orders]
            cutoff.check_streams(gate, streams, any_of([c for _, c in orders]), "all five")
            left = list(zip(ids, orders))
            while left:
                # the last and the first by turns, so that no order is undone in sequence
                id_, _ = left.pop(-1 if len(left) % 2 else 0)
                cutoff.restore(gate, id_)
                cuts = [cut for _, (_, cut) in left]
                case.equal([c["id"] for c in cutoff.standing(gate)], [i for i, _ in left],
                           "cut-offs that stand")
                # what was cut has been forgotten: it opens anew, or not
                cutoff.check_openings(gate, 42000 + 10 * id_, any_of(cuts),
                                      "%d left" % len(left), [family])
        answer = cutoff.restore(gate, must=False)
        check(not answer.get("ok"), "there was nothing to restore")
    return "2 x 5 cut-offs"


case.main("ISO-02", run)
