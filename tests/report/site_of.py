# SPDX-License-Identifier: GPL-2.0-or-later
"""A gateway's folders as two months would leave them: a sealed record, kept policies, hits.

Everything is made from fixed numbers, so that the report over it is always the same. The
record has the form of the recorder's lines; its chain holds, its macs are those of no key.
"""
import datetime
import hashlib
import json
import os

JST = datetime.timezone(datetime.timedelta(hours=9))
BEAT = 600                      # seconds between heartbeats: the report finds that out
NOTHING = "0" * 64
BOOT = "5c0a3d52-0000-4000-8000-000000000001"

ZONES = (("mynumber", "mynumber", "マイナンバー利用事務系", "mn0", "10.10.0.0/16"),
         ("lgwan", "lgwan", "LGWAN接続系", "lg0", "10.20.0.0/16"),
         ("intra", "intra", "内部情報系", "ia0", "10.30.0.0/16"),
         ("relay", "relay", "無害化・中継", "re0", "10.40.0.0/16"),
         ("internet", "internet", "インターネット接続系", "in0", "10.50.0.0/16"))
NAMES = {"ZV-01": "Direct traffic between zones", "ZV-02": "Traffic that no permit covers",
         "ZV-03": "Spoofed or misrouted source", "ZV-08": "Traffic towards the internet",
         "ZV-09": "Sanitiser bypass", "ZV-10": "Scanning or lateral movement"}
SEVERITY = {"ZV-01": 9, "ZV-02": 3, "ZV-03": 7, "ZV-08": 7, "ZV-09": 9, "ZV-10": 7}


def at(text):
    """Seconds of a local time, "2025-10-05 08:30"."""
    return int(datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(
        tzinfo=JST).timestamp())


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%S.000000000Z")


class Record:
    """The lines of one file, to be written in the order of their times."""

    def __init__(self):
        self.rows = []

    def add(self, seconds, module, kind, english, japanese, severity=0, event=None, own=None,
            more=None, start=None):
        row = {"@timestamp": stamp(seconds), "message": english, "ecs": {"version": "9.0"},
               "event": {"kind": "event", "category": ["process"], "type": ["info"],
                         "action": kind, **(event or {}), "module": module, "id": "",
                         "sequence": 0, "severity": severity,
                         "start": stamp(seconds if start is None else start),
                         "end": stamp(seconds), "created": stamp(seconds)}}
        row.update(more or {})
        row.setdefault("observer", {"hostname": "gw-mihon", "product": "sekisho",
                                    "version": "0.1.0", "type": "firewall"})
        row["sekisho"] = {"kind": kind, "schema": 1, "monotonic_ns": 0, **(own or {}),
                          "message_ja": japanese}
        self.rows.append((seconds, row))

    def violation(self, seconds, zv, source, destination, service, pair, phases, key,
                  action="attempt", permit=None):
        """phases: (seconds later, phase, count so far)."""
        english = NAMES[zv]
        sides = {"ingress": {"zone": pair[0], "interface": {"name": pair[0][:2] + "0"}},
                 "egress": {"zone": pair[1], "interface": {"name": pair[1][:2] + "0"}}}
        for later, phase, count in phases:
            verb = "crossed the gateway" if action == "leak" else "was stopped"
            done = "境界を越えました" if action == "leak" else "遮断しました"
            self.add(seconds + later, "watcher", "violation",
                     f"{zv} {english}: {source} ({pair[0]}) to {destination} ({pair[1]}) "
                     f"{service} {verb}",
                     f"{zv} {source}（{pair[0]}）から {destination}（{pair[1]}）への "
                     f"{service} の通信。{done}",
                     severity=SEVERITY[zv] if action != "leak" else max(7, SEVERITY[zv]),
                     event={"kind": "alert", "category": ["network", "intrusion_detection"],
                            "type": ["allowed" if action == "leak" else "denied"],
                            "action": action},
                     more={"rule": {"id": zv, "name": english, "version": "0123456789ab"},
                           "source": {"ip": source, "port": 50000},
                           "destination": {"ip": destination,
                                           "port": int(service.split("/")[1])},
                           "network": {"type": "ipv6" if ":" in source else "ipv4",
                                       "transport": "tcp", "iana_number": "6",
                                       "packets": count, "bytes": 60 * count},
                           "observer": {"hostname": "gw-mihon", "product": "sekisho",
                                        "version": "0.1.0", "type": "firewall", **sides}},
                     own={"verdict": "violation", "agg": phase, "key": f"{key:016x}",
                          "count": count, **({"permit": permit} if permit else {}),
                          "witness": ["tap-ingress", "gate"], "from_class": "other",
                          "to_class": "other"},
                     start=seconds)

    def change(self, seconds, action, english, japanese, person, note, outcome="success",
               actor="uid 0", kind="change", own=None):
        self.add(seconds, "control", kind, english, japanese, severity=3,
                 event={"kind": "event", "category": ["configuration"], "type": ["change"],
                        "action": action, "outcome": outcome},
                 own={"actor": actor, **({"person": person} if person else {}),
                      **({"note": note} if note else {}), **(own or {})})

    def lines(self):
        first = min((s for s, _ in self.rows), default=at("2025-10-01 00:00"))
        self.add(first - 1, "recorder", "file", "file 1 of the record begins",
                 "記録ファイル第 1 号を開始しました", own={"file": {
                     "number": 1, "series": "0" * 16, "epoch": 0, "signer": "1" * 64,
                     "next_signer": "2" * 64,
                     "previous": {"hash": NOTHING, "sequence": 0, "size": 0}}})
        previous = bytes(32)
        for n, (seconds, row) in enumerate(sorted(self.rows, key=lambda r: r[0]), 1):
            row["event"]["id"] = f"{BOOT}-{n}"
            row["event"]["sequence"] = n
            row["sekisho"]["monotonic_ns"] = n * 1000
            row["event"]["created"] = stamp(seconds)
            body = json.dumps(row, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
            previous = hashlib.blake2b(previous + body, digest_size=32).digest()
            yield body + b',"hash":"%s","mac":"%s"}\n' % (previous.hex().encode(),
                                                         NOTHING.encode())


def beats(record, begin, end, away=(), unsynchronised=()):
    """Heartbeats, but for the times away; (begin, end) pairs."""
    for seconds in range(begin, end, BEAT):
        if any(a <= seconds < b for a, b in away):
            continue
        good = not any(a <= seconds < b for a, b in unsynchronised)
        record.add(seconds, "recorder", "heartbeat", "at work", "正常に動作しています", own={
            "heartbeat": {"written": 1, "lost": 0, "lost_ever": 0, "bytes": 1,
                          "free_bytes": 1 << 30, "low_space": False, "used_percent": 20,
                          "clock": {"synchronised": good, "offset_ns": 81000 if good else
                                    -4200000, "max_error_us": 500,
                                    "estimated_error_us": 10}}})


PAIRS = (("mynumber", "internet", "ZV-01", "10.10.1.%d", "203.0.113.9", "tcp/443"),
         ("intra", "lgwan", "ZV-02", "10.30.2.%d", "10.20.0.5", "tcp/445"),
         ("internet", "lgwan", "ZV-09", "10.50.3.%d", "10.20.0.6", "tcp/25"),
         ("lgwan", "internet", "ZV-08", "10.20.4.%d", "198.51.100.7", "tcp/853"),
         ("intra", "internet", "ZV-02", "10.30.2.%d", "10.50.0.20", "tcp/3389"),
         ("relay", "mynumber", "ZV-03", "2001:db8:40::%d", "2001:db8:10::5", "tcp/22"))


def violations(record, month, days, weight):
    """Some on each working day, in numbers that follow from the day."""
    for day in range(1, days + 1):
        begin = at(f"{month}-{day:02d} 08:00")
        if datetime.datetime.fromtimestamp(begin, JST).weekday() > 4:
            continue
        for p, (a, b, zv, source, destination, service) in enumerate(PAIRS):
            for n in range((day * (p + 3) * weight) % (11 - p)):
                key = ((begin << 8) + (p << 6) + n) & (1 << 64) - 1
                count = 1 + (day * 7 + n * 13 + p) % 90
                phases = [(0, "first", 1)]
                if count > 1:
                    phases += [(60, "update", 1 + count // 2), (600, "final", count)]
                record.violation(begin + 900 * p + 37 * n, zv, source % (1 + n % 7 + p),
                                 destination, service, (a, b), phases, key)


def make_record():
    record = Record()
    begin, end = at("2025-10-01 00:00"), at("2025-12-01 00:00")
    night = (at("2025-11-14 22:10"), at("2025-11-15 01:40"))
    beats(record, begin, end, away=(night,),
          unsynchronised=((at("2025-11-20 03:00"), at("2025-11-20 06:00")),))
    record.add(night[0], "recorder", "life", "the recorder stopped", "記録プロセスを停止しました")
    record.add(night[1], "recorder", "life", "the recorder started", "記録プロセスを開始しました")
    violations(record, "2025-10", 31, 2)
    violations(record, "2025-11", 30, 3)
    # One that crossed, and one that runs over the end of the month before.
    record.violation(at("2025-11-18 13:05"), "ZV-01", "10.10.1.77", "203.0.113.200",
                     "tcp/443", ("mynumber", "internet"),
                     [(0, "first", 1), (9, "update", 6), (70, "final", 14)], 0xabc, "leak")
    record.violation(at("2025-10-31 23:40"), "ZV-10", "10.30.2.66", "10.20.0.9", "tcp/445",
                     ("intra", "lgwan"), [(0, "first", 40), (900, "update", 100),
                                          (1800, "update", 170), (5400, "final", 400)], 0xdef)
    gap = {"kind": "alert", "category": ["network"], "action": "gap"}
    record.add(at("2025-11-05 10:12"), "watcher", "gap",
               "ZV-14 watching was interrupted: lg0: 1,250 packets were lost",
               "ZV-14 監視の欠落: lg0: 1,250パケットを取りこぼしました", severity=7, event=gap,
               own={"lost": 1250}, start=at("2025-11-05 10:10"),
               more={"rule": {"id": "ZV-14", "name": "Gap in the watch"}})
    record.add(at("2025-11-20 06:00"), "recorder", "clock", "the time of day was set",
               "時計が変更されました", severity=5, own={"clock": {
                   "before": stamp(at("2025-11-20 06:00")),
                   "after": stamp(at("2025-11-20 06:00")), "step_ns": 4200000}})
    record.change(at("2025-11-04 09:30"), "policy-change",
                  "policy change: serial 2 is in force", "ポリシーの変更: 2番を適用しました",
                  "見本 花子", "R7-0123 連携サーバの更新", own={
                      "serial": 2, "policy": "2" * 64, "policy_before": "1" * 64})
    record.change(at("2025-11-04 09:41"), "policy-confirm", "policy confirmation: serial 2",
                  "ポリシーの確定: 2番", "見本 太郎", "", own={"serial": 2, "policy": "2" * 64})
    record.change(at("2025-11-18 13:12"), "cut-off", "cut-off: host 10.10.1.77",
                  "緊急遮断: 端末 10.10.1.77", "見本 太郎", "<b>越境通信</b>のため", own={"flows_cut": 3})
    record.change(at("2025-11-18 16:00"), "cut-off-restore", "restore after a cut-off",
                  "遮断からの復旧", "見本 太郎", "調査完了")
    record.change(at("2025-11-25 02:00"), "drift",
                  "what ran differed from the policy in force and was put right: a rule of "
                  "another was added to the table", "動作中の設定が適用中のポリシーと異なって"
                  "いたため修復しました: 表に規則が追加されていました", "", "", kind="drift",
                  actor="nft, pid 4711, uid 0", own={"count": 1})
    record.change(at("2025-11-26 11:00"), "request-refused",
                  "request of a client refused: uid 1000 may not apply",
                  "操作の要求は不成立: uid 1000 に適用の権限はありません", "", "",
                  outcome="failure", actor="uid 1000")
    record.add(at("2025-11-02 00:10"), "recorder", "disposal",
               "violations-20221101-001.jsonl.zst was disposed of: it was kept for more than "
               "1095 days", "violations-20221101-001.jsonl.zst を廃棄しました（保存期間 1095 "
               "日を経過）", severity=3)
    return record


# ---- the state folder -------------------------------------------------------------------

def policy(second):
    zones = ",\n".join(f'  {{ name = "{n}"; class = "{c}"; label = "{l}"; segments = ( {{ '
                       f'interface = "{i}"; networks = [ "{w}" ]; }} ); }}'
                       for n, c, l, i, w in ZONES)
    hosts = ",\n".join(f'  {{ name = "{n}-srv"; zone = "{n}"; addresses = [ "{w[:-7]}.0.5" ]; }}'
                       for n, _, _, _, w in ZONES)

    def permit(name, a, b, purpose, extra=""):
        return (f'  {{ id = "{name}"; from = [ "{a}-srv" ]; to = [ "{b}-srv" ]; services = '
                f'[ "https" ]; purpose = "{purpose}"; {extra}}}')

    permits = [permit("T001", "mynumber", "relay", "住民情報の連携", 'request = "R7-0001"; '
                      'approved_by = "統括"; '),
               permit("T002", "lgwan", "relay", "ファイル無害化", 'valid_until = "2026-01-31"; '),
               permit("T003", "intra", "relay", "メール無害化", 'valid_until = "2025-11-15"; '),
               permit("T004", "intra", "internet", "年次の更新作業",
                      'request = "R6-0412"; valid_until = "2025-09-30"; '),
               permit("T005", "lgwan", "intra", "旧システムの参照")]
    if second:
        permits = permits[:4] + [permit("T006", "relay", "internet", "更新プログラム <WSUS>")]
    return (f'schema = 1;\nsite = {{ name = "見本市"; gateway = "gw-mihon"; }};\n'
            f'zones = (\n{zones}\n);\nhosts = (\n{hosts}\n);\nservices = (\n  {{ name = '
            f'"https"; protocol = "tcp"; ports = [ "443" ]; }}\n);\npermits = (\n'
            + ",\n".join(permits) + "\n);\n")


def put_sealed(path, text):
    data = text.encode()
    with open(path, "wb") as out:
        out.write(data + b"sha256 " + hashlib.sha256(data).hexdigest().encode() + b"\n")
    os.chmod(path, 0o600)


def put_version(folder, serial, when, text):
    put_sealed(os.path.join(folder, "versions", f"{serial:010d}.policy"), text)
    put_sealed(os.path.join(folder, "versions", f"{serial:010d}.json"), json.dumps({
        "serial": serial, "result": "applied", "origin": "apply", "confirmed": True,
        "uid": 0, "of": None, "at": when, "confirmed_at": when, "bytes": len(text.encode()),
        "digest": str(serial) * 64, "sum": hashlib.sha256(text.encode()).hexdigest(),
        "person": "見本 花子", "reason": "", "file": "policy.conf"}) + "\n")


def hits():
    """Openings by month from November back, for each permit of the newest policy."""
    used = {"T001": (20240901, 20251130, (31, 40, 22, 30, 31, 28, 33, 30, 29, 35, 31, 30, 28)),
            "T002": (20240901, 20250812, (0, 0, 0, 5, 2)), "T003": (20251020, 20251103, (1, 2)),
            "T004": (20240901, 0, ()), "T006": (20251104, 0, ())}
    text = f"hits 1 20240901 20251130 {BOOT}\n"
    for name, (since, last, months) in used.items():
        all_months = list(months) + [0] * (16 - len(months))
        text += f"{name} {since} {last} {sum(months)} {' '.join(map(str, all_months))}\n"
    return text


def make_folders(root):
    os.makedirs(os.path.join(root, "log"))
    os.makedirs(os.path.join(root, "lib", "versions"), 0o700)
    os.chmod(os.path.join(root, "lib"), 0o700)


def make(root, record=None):
    make_folders(root)
    with open(os.path.join(root, "log", "violations.jsonl"), "wb") as out:
        out.writelines((record or make_record()).lines())
    lib = os.path.join(root, "lib")
    put_version(lib, 1, at("2025-09-01 09:00"), policy(False))
    put_version(lib, 2, at("2025-11-04 09:30"), policy(True))
    put_sealed(os.path.join(lib, "hits"), hits())
