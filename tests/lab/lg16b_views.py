#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""LG-16b: the other views, read by the programs that they are for.

node_exporter scrapes the numbers, every metric that the Zabbix template and the Grafana
dashboard name is among them, the Zabbix agent reads the file, FEVER takes each line of
eve.json for an alert, and CEF arrives whole.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request

from sekisho_lab import case, frames, policy, views
from sekisho_lab.gate import Gate, Shot, check

PORT = 19100
ATTEMPTS = 40
NAME = re.compile(r"sekisho_[a-z_]+")


def attempts(gate):
    for i in range(ATTEMPTS):
        src, dst = policy.addr(6, "za", 2), policy.addr(6, "zc", 2)
        packet = frames.opening(6, src, dst, frames.UDP, 40000, 1000 + i, gate.tag())
        gate.fire([Shot(0, 6, packet)], 0.002)
    gate.wait_for(lambda r: True, ATTEMPTS)


def prom(gate):
    return os.path.join(gate.root, "run", "metrics", "sekisho.prom")


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def scraped(gate):
    """What Prometheus gets; node_exporter runs as a user that has no right of ours."""
    exporter = views.Program(gate.folder, "exporter", [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
        "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
        "--collector.textfile.directory=" + os.path.dirname(prom(gate)),
        "--web.listen-address=127.0.0.1:%d" % PORT])
    with exporter:
        for _ in range(100):
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % PORT, timeout=5) as r:
                    return r.read().decode()
            except OSError:
                time.sleep(0.1)
        check(False, "node_exporter does not answer: " + exporter.said())


def metrics(gate):
    def whole():
        return os.path.exists(prom(gate)) and "\nsekisho_ledger{" in read(prom(gate)) \
            and 'class="ZV-01",action="attempt"} %d' % ATTEMPTS in read(prom(gate))

    views.wait_until(whole, 45, lambda: "no whole text: " + read(prom(gate))[-3000:])
    text = read(prom(gate))
    names = set(NAME.findall(re.sub(r"#.*", "", text)))
    if shutil.which("prometheus-node-exporter"):
        got = scraped(gate)
        case.equal(re.findall(r"^node_textfile_scrape_error (\d)", got, re.M), ["0"], "scrape errors")
        line = 'sekisho_violation_cases_total{action="attempt",class="ZV-01",from="za",to="zc"} %d' % ATTEMPTS
        check(line in got, "not scraped: " + line)
        missing = names - set(NAME.findall(got))
        check(not missing, "lost on the way: %s" % missing)
    for file in ("zabbix/sekisho.yaml", "grafana/sekisho.json"):
        used = {n for n in NAME.findall(read(os.path.join(views.SHARE, file))) if n != "sekisho_ledger_"}
        check(len(used) > 8 and not used - names, "%s names what is not there: %s" % (file, used - names))
    return len(names)


def templates():
    """Well formed; the agent of Zabbix reads files as the template wants it."""
    dashboard = json.loads(read(os.path.join(views.SHARE, "grafana", "sekisho.json")))
    ids = [p["id"] for p in dashboard["panels"]]
    case.equal(len(set(ids)), len(ids), "panels")
    try:
        import yaml
    except ImportError:
        return
    export = yaml.safe_load(read(os.path.join(views.SHARE, "zabbix", "sekisho.yaml")))["zabbix_export"]
    case.equal(export["version"], "6.0", "version of the template")
    template = export["templates"][0]
    keys = {i["key"] for i in template["items"]}
    for item in template["items"][1:]:
        check(item["master_item"]["key"] in keys, "no such item: %s" % item["master_item"])
        for trigger in item.get("triggers", []):
            for key in re.findall(r"/Sekisho/([a-z.]+)", trigger["expression"]):
                check(key in keys, "a trigger asks for " + key)
    uuids = re.findall(r"uuid: (\w+)", read(os.path.join(views.SHARE, "zabbix", "sekisho.yaml")))
    check(len(set(uuids)) == len(uuids) and all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", u)
                                                for u in uuids), "uuids")


def zabbix(gate):
    agent = shutil.which("zabbix_agentd")
    if agent is None:
        return
    conf = gate.write("agent.conf", "Server=127.0.0.1\nLogType=console\n")
    run = subprocess.run([agent, "-c", conf, "-t", "vfs.file.contents[%s]" % prom(gate)],
                         capture_output=True, text=True, check=False)
    check("sekisho_violation_cases_total{" in run.stdout, "the agent: " + run.stdout[:300] + run.stderr)


def eve(gate):
    """Each violation is a line, each line an alert to FEVER."""
    path = os.path.join(gate.root, "views", "eve.json")
    wanted = [r["event"]["sequence"] for r in gate.records() if r["sekisho"]["kind"] == "violation"]
    views.wait_until(lambda: read(path).count("\n") >= len(wanted), 10, "eve.json has not all lines")
    lines = [json.loads(line) for line in read(path).splitlines()]
    case.equal([int(x["alert"]["metadata"]["sekisho_sequence"][0]) for x in lines], wanted, "in eve.json")
    if shutil.which("fever"):
        case.equal(fever(gate, read(path).splitlines()[:ATTEMPTS]), wanted[:ATTEMPTS], "alerts of FEVER")
    return len(lines)


def told(feed, out, line):
    """The line as FEVER forwards it; it drops what comes too fast, so one at a time."""
    for _ in range(5):
        feed.sendall(line.encode() + b"\n")
        got = b""
        try:
            while not got.endswith(b"\n"):
                got += out.recv(65536)
            return int(json.loads(got)["alert"]["metadata"]["sekisho_sequence"][0])
        except TimeoutError:
            pass
    return 0


def fever(gate, lines):
    inside, outside = (os.path.join(gate.folder, x) for x in ("fever.in", "fever.out"))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(outside)
    listener.listen(1)
    listener.settimeout(10)
    program = views.Program(gate.folder, "fever", [
        "fever", "run", "-i", inside, "-o", outside, "--dummy", "--mgmt-socket",
        os.path.join(gate.folder, "fever.mgmt")])
    with program:
        views.wait_until(lambda: os.path.exists(inside), 10, program.said)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as feed:
            out, _ = listener.accept()
            out.settimeout(1)
            feed.connect(inside)
            time.sleep(0.3)
            return [told(feed, out, line) for line in lines]


def cef(reader):
    found, alerts, until = 0, [], time.monotonic() + 10
    while len(alerts) < ATTEMPTS and time.monotonic() < until:
        try:
            message = reader.recv(65536).decode()
        except BlockingIOError:
            time.sleep(0.02)
            continue
        found += 1
        if "|ZV-01|" in message:
            alerts.append(message)
    check(len(alerts) >= ATTEMPTS, "%d of CEF" % len(alerts))
    for m in alerts:
        check("CEF:0|Sekisho|sekisho|" in m and " c6a2=2001:db8:1::2 c6a2Label=Source IPv6 Address " in m
              and " cs1=za cs1Label=fromZone cs2=zc cs2Label=toZone " in m, "not as it should be: " + m)
    return found


def run():
    with Gate(policy.build(), daemon=False) as gate:
        path = os.path.join(gate.folder, "cef.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
            reader.bind(path)
            os.chmod(path, 0o666)
            reader.setblocking(False)
            gate.path = gate.write("policy.conf", policy.build(extra="""record = { heartbeat = 10;
                outputs = { cef = "%s"; eve = true; prometheus = true; }; };""" % path))
            gate.start()
            attempts(gate)
            n = cef(reader)
        lines = eve(gate)
        templates()
        names = metrics(gate)
        zabbix(gate)
    return "%d metrics, %d lines of eve.json, %d of CEF" % (names, lines, n)


case.main("LG-16b", run)
