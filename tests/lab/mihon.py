#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""MIHON: 116 permits applied and read back, probed 0/0, 25 denied probes with one record
each; then the same as an IPv6 twin.   mihon.py [4|6]"""
import datetime
import re
import sys
import time

from sekisho_lab import address, case, city, frames, model, netns, probe, probe_plan
from sekisho_lab.gate import Gate, Shot, check, describe

WRONG_MAC = b"\x02\x00\x00\x00\x66\x66"
JST = datetime.timezone(datetime.timedelta(hours=9))


def date(when):
    return datetime.datetime.fromtimestamp(when, JST).strftime("%Y-%m-%dT%H:%M:%S")


def fresh(text):
    """Windows that mean the same on any day: the jump host's are open now."""
    now = time.time()
    for id_ in ("T157", "T158", "T159", "T160"):
        text = city.timed(text, id_, date(now - 86400), date(now + 86400))
    return text


def twin(family, text):
    if family == 4:
        return text
    return re.sub(city.QUAD, city.twin_address, text)


def numbers(family, denied):
    """Family and numbers of the packet's addresses ("other family": of the other one)."""
    if denied.kind == "other family":
        family = 10 - family
    src, dst = twin(family, denied.src), twin(family, denied.dst)
    if denied.id == "N04" and family == 6:
        dst = city.GLOBAL6
    return family, address.parse(src)[1], address.parse(dst)[1]


def packet(denied, family, src, dst, tag, sport):
    protocol, dport = denied.protocol, denied.port
    if protocol == frames.ICMP:
        protocol, sport, dport = (frames.ICMP, 8 << 8, 1) if family == 4 else \
            (frames.ICMPV6, 128 << 8, 1)
    if denied.kind == "no SYN":
        body = frames.tcp(family, src, dst, sport, dport, tag, 1, frames.ACK)
        return frames.ip(family, src, dst, protocol, body)
    if denied.kind == "in IP":
        inner = frames.opening(family, src, dst, frames.UDP, sport, 53, tag)
        return frames.ip(family, src, dst, 4 if family == 4 else 41, inner)
    return frames.opening(family, src, dst, protocol, sport, dport, tag)


def segment_of(gate, interface):
    return next(s.index for s in gate.model.segments if s.interface == interface)


def shot(gate, family, denied, sport=54000):
    fam, src, dst = numbers(family, denied)
    segment = segment_of(gate, denied.interface)
    mac = gate.model.mac_of(segment, fam, src)
    if denied.kind == "wrong MAC":
        mac = WRONG_MAC
    netns.neighbours(gate.model, gate.prefix, [
        (hit[0], fam, v) for v in (src, dst) for hit in [gate.model.network_of(fam, v)]
        if hit and (fam, v) not in gate.model.own])
    return Shot(segment, fam, packet(denied, fam, src, dst, gate.tag(), sport), mac)


def is_about(record, denied, family, src, dst):
    protocol = record.get("network", {}).get("iana_number")
    wanted = denied.protocol
    if wanted == frames.ICMP:
        wanted = frames.ICMP if family == 4 else frames.ICMPV6
    if denied.kind == "in IP":
        wanted = 4 if family == 4 else 41
    return (protocol == str(wanted) and record["source"]["ip"] == address.show(family, src)
            and record["destination"]["ip"] == address.show(family, dst)
            and record["destination"].get("port", 0) == denied.port)


def one_record(gate, family, denied):
    fam, src, dst = numbers(family, denied)
    before = [r for r in gate.violations() if is_about(r, denied, fam, src, dst)]
    gate.wire.drain()
    gate.fire([shot(gate, family, denied)])
    came = [x for x in gate.wire.receive(0.03) if gate.crossed(x)]
    check(not came, "%s came out: %s" % (denied.id, describe(gate.model, came[0])
                                         if came else ""))
    return before, (fam, src, dst)


def denied_probes(gate, family):
    """Every denied probe: stopped, exactly one record, the right class."""
    wrong = []
    sent = [(d, one_record(gate, family, d)) for d in city.DENIED if d.kind != "expired"]
    time.sleep(0.7)
    records = gate.violations()
    for d, (before, (fam, src, dst)) in sent:
        about = [r for r in records if is_about(r, d, fam, src, dst) and r not in before
                 and not (d.kind != "wrong MAC" and r["event"]["action"] == "wrong-mac")]
        classes = [r["rule"]["id"] for r in about]
        if classes != [d.zv]:
            wrong.append("%s: records %s, expected one of class %s" % (d.id, classes, d.zv))
    check(len(records) == len(sent) or wrong, "%d records of %d denied probes"
          % (len(records), len(sent)))
    check(not wrong, "IPv%d:\n  %s" % (family, "\n  ".join(wrong)))
    return len(sent)


def expiry(gate, family, text):
    """N25: T015 passes, runs out by itself in the kernel, and is then a violation."""
    denied = next(d for d in city.DENIED if d.id == "N25")
    end = int(time.time()) + 4
    gate.apply(city.timed(text, "T015", None, date(end)))
    ways = []
    for sport in (54001, 54002):
        fam, src, dst = numbers(family, denied)
        s = shot(gate, family, denied, sport)
        gate.fire([s])
        ways.append(gate.await_tag(gate.last_tag(), segment_of(gate, "xlgwan"), 0.5))
        time.sleep(max(0, end + 0.5 - time.time()))
    check(ways == [True, False], "N25: before and after expiry came out %s" % ways)
    found = gate.wait_for(lambda r: is_about(r, denied, fam, src, dst), 1)
    check([r["rule"]["id"] for r in found] == [denied.zv], "N25: records %s"
          % [r["rule"]["id"] for r in found])


def same_after_apply(gate):
    plan = gate.sekisho("--json", "plan", "-f", gate.path)
    check(plan.returncode == 0, "plan: " + plan.stderr)
    before = gate.nft("-s", "list", "table", "inet", "sekisho").stdout
    run = gate.sekisho("apply", "-f", gate.path)
    check(run.returncode == 0, "apply: " + run.stderr)
    check(gate.nft("-s", "list", "table", "inet", "sekisho").stdout == before,
          "applying the running policy changed the table")


def city_of(family):
    text = fresh(city.text())
    text = city.to_twin(text) if family == 6 else text
    with Gate(text) as gate:
        case.equal(len(gate.model.permits), 116, "permits")
        same_after_apply(gate)
        n = denied_probes(gate, family)
        expiry(gate, family, text)
        gate.apply(text)
        plan = probe_plan.Plan(gate.model)
        report = probe.Prober(gate.model, gate.wire, plan).run()
        for kind in ("false_accepts", "false_drops"):
            check(not report[kind], "IPv%d %s: %d\n  %s" % (
                family, kind, len(report[kind]), "\n  ".join(report[kind][:8])))
        off = report["permits_in_segment"] + report["permits_not_in_force"]
        case.equal(report["permits_probed"] + off, 116, "permits probed or accounted for")
    return "IPv%d: %d exchanges, %d denied packets 0/0, %d probes one record each" % (
        family, report["permitted"], report["denied"], n + 1)


def run():
    families = [int(sys.argv[1])] if len(sys.argv) > 1 else case.FAMILIES
    if 4 in families:       # the files themselves, with their includes
        case.equal(len(model.load(city.EXAMPLE).permits), 116, "permits of the example")
    return "; ".join(city_of(f) for f in families)


case.main("MIHON", run)
