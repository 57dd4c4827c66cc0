# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium without a window, spoken to over its debugging pipe: no driver, no library."""
import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 90                   # seconds that a slow machine gets


def find():
    return next((p for p in map(shutil.which, NAMES) if p), None)


class Browser:
    """One page; every request that it makes and every complaint is kept."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="sekisho-browser-")
        to, self.out = os.pipe()
        self.inp, back = os.pipe()
        # The browser wants to read descriptor 3 and to write descriptor 4.
        self.child = subprocess.Popen(
            ["/bin/sh", "-c", f'exec 3<&{to} 4>&{back}; exec "$@"', "sh", program,
             "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--hide-scrollbars", f"--user-data-dir={self.folder.name}"],
            pass_fds=(to, back), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(to)
        os.close(back)
        self.number, self.rest, self.session = 0, b"", None
        self.requests, self.complaints, self.loaded = [], [], False
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target,
                                flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.ask("Browser.close")
        except (OSError, RuntimeError):
            pass
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        os.close(self.inp)
        os.close(self.out)
        self.folder.cleanup()

    def receive(self):
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise RuntimeError("the browser does not answer")
            more = os.read(self.inp, 1 << 20)
            if not more:
                raise RuntimeError("the browser has gone")
            self.rest += more
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def note(self, message):
        what, more = message.get("method"), message.get("params", {})
        if what == "Network.requestWillBeSent":
            self.requests.append(more["request"]["url"])
        elif what == "Page.loadEventFired":
            self.loaded = True
        elif what == "Log.entryAdded":
            self.complaints.append(more["entry"]["text"])
        elif what in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(more)[:300])

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer.get("result", {})
            self.note(answer)

    def open(self, path, width, medium="screen"):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=1024,
                 deviceScaleFactor=1, mobile=False)
        self.ask("Emulation.setEmulatedMedia", media=medium)
        self.loaded = False
        self.ask("Page.navigate", url="file://" + path)
        while not self.loaded:
            self.note(self.receive())

    def value(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def pdf(self):
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True,
                                         printBackground=True)["data"])

    def picture(self):
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png",
                                         captureBeyondViewport=True)["data"])
