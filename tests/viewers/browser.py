"""Chromium without a window, spoken to by its DevTools protocol over two pipes.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:8000/")
        title = page.evaluate("document.title")

Nothing is downloaded, and nothing of the user's profile is touched. One call is answered before the
next is made; what the browser tells unasked is passed over.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import WATCHDOG_SECONDS, Failure

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def evaluate(self, script: str) -> Any:
        """The value of an expression of JavaScript; what a promise comes to."""
        asked = {"expression": script, "returnByValue": True, "awaitPromise": True}
        answer = self._browser.call("Runtime.evaluate", asked, self._session)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failure(f"in the browser: {details.get('exception', {}).get('description') or details['text']}")
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> None:
        until = time.monotonic() + WATCHDOG_SECONDS
        while not self.evaluate(condition):
            if time.monotonic() > until:
                raise Failure(f"the page never came to {condition}")
            time.sleep(0.1)

    def screenshot(self, path: Path) -> None:
        answer = self._browser.call("Page.captureScreenshot", {"format": "png"}, self._session)
        path.write_bytes(base64.b64decode(answer["data"]))


class Browser:
    def __init__(self, width: int = 1280, height: int = 720) -> None:
        program = find()
        if program is None:
            raise Failure(f"{NAMES[0]} is not installed")
        self._profile = tempfile.mkdtemp(prefix="gort-browser-")
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        # It reads descriptor 3 and writes 4, which the shell puts there.
        command = [
            "sh", "-c", f'exec "$@" 3<&{requests} 4>&{answers}', "sh", program, "--headless=new", "--no-sandbox",
            "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
            f"--window-size={width},{height}", f"--user-data-dir={self._profile}", "about:blank",
        ]
        self._process = subprocess.Popen(
            command, pass_fds=(requests, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(requests)
        os.close(answers)
        self._calls = 0
        self._read = b""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.call("Browser.close")
            self._process.wait(WATCHDOG_SECONDS)
        except (Failure, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._requests)
        os.close(self._answers)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, url: str) -> Page:
        target = self.call("Target.createTarget", {"url": url})["targetId"]
        return Page(self, self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"])

    def call(self, method: str, parameters: dict[str, Any] | None = None, session: str = "") -> dict[str, Any]:
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._calls:
                if "error" in answer:
                    raise Failure(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

    def _next(self) -> bytes:
        while b"\0" not in self._read:
            if not select.select([self._answers], [], [], WATCHDOG_SECONDS)[0]:
                raise Failure("the browser does not answer")
            more = os.read(self._answers, 1 << 20)
            if not more:
                raise Failure("the browser has ended")
            self._read += more
        message, _, self._read = self._read.partition(b"\0")
        return message
