#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sekisho report: tests/report/run.py PATH_TO_sekisho [--accept]

The page over a record that is always the same, word by word; its numbers beside those of
"sekisho violations"; what a real browser makes of it. --accept writes the goldens anew.
"""
import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tempfile

import browser
import site_of as site

HERE = os.path.dirname(os.path.abspath(__file__))
NOVEMBER = ("--from", "2025-11-01", "--to", "2025-11-30")
# Pixels of CSS: a window of 1280, and what the margins leave of A4.
SCREEN, PAPER, PAPER_HEIGHT = 1280, 703, 1024
A4 = (595, 842)
# A page, and not the tree of them.
PDF_PAGE = re.compile(rb"/Type\s*/Page(?![s\w])")
# Records of the large log, and what a report over them may take.
MANY, MEMORY_KIB = 200_000, 128 << 10
SEKISHO = ""
FAILED = []


def sekisho(root, *words, code=0, language="C.UTF-8", **options):
    run = subprocess.run([SEKISHO, "--root", root, *words], capture_output=True, text=True,
                         env={**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": language},
                         check=False, **options)
    if run.returncode != code:
        raise AssertionError(f"{words}: exit status {run.returncode}: {run.stderr[-600:]}")
    return run.stdout


def report(root, *words, **options):
    return sekisho(root, "report", *words, **options)


def values(root, *words, **options):
    return json.loads(sekisho(root, "--json", "report", "--lang", "en", *words, **options))


def check(good, what):
    if not good:
        raise AssertionError(what)


def equal(is_, should, what):
    check(is_ == should, f"{what}: {is_!r}, not {should!r}")


def still(page):
    """Without what is another one each day: when it was made, and by which version."""
    page = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d JST \(UTC\+0900\)", "NOW", page)
    return re.sub(r'content="Sekisho [^"]*"', 'content="Sekisho"', page)


def golden(root, language):
    path = os.path.join(HERE, f"november.{language}.html")
    page = still(report(root, *NOVEMBER, "--lang", language))
    if "--accept" in sys.argv:
        with open(path, "w", encoding="utf-8") as out:
            out.write(page)
    with open(path, encoding="utf-8") as file:
        should = file.read()
    if page != should:
        with tempfile.NamedTemporaryFile("w", suffix=".html", delete=False) as out:
            out.write(page)
        raise AssertionError(f"differs from {path}: see {out.name}")


def sums(root, by, *words):
    """{name: (cases, leaks, packets)} of "sekisho violations --by"."""
    lines = sekisho(root, "--json", "violations", "--by", by, *words).splitlines()
    rows = [json.loads(line) for line in lines]
    found = {r.get(by, ""): (r["records"], r["leaks"], r["packets"]) for r in rows
             if r["sum"] == "group"}
    total = next(r for r in rows if r["sum"] == "total")
    return found, (total["records"], total["leaks"], total["packets"])


def of_row(row):
    return row["cases"], row["leaks"], row["packets"]


def numbers_agree(root):
    """Every number of violations is the one that "sekisho violations" gives."""
    when = ("--since", "2025-11-01", "--until", "2025-11-30")
    before = ("--since", "2025-10-01", "--until", "2025-10-31")
    got = values(root, *NOVEMBER)
    for by, list_ in (("class", got["classes"]), ("source", got["sources"]["rows"]),
                      ("destination", got["destinations"]["rows"])):
        groups, total = sums(root, by, *when)
        key = "id" if by == "class" else "name"
        for row in list_:
            equal(of_row(row), groups.get(row[key], (0, 0, 0)), f"{by} {row[key]}")
        equal(of_row(got["total"]), total, by + " total")
        others = got[by + "s"].get("others") if by != "class" else None
        if others:
            equal(sum(r["packets"] for r in list_) + others["packets"], total[2], by)
    groups, total = sums(root, "class", *before)
    equal((got["total"]["prior"], got["total"]["prior_leaks"], got["total"]["prior_packets"]),
          total, "the period before")
    for row in got["classes"]:
        equal(row["prior"], groups.get(row["id"], (0, 0, 0))[0], "before: " + row["id"])
    groups, total = sums(root, "pair", *when)
    labels = {name: label for name, _, label, _, _ in site.ZONES}
    zones = got["matrix"]["columns"]
    cells = {(row["zone"], zone): (cell["cases"], cell["leaks"])
             for row in got["matrix"]["rows"] for zone, cell in zip(zones, row["cells"])}
    for pair, (cases, leaks, _) in groups.items():
        a, b = (labels[z] for z in pair.split(" -> "))
        equal(cells.pop((a, b)), (cases, leaks), pair)
    equal(set(cells.values()), {(0, 0)}, "the rest of the matrix")
    equal(got["matrix"]["total"], total[0], "the matrix' total")
    groups, _ = sums(root, "day", *when)
    equal(got["days"]["most"] >= max(g[0] for g in groups.values()), True, "the highest day")
    equal(len(got["days"]["bars"]), len(groups), "days with a bar")
    serious = [json.loads(x) for x in sekisho(root, "--json", "violations", *when, "--kind",
               "violation", "--min-severity", "high").splitlines()]
    equal(got["serious"]["count"], len({r["sekisho"]["key"] for r in serious}), "serious")
    csv_ = sekisho(root, "violations", "--csv", "--by", "class", *when).lstrip("\ufeff")
    check(str(got["total"]["packets"]) in str(list(csv.reader(io.StringIO(csv_)))), "csv")


def facts(root):
    """What the fixed two months are known to hold."""
    got = values(root, *NOVEMBER)
    equal(got["site"], "見本市", "site")
    equal(got["watched"]["missing_seconds"], 12600 + 120, "seconds not watched")
    equal(got["watched"]["silent_seconds"], 12600, "seconds of silence")
    equal(got["clock"]["unsynchronised"], 18, "heartbeats without a good clock")
    equal(got["clock"]["steps"], 1, "steps of the clock")
    equal(got["losses"]["packets"], 1250, "packets lost")
    equal({n: got[n]["count"] for n in ("changes", "cutoffs", "drift", "refused", "disposals")},
          {"changes": 2, "cutoffs": 2, "drift": 1, "refused": 1, "disposals": 1}, "events")
    equal([(p["person"], p["changes"], p["unexplained"]) for p in got["people"]],
          [("見本 花子", 1, 0), ("見本 太郎", 3, 1)], "people")
    equal(got["verify"]["good"], True, "verified")
    permits = got["permits"]
    equal([permits["difference"][n] for n in ("added", "changed", "removed")], [1, 0, 1],
          "permits that changed")
    for list_, should in (("expired", ["T003"]), ("overdue", ["T004"]), ("soon", ["T002"])):
        equal([r["id"] for r in permits[list_]["rows"]], should, list_)
    equal([(c["months"], c["none"], c["some"], c["young"], c["known"])
           for c in permits["unused"]["columns"]],
          [(1, 1, 1, 1, True), (3, 1, 1, 1, True), (13, 0, 2, 1, True)], "use of permits")
    # T002 was last used in August: in the three months before, it was not.
    equal([(r["id"], r["months"], r["last_hit"]) for r in permits["unused"]["rows"]],
          [("T002", 3, "2025-08-12")], "unused permits")


def nothing_recorded(_):
    """No record at all, and no policy: a page that says so, in both languages."""
    with tempfile.TemporaryDirectory(prefix="sekisho-report-") as root:
        os.mkdir(os.path.join(root, "log"))
        got = values(root, *NOVEMBER)
        equal(of_row(got["total"]), (0, 0, 0), "total")
        equal(got["watched"]["share"], "0.000 %", "watched")
        equal(got["verify"]["good"], False, "an empty record is not good")
        for language in ("ja", "en"):
            check("</html>" in report(root, *NOVEMBER, "--lang", language), "page")
        # And a period before the first record.
        site.make(os.path.join(root, "later"))
        got = values(os.path.join(root, "later"), "--from", "2024-01-01", "--to", "2024-01-31")
        equal((got["total"]["cases"], got["watched"]["share"]), (0, "0.000 %"), "before it all")


def damaged(_):
    """Bad lines and packed files: counted, told, and the exit status says so."""
    with tempfile.TemporaryDirectory(prefix="sekisho-report-") as folder:
        site.make(folder)
        log = os.path.join(folder, "log")
        whole = values(folder, *NOVEMBER)
        with open(os.path.join(log, "violations.jsonl"), "rb") as file:
            lines = file.readlines()
        half = len(lines) // 2
        with gzip.open(os.path.join(log, "violations.jsonl.1.gz"), "wb") as out:
            out.writelines(lines[:half])
        with open(os.path.join(log, "violations.jsonl"), "wb") as out:
            out.writelines(lines[half:])
        packed = values(folder, *NOVEMBER)
        equal(packed["total"], whole["total"], "of a packed file")
        with open(os.path.join(log, "violations.jsonl"), "ab") as out:
            out.write(b'{"broken":\n')
        got = values(folder, *NOVEMBER, code=1)
        equal((got["reading"]["bad"], got["reading"]["whole"]), (1, False), "bad lines")
        equal(got["total"], whole["total"], "with a bad line")
        check(not got["verify"]["good"], "a damaged record is not good")
        check("violations.jsonl" in report(folder, *NOVEMBER, "--lang", "ja", code=1), "page")


EVIL = ('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "{{version}}", "\x1b[2J",
        "\u202eevil", "' onload='x", "a" * 600, "</style>", "<!--", "https://evil.example/x.png")


def hostile(_):
    """Whatever stands in the record is text on the page, and nothing more."""
    record = site.Record()
    for n, evil in enumerate(EVIL):
        when = site.at("2025-11-10 10:00") + 60 * n
        record.violation(when, "ZV-01", evil, evil, "tcp/443", (evil, evil),
                         [(0, "first", 3)], n + 1, "leak", permit=evil)
        record.change(when, "policy-change", evil, evil, evil, evil, actor=evil)
    with tempfile.TemporaryDirectory(prefix="sekisho-report-") as folder:
        site.make(folder, record)
        page = report(folder, *NOVEMBER, "--lang", "ja")
        for bad in ("<script", "<img", "\x1b", "\u202e", "' onload", "<!--"):
            check(bad not in page, f"{bad!r} stands on the page")
        for text in ("&lt;script&gt;alert(1)&lt;/script&gt;", "{{version}}"):
            check(text in page, f"{text} does not stand on the page as it is")
        equal(values(folder, *NOVEMBER)["total"]["cases"], len(EVIL), "cases")
        return look(folder, "hostile", page)


def usage(root):
    """Wrong words are said to be wrong; a file that is there stays."""
    for words in (("--from", "2025-11-30", "--to", "2025-11-01"), ("--from", "nonsense"),
                  ("--to", "2025-11-01"), ("--from", "2020-01-01", "--to", "2025-01-01"),
                  ("--lang", "fr"), ("--nonsense",), ("more",)):
        report(root, *words, code=64)
    out = os.path.join(root, "report.html")
    report(root, *NOVEMBER, "-o", out)
    with open(out, encoding="utf-8") as file:
        check(file.read().endswith("</html>\n"), "the file is whole")
    equal(os.stat(out).st_mode & 0o077, os.stat(out).st_mode & 0o040, "its mode")
    report(root, *NOVEMBER, "-o", out, code=1)
    os.unlink(out)
    check("2025" not in report(root)[:1], "the month before now")


# ---- a real browser ---------------------------------------------------------------------

WIDER = """(() => { const bad = [];
for (const e of document.querySelectorAll('body, main, main *:not(svg *)'))
  if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 &&
      getComputedStyle(e).display !== 'inline') bad.push(e.tagName + '.' + e.className + ' ' +
      e.scrollWidth + '>' + e.clientWidth + ' ' + e.textContent.slice(0, 40));
const d = document.documentElement;
if (d.scrollWidth > d.clientWidth) bad.push('page ' + d.scrollWidth);
return bad; })()"""
FIRST_PAGE = "document.querySelector('.annex').getBoundingClientRect().top + scrollY"


def keep(name, data):
    """Pictures for people, beside the other things of the build."""
    folder = os.path.join(os.path.dirname(SEKISHO), "tests", "report")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def look(folder, name, page):
    """What is wrong with a page on the screen and on paper; None: no browser here."""
    program = browser.find()
    if not program:
        return "chromium is not installed"
    path = os.path.join(folder, "page.html")
    with open(path, "w", encoding="utf-8") as out:
        out.write(page)
    with browser.Browser(program) as b:
        b.open(path, SCREEN)
        equal(b.value(WIDER), [], f"{name}: too wide on the screen")
        keep(name + ".screen.png", b.picture())
        b.open(path, PAPER, "print")
        equal(b.value(WIDER), [], f"{name}: too wide on paper")
        top = b.value(FIRST_PAGE)
        check(name == "hostile" or top <= PAPER_HEIGHT,
              f"{name}: the first part takes {top} pixels, more than a page")
        keep(name + ".paper.png", b.picture())
        pdf = b.pdf()
        keep(name + ".pdf", pdf)
        box = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf)
        equal(tuple(round(float(x)) for x in box.groups()), A4, f"{name}: paper")
        check(2 <= len(PDF_PAGE.findall(pdf)) <= 16, f"{name}: {len(PDF_PAGE.findall(pdf))} pages")
        equal([r for r in b.requests if not r.startswith(("file://" + path, "data:"))], [],
              f"{name}: requests")
        equal(b.complaints, [], f"{name}: complaints of the browser")
        equal(b.value("document.scripts.length"), 0, f"{name}: scripts")
    return None


def in_a_browser(root):
    """Japanese and English, 1280 pixels and A4: whole, quiet, and a page in front."""
    for language in ("ja", "en"):
        skipped = look(root, language, report(root, *NOVEMBER, "--lang", language))
        if skipped:
            return skipped
    return None


def large(_):
    """Many records: the same numbers, and no more memory than they need."""
    maker = os.path.join(os.path.dirname(SEKISHO), "tests", "bench", "bench_query")
    if not os.path.exists(maker):
        return "bench_query is not built"
    with tempfile.TemporaryDirectory(prefix="sekisho-report-", dir="/dev/shm") as root:
        os.mkdir(os.path.join(root, "log"))
        with open(os.path.join(root, "log", "violations.jsonl"), "wb") as out:
            subprocess.run([maker, str(MANY)], stdout=out, check=True)
        when = ("--from", "2026-11-01", "--to", "2026-11-30")
        page = os.path.join(root, "page")
        with subprocess.Popen([SEKISHO, "--root", root, "--json", "report", *when,
                               "--no-verify", "-o", page]) as child:
            _, status, usage_ = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        with open(page, encoding="utf-8") as file:
            got = json.load(file)
        _, total = sums(root, "class", "--since", when[1], "--until", when[3])
        equal(of_row(got["total"]), total, "total")
        check(total[0] > 1000, "nothing to count")
        print(f"{MANY} records: {usage_.ru_utime + usage_.ru_stime:.2f} s of processor, "
              f"{usage_.ru_maxrss >> 10} MiB, {total[0]} cases")
        # A sanitizer takes what it wants.
        check("asan" in SEKISHO or usage_.ru_maxrss < MEMORY_KIB, f"{usage_.ru_maxrss} KiB")
    return None


def try_(name, test, *arguments):
    try:
        skipped = test(*arguments)
    except Exception as error:          # whatever it is, the other tests still run
        print(f"{type(error).__name__}: {error}")
        print(f"FAIL report/{name}")
        FAILED.append(name)
    else:
        print(f"SKIP report/{name} {skipped}" if skipped else f"PASS report/{name}", flush=True)


def main():
    global SEKISHO
    SEKISHO = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="sekisho-report-") as folder:
        root = os.path.join(folder, "site")
        site.make(root)
        for language in ("ja", "en"):
            try_("golden." + language, golden, root, language)
        for name, test in (("numbers-agree", numbers_agree), ("facts", facts),
                           ("nothing-recorded", nothing_recorded), ("damaged", damaged),
                           ("usage", usage), ("browser", in_a_browser), ("hostile", hostile),
                           ("large", large)):
            try_(name, test, root)
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
