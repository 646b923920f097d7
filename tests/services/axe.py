"""axe-core, the judge of accessibility, from npm into `.cache`, pinned by the lock file beside this one."""

import shutil
import subprocess

from .places import CHECKOUT, TESTS, program

PINS = TESTS / "services" / "axe-core"
HOME = CHECKOUT / ".cache" / "axe"
SCRIPT = HOME / "node_modules" / "axe-core" / "axe.min.js"
LOCK = "package-lock.json"


def find() -> dict[str, str] | None:
    """The pinned version's script, or nothing."""
    lock = HOME / LOCK
    pinned = SCRIPT.exists() and lock.exists() and lock.read_bytes() == (PINS / LOCK).read_bytes()
    return {"TEST_AXE": str(SCRIPT)} if pinned else None


def fetch() -> str | None:
    """Get it; what went wrong, or None."""
    npm = program("npm")
    if npm is None:
        return "npm is not installed"
    HOME.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", LOCK):
        shutil.copy(PINS / name, HOME)
    done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HOME, capture_output=True, text=True)
    if done.returncode != 0:
        # What stays half would look whole.
        (HOME / LOCK).unlink(missing_ok=True)
        return done.stderr.strip()[-600:]
    return None
