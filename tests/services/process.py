"""One service process: started as the right account, awaited by connecting, stopped for certain.

It dies with its starter, even when that one is killed (Linux). It never waits by a fixed sleep alone.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .places import identity

READY_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 2.0
PROBE_EVERY_S = 0.03
PR_SET_PDEATHSIG = 1


class ServiceFailed(Exception):
    """A service that did not start; the message ends with the last lines of its log."""


@dataclass
class Service:
    """A running process, how to see that it serves, and how to end it."""

    name: str
    process: subprocess.Popen
    port: int
    log: Path
    probe: Callable[[socket.socket], bool]
    stop_signal: int
    started: float
    ready_after_s: float | None = None

    def wait_ready(self) -> float:
        """Seconds from its start until it answered."""
        while self.ready_after_s is None and time.monotonic() - self.started < READY_TIMEOUT_S:
            if self.died():
                raise ServiceFailed(f"{self.name} ended while starting:\n{self.last_lines()}")
            if self._answers():
                self.ready_after_s = time.monotonic() - self.started
            else:
                time.sleep(PROBE_EVERY_S)
        if self.ready_after_s is None:
            raise ServiceFailed(f"{self.name} did not answer within {READY_TIMEOUT_S:.0f} s:\n{self.last_lines()}")
        return self.ready_after_s

    def died(self) -> bool:
        """Whether it has ended by itself."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """End the whole process group: first asked, then killed."""
        if not self.died():
            _signal_group(self.process.pid, self.stop_signal)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                pass
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_lines(self, count: int = 30) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join("    " + line for line in lines[-count:]) or "    (its log is empty)"

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PROBE_TIMEOUT_S) as connection:
                connection.settimeout(PROBE_TIMEOUT_S)
                return self.probe(connection)
        except OSError:
            return False


def start(name, command, port, folder, probe, who=None, env=None, stop_signal=signal.SIGTERM) -> Service:
    """Start it in a session of its own, its output in `folder/output.log`."""
    log = folder / "output.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=env or dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _die_with_starter(stop_signal),
            **identity(who),
        )
    return Service(name, process, port, log, probe, stop_signal, time.monotonic())


def own_folder(parent: Path, name: str, who=None) -> Path:
    """A private folder that belongs to the service's account."""
    folder = parent / name
    folder.mkdir(mode=0o700)
    if who:
        os.chown(folder, who.pw_uid, who.pw_gid)
    return folder


def free_ports(count: int) -> list[int]:
    """Distinct ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _die_with_starter(number: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass
