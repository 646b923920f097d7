"""Where things are: the checkout, its cache, the programs of this machine, and the accounts that services run as."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
CHECKOUT = TESTS.parent
IS_ROOT = os.geteuid() == 0

# Daemons often lie outside an ordinary user's PATH.
MORE_PATH = ":/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:/opt/homebrew/sbin"


def program(*names: str) -> str | None:
    """The first of these programs that this machine has."""
    path = os.environ.get("PATH", os.defpath) + MORE_PATH
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def account(*names: str) -> pwd.struct_passwd | None:
    """The account a service drops to: the first of these, then nobody. None for an ordinary user, who keeps his own."""
    if not IS_ROOT:
        return None
    for name in (*names, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def identity(who: pwd.struct_passwd | None) -> dict:
    """The arguments that make subprocess run as this account."""
    return {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}


def version(command: str, who: pwd.struct_passwd | None = None) -> str | None:
    """What `command --version` prints, or None where this account can't run it."""
    try:
        out = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=20, cwd="/", **identity(who))
    except (OSError, subprocess.SubprocessError):
        return None
    return out.stdout.strip() if out.returncode == 0 else None


def cache(for_service: pwd.struct_passwd | None = None) -> Path:
    """The checkout's `.cache`, or /var/cache/zephyr where the service's account can't reach the checkout."""
    if for_service:
        look = subprocess.run(["ls", str(CHECKOUT)], capture_output=True, cwd="/", **identity(for_service))
        if look.returncode != 0:
            return Path("/var/cache/zephyr")
    return CHECKOUT / ".cache"


def say(line: str) -> None:
    """One line for whoever waits."""
    print(f"with-services: {line}", file=sys.stderr, flush=True)
