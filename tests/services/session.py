"""One run of `tests/with-services`.

1. ensure    every part is there, or the run fails and names it
2. start     private instances in a temporary folder, slowest first
3. await     each answers on its protocol
4. command   runs with their addresses in its environment
5. stop      everything, whatever happened; the command's status is ours
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import install, process
from .places import say

GRACE_S = 20.0
USAGE_ERROR = 2
FAILED = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A signal asked this run to end."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def main(arguments: list[str]) -> int:
    """The status of the command, 1 when a part is missing or did not start, 128 + n after signal n."""
    options = _options(arguments)
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    try:
        paths = install.ensure(options.only)
        return 0 if options.install_only else _serve(options, paths)
    except (install.PartMissing, process.ServiceFailed) as problem:
        say(str(problem))
        return FAILED
    except Interrupted as interrupted:
        return 128 + interrupted.number


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        usage="tests/with-services [--only A,B] CMD… | --install-only [--only A,B]",
        description="Run CMD beside private instances of what the tests need.",
    )
    parser.add_argument("--only", type=_names, default=list(install.PARTS), metavar="A,B", help=f"of {', '.join(install.PARTS)}")
    parser.add_argument("--install-only", action="store_true", help="install what is missing, start nothing")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")
    options = parser.parse_args(arguments)
    if bool(options.command) == options.install_only:
        parser.error("give a command to run, or --install-only")
    return options


def _names(text: str) -> list[str]:
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in install.PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such part: {', '.join(unknown)}")
    return [name for name in install.PARTS if name in wanted]


def _serve(options: argparse.Namespace, paths: dict[str, str]) -> int:
    folder = _temporary_folder()
    env = dict(os.environ) | paths
    services = []
    try:
        _start(options.only, folder, paths, env, services)
        status = _run(options.command, env)
        for service in services:
            if status and service.died():
                say(f"{service.name} ended during the run:\n{service.last_lines()}")
        return status
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for service in services:
            service.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start(names: list[str], folder: Path, paths: dict[str, str], env: dict[str, str], services: list) -> None:
    began = time.monotonic()
    for name in names:
        if install.PARTS[name].start:
            services += install.PARTS[name].start(folder, paths, env)
    times = [f"{service.name} {service.wait_ready():.1f}" for service in reversed(services)]
    if times:
        say(f"ready in {time.monotonic() - began:.1f} s ({', '.join(times)})")


def _run(command: list[str], env: dict[str, str]) -> int:
    """Run it; a signal to us is passed on. On a terminal it shares our group, so that it can read and Ctrl-C reaches it."""
    shares_group = sys.stdin is not None and sys.stdin.isatty()
    try:
        running = subprocess.Popen(command, env=env, preexec_fn=None if shares_group else os.setpgrp)
    except OSError as problem:
        say(f"can't run {command[0]}: {problem.strerror}")
        return 127
    try:
        status = running.wait()
        return 128 - status if status < 0 else status
    except Interrupted as interrupted:
        _end(running, interrupted.number, shares_group)
        return 128 + interrupted.number
    finally:
        if not shares_group:
            _send(running, signal.SIGKILL, shares_group)


def _end(running: subprocess.Popen, number: int, shares_group: bool) -> None:
    if not (shares_group and number == signal.SIGINT):
        _send(running, number, shares_group)
    try:
        running.wait(GRACE_S)
    except (subprocess.TimeoutExpired, Interrupted):
        _send(running, signal.SIGKILL, shares_group)
        running.wait()


def _send(running: subprocess.Popen, number: int, shares_group: bool) -> None:
    try:
        (os.kill if shares_group else os.killpg)(running.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _temporary_folder() -> Path:
    """Short, for socket paths, and open to the services' accounts; on a real disk where flushes are to be real."""
    base = Path("/var/tmp" if os.environ.get("ZEPHYR_TEST_FSYNC") == "1" else "/tmp")
    _sweep(base)
    folder = Path(tempfile.mkdtemp(prefix=f"zephyr-test-{os.getpid()}-", dir=base))
    folder.chmod(0o711)
    return folder


def _sweep(base: Path) -> None:
    """Remove what a killed run left behind."""
    for left in base.glob("zephyr-test-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and left.stat().st_uid == os.geteuid() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _interrupt(number, _frame) -> None:
    raise Interrupted(number)
