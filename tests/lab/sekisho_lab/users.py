# SPDX-License-Identifier: GPL-2.0-or-later
"""The users and groups of sekisho.sysusers inside a lab, and nowhere else.

ip-netns(8) lays the files of /etc/netns/NAME over those of /etc for what it executes.
"""
import os
import shutil

# as sekisho.sysusers names them; numbers that nobody here has
GROUPS = {"sekisho-audit": 64801, "sekisho-admin": 64802,
          "sekisho": 64811, "sekisho-watch": 64812, "sekisho-log": 64813,
          "sekisho-keeper": 64814}
USERS = ("sekisho-keeper", "sekisho", "sekisho-watch", "sekisho-log")


def folder(namespace):
    return "/etc/netns/" + namespace


def make(namespace):
    os.makedirs(folder(namespace), mode=0o755, exist_ok=True)
    _extend(namespace, "passwd", ["%s:x:%d:%d::/:/usr/sbin/nologin" % (u, GROUPS[u], GROUPS[u])
                                  for u in USERS])
    _extend(namespace, "group", ["%s:x:%d:" % g for g in GROUPS.items()])


def _extend(namespace, name, lines):
    with open("/etc/" + name, encoding="utf-8") as f:
        text = "".join(line for line in f if not line.startswith("sekisho"))
    with open(os.path.join(folder(namespace), name), "w", encoding="utf-8") as f:
        f.write(text + "".join(line + "\n" for line in lines))


def remove(namespace):
    shutil.rmtree(folder(namespace), ignore_errors=True)
    try:
        os.rmdir("/etc/netns")
    except OSError:
        pass        # other labs are up, or somebody uses it
