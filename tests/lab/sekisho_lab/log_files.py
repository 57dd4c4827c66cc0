# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines of a log of several files, read while the recorder writes, closes and packs."""
import glob
import os
import subprocess

TRIES = 20


def _text(path):
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE,
                              check=True).stdout
    with open(path, "rb") as f:
        return f.read()


def _all(folder):
    """The newest file first: what is closed after that stands twice, and nothing not at all."""
    current = os.path.join(folder, "violations.jsonl")
    texts = [_text(current)] if os.path.exists(current) else []
    closed = glob.glob(os.path.join(glob.escape(folder), "violations-*.jsonl*"))
    return texts + [_text(path) for path in closed]


def lines(folder):
    """Every whole line at least once, in no order: the records' numbers tell."""
    for _ in range(TRIES):
        try:
            texts = _all(folder)
            break
        except (FileNotFoundError, subprocess.CalledProcessError):
            pass            # a file was packed between the list and its reading
    else:
        raise TimeoutError("%s: the files of the log change all the time" % folder)
    for text in texts:
        yield from (line for line in text.splitlines(keepends=True) if line.endswith(b"\n"))
