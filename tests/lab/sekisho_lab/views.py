# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of others that the views of the record are shown to."""
import os
import re
import shutil
import signal
import subprocess
import time

from . import case
from .gate import check

SHARE = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                      "..", "..", "..", "share"))


def need(program):
    path = shutil.which(program)
    if path is None:
        raise case.Skipped(program + " is not installed")
    return path


def wait_until(what, most, text):
    until = time.monotonic() + most
    while not what():
        check(time.monotonic() < until, text if isinstance(text, str) else text())
        time.sleep(0.05)


class Program:
    """One that is started, ended and started again, and ended with the test."""

    def __init__(self, folder, name, words):
        self.words, self.log = words, os.path.join(folder, name + ".log")
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)

    def stop(self, number=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(20)
        self.process = None

    def hold(self):
        self.process.send_signal(signal.SIGSTOP)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()[-1500:]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


def rsyslog(folder, name, namespace, text):
    """rsyslogd with these rules in a network of its own."""
    work = os.path.join(folder, name)
    os.makedirs(work)
    path = os.path.join(folder, name + ".conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write('global(workDirectory="%s")\n%s' % (work, text))
    return Program(folder, name, ["ip", "netns", "exec", namespace, need("rsyslogd"), "-n", "-f",
                                  path, "-i", os.path.join(folder, name + ".pid")])


SEEN = 'template(name="all" type="string" string="%structured-data%\\t%msg%\\n")\n'


def sender_rules(socket, port, out):
    """As they are installed, with the places of a test; what was read goes to a file too."""
    with open(os.path.join(SHARE, "rsyslog", "60-sekisho.conf"), encoding="utf-8") as f:
        text = f.read()
    for old, new in (("/run/sekisho/syslog.sock", socket), ("collector.example", "127.0.0.1"),
                     ('Port="514"', 'Port="%d"' % port), ('imuxsock")', 'imuxsock" SysSock.Use="off")'),
                     ('ResumeInterval="10"', 'ResumeInterval="1"'),
                     ('ruleset(name="sekisho") {', SEEN + 'ruleset(name="sekisho") {\n    action('
                      'type="omfile" file="%s" template="all")' % out)):
        check(old in text, "60-sekisho.conf has no " + old)
        text = text.replace(old, new)
    return text


def collector_rules(port, out):
    return ('module(load="imtcp")\ninput(type="imtcp" port="%d" address="127.0.0.1")\n'
            '%saction(type="omfile" file="%s" template="all")\n' % (port, SEEN, out))


def collected(path):
    """(sequence, MSG) of each message that the collector wrote."""
    found = []
    if os.path.exists(path):
        with open(path, "rb") as f:
            for line in f:
                data, _, message = line.rstrip(b"\n").partition(b"\t")
                number = re.search(rb'sequence="([0-9]+)"', data)
                check(number, "no structured data: %r" % line[:200])
                found.append((int(number.group(1)), message))
    return found
