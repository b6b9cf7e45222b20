# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
"""A headless Chromium for tests of pages, driven over its own pipe (DevTools protocol), so that no driver or port is needed."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path

NAMES = ('chromium', 'chromium-browser', 'google-chrome')


def find_chromium() -> str | None:
    """The browser's program, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Page:
    """One page in a browser of its own; use it in a ``with`` block.

    Args:
        program (str): The browser.
        folder (Path): An empty folder for its profile.
        media (dict): Media features to emulate, such as ``{'prefers-color-scheme': 'dark'}``.
        size (tuple[int, int]): Width and height of the window, CSS pixels.
    """

    def __init__(
        self, program: str, folder: Path, media: dict | None = None, size: tuple = (1280, 900)
    ) -> None:
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        options = [
            '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
            '--disable-background-networking', '--remote-debugging-pipe', f'--user-data-dir={folder}', 'about:blank',
        ]  # fmt: skip
        # The browser reads commands from descriptor 3 and writes answers to 4.
        shell = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ['bash', '-c', shell, 'bash', program, *options],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._number, self._session = b'', 0, None
        self.events: list[dict] = []
        try:
            target = self.call('Target.createTarget', url='about:blank')['targetId']
            attached = self.call('Target.attachToTarget', targetId=target, flatten=True)
            self._session = attached['sessionId']
            for domain in ('Page', 'Runtime', 'Network', 'Log'):
                self.call(f'{domain}.enable')
            features = [dict(name=name, value=value) for name, value in (media or {}).items()]
            self.call('Emulation.setEmulatedMedia', features=features)
            width, height = size
            self.call(
                'Emulation.setDeviceMetricsOverride',
                width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
            )  # fmt: skip
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        os.close(self._write)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)

    def call(self, method: str, **params: object) -> dict:
        """Give a command and return its answer; events on the way are kept."""
        self._number += 1
        message = dict(id=self._number, method=method, params=params)
        if self._session:
            message['sessionId'] = self._session
        os.write(self._write, json.dumps(message).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._number:
                assert 'error' not in answer, (method, answer['error'])
                return answer['result']
            self.events.append(answer)

    def _next(self, timeout: float = 60.0) -> dict:
        while b'\0' not in self._rest:
            ready, _, _ = select.select([self._read], [], [], timeout)
            chunk = os.read(self._read, 1 << 20) if ready else b''
            assert chunk, 'the browser does not answer'
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b'\0')
        return json.loads(message)

    def open(self, path: Path) -> None:
        """Open a file and wait until it has loaded."""
        self.call('Page.navigate', url=path.resolve().as_uri())
        while not any(event.get('method') == 'Page.loadEventFired' for event in self.events):
            self.events.append(self._next())

    def run(self, script: str) -> object:
        """Return the value of a JavaScript expression, awaited if it is a promise."""
        answer = self.call(
            'Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True
        )
        assert 'exceptionDetails' not in answer, answer['exceptionDetails']
        return answer['result'].get('value')

    def wait_for(self, script: str, seconds: float = 20.0) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not self.run(
            f'new Promise((done) => requestAnimationFrame(() => done(!!({script}))))'
        ):
            assert time.monotonic() < end, f'did not become true: {script}'

    def problems(self) -> list[dict]:
        """Exceptions and errors that the browser has told of."""
        kinds = ('Runtime.exceptionThrown', 'Log.entryAdded', 'Runtime.consoleAPICalled')
        return [event for event in self.events if event.get('method') in kinds]

    def requests(self) -> list[str]:
        """Addresses that the page has asked for."""
        return [
            event['params']['request']['url']
            for event in self.events
            if event.get('method') == 'Network.requestWillBeSent'
        ]

    def screenshot(self, path: Path) -> None:
        """Write what is seen as PNG."""
        path.write_bytes(base64.b64decode(self.call('Page.captureScreenshot')['data']))
