"""Finding an installed browser, and installing one where there is none."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bridges.browser.words import BrowserError

__all__ = ["find_browser", "install_browser"]

_NAMES = (
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "chromium",
    "chromium-browser",
    "microsoft-edge-stable",
    "microsoft-edge",
    "msedge",
)
_PLACES = (
    "/usr/bin/chromium",
    "/usr/lib/chromium/chromium",
    "/opt/google/chrome/chrome",
    "/opt/microsoft/msedge/msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files/Microsoft/Edge/Application/msedge.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
_DOWNLOADS = (".cache/ms-playwright", "Library/Caches/ms-playwright", "AppData/Local/ms-playwright")
_DOWNLOADED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
    "chromium-*/chrome-mac*/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    "chromium-*/chrome-win*/chrome.exe",
)
_DOWNLOAD_S = 600.0
_SYSTEM_S = 900.0


def find_browser() -> str | None:
    """Return the path of an installed Chrome, Chromium or Edge, else of Playwright's own Chromium, else None."""
    return next(_candidates(), None)


def install_browser(report: Callable[[str], None]) -> str:
    """Install a browser and return its path: Playwright's own; else, as root on Debian and its kin, the system's.

    Args:
        report: Is told what is done, line by line. Must not raise.

    Raises:
        BrowserError: No way worked; says what to do.
    """
    report("downloading Playwright's Chromium (about 150 MB) …")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    if _ran(command, report, _DOWNLOAD_S) and (found := _downloaded()):
        report(f"installed {found}")
        return found
    if _is_root() and shutil.which("apt-get"):
        report("that did not work; installing the system's package chromium …")
        if _ran(["apt-get", "update", "-q"], report, _SYSTEM_S):
            _ran(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], report, _SYSTEM_S)
        if found := find_browser():
            report(f"installed {found}")
            return found
    raise BrowserError(
        "no browser could be installed. Install Google Chrome, Chromium or Microsoft Edge yourself (on Debian and "
        "Ubuntu: sudo apt-get install chromium), or set `executable` under [browser] to the path of one."
    )


def _candidates() -> Iterator[str]:
    for name in _NAMES:
        if path := shutil.which(name):
            yield path
    yield from (place for place in _PLACES if os.access(place, os.X_OK) and Path(place).is_file())
    if found := _downloaded():
        yield found


def _downloaded() -> str | None:
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home directory
        return None
    found = [path for folder in _DOWNLOADS for pattern in _DOWNLOADED for path in (home / folder).glob(pattern)]
    return str(max(found, key=lambda path: path.stat().st_mtime)) if found else None


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _ran(command: Sequence[str], report: Callable[[str], None], deadline_s: float) -> bool:
    """Run a program to its end, pass on what it says, and return whether it succeeded."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        report(f"{command[0]} could not be started: {error}")
        return False
    late = threading.Timer(deadline_s, process.kill)
    late.start()
    try:
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip():
                    report(line.strip())
        return process.returncode == 0
    finally:
        late.cancel()
