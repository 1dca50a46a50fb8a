"""Why a run's process died before the run was over: a sentence for whoever is on call, from what its host knows of it.

Pure functions over a plain description, so that every launcher says the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from slipway.runs.limits import CPUS_TAG, MEMORY_TAG, Limits, show_memory

LOG_LINES = 50
_LONGEST_LINE = 1000


@dataclass(frozen=True)
class Worker:
    """What is known of a run's process, once it is not running any more.

    Attributes:
        started: whether it ever ran.
        exit_code: None if that is not known; 128 and more: ended by signal number exit_code - 128.
        oom_killed: ended by the kernel because it went over its memory limit.
        error: what the host says about why it could not be started.
        gone: the host does not know it any more.
        load_error: the error with which the code did not load, where Dagster has caught it.
        log: the last lines that it wrote.
    """

    started: bool = True
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""
    gone: bool = False
    load_error: str = ""
    limits: Limits = field(default_factory=Limits)
    log: Sequence[str] = ()


@dataclass(frozen=True)
class Death:
    """`cause` is one sentence, `hint` what to do; both say what they mean without the other.

    Attributes:
        lasting: it would die again if it were started again as it is, so an automatic retry is in vain.
    """

    cause: str
    hint: str
    log: Sequence[str] = ()
    lasting: bool = False

    @property
    def sentence(self) -> str:
        """Cause and hint, without the log."""
        return f"{self.cause} {self.hint}".strip()

    def __str__(self) -> str:
        told = self.sentence
        if self.log:
            told += f"\n\nThe last {len(self.log)} lines of its log:\n" + "\n".join(f"  {line}" for line in self.log)
        return told


@dataclass(frozen=True)
class _Why:
    cause: str
    hint: str
    lasting: bool = False


_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_LAST_SIGNAL = 64

_OTHER_CODE = "Look whether the image was built from the code that the code server has, and has its requirements."

# What a start was refused for -> what to do, and whether it will be refused again. The texts are Docker's (moby 28),
# runc's, and the engine's edge in this room.
_REFUSED = {
    r"no such image|pull access denied|manifest unknown": (
        "Build or pull the image, then launch the run anew: it then takes the image that is there.",
        True,
    ),
    r"executable file not found|no such file or directory: unknown": ("The image has no `dagster` command.", True),
    r"invalid mount|bind source path does not exist|no such volume": (
        "Correct the volumes in its container context.",
        True,
    ),
    r"network .* not found|could not find network": ("Start the stack, so that its networks exist.", True),
    r"minimum memory limit|range of cpus|nanocpus": (f"Correct the tags {MEMORY_TAG} and {CPUS_TAG}.", True),
    r"no space left on device": ("Make room on the host.", True),
    r"does not answer": ("Look whether the engine and what stands in front of it are up, then start it again.", False),
}
_IMPORT = re.compile(r"^(?:ModuleNotFoundError|ImportError|dagster\S*DagsterImportError): .*", re.MULTILINE)
# The second is how Dagster names a variable that its own configuration refers to.
_UNSET = re.compile(r"^.*\b([A-Z][A-Z0-9_]{3,})\b(?: is not set\b|\"? which is not set\b).*", re.MULTILINE)


def diagnose(worker: Worker) -> Death:
    """The cause of a death, with a hint and the end of the log (lines longer than 1,000 characters are cut)."""
    log = tuple(line[:_LONGEST_LINE] for line in worker.log[-LOG_LINES:])
    why = _why(worker, "\n".join(log))
    return Death(why.cause, why.hint, log, why.lasting)


def _why(worker: Worker, log: str) -> _Why:
    if worker.gone:
        return _Why(
            "The run's container is gone: somebody removed it, or the Docker engine lost it.",
            "What it wrote before is in its compute logs. Start the run again from failure.",
        )
    if not worker.started:
        why = worker.error.strip().rstrip(".") or "the engine does not say why"
        return _Why(f"The run's container was never started: {why}.", *_refusal(worker.error))
    if worker.oom_killed:
        return _out_of_memory(worker)
    return _not_loaded(worker, worker.load_error or log) or _by_exit_code(worker.exit_code)


def _not_loaded(worker: Worker, told: str) -> _Why | None:
    ended = f"The run's process ended with exit code {worker.exit_code}"
    if found := _IMPORT.search(told):
        return _Why(f"{ended}, because its code does not import: {found[0].rstrip('.')}.", _OTHER_CODE, lasting=True)
    if found := _UNSET.search(told):
        return _Why(
            f"{ended}, because a variable is missing: {found[0].strip()}",
            f"Give {found[1]} to the location's runs (its container context).",
            lasting=True,
        )
    if worker.load_error:
        first = worker.load_error.strip().splitlines()[0].rstrip(".")
        return _Why(f"{ended}, because its code does not load: {first}.", _OTHER_CODE, lasting=True)
    return None


def _out_of_memory(worker: Worker) -> _Why:
    limit = worker.limits.memory
    told = f"its limit of {show_memory(limit)}" if limit else "what the host has"
    more = (
        f"such as {show_memory(limit * 2).replace(' ', '').removesuffix('iB').lower()}" if limit else "fitting the host"
    )
    # The executor outlives a step's process that the kernel has killed, and ends the run in order.
    whose = "A process of the run" if worker.exit_code in (0, 1) else "The run"
    return _Why(
        f"{whose} was killed because it took more memory than {told}.",
        f"Give it more with the tag {MEMORY_TAG} on its job or asset, {more}, or let it read less at a time.",
        lasting=True,
    )


def _by_exit_code(code: int | None) -> _Why:
    if code is None:
        return _Why("The run's process has ended, and its exit code is not known.", "Start the run again from failure.")
    if code == 0:
        return _Why(
            "The run's process ended as if all was done (exit code 0), and the run is not over.",
            "It may have lost the database for its last events. Start the run again from failure.",
        )
    if code == 128 + 9:
        return _Why(
            "The run's process was killed by SIGKILL (exit code 137), not for its memory limit.",
            "Somebody killed the container, the engine was restarted, or the host itself ran short of memory.",
        )
    if code == 255:
        return _Why(
            "The run's process ended with exit code 255, as the engine says of containers that it lost sight of.",
            "The engine or the host was restarted. Start the run again from failure.",
        )
    if 128 < code <= 128 + _LAST_SIGNAL:
        name = _SIGNALS.get(code - 128, f"signal {code - 128}")
        hint = "It was told to end from outside." if name == "SIGTERM" else "It crashed in native code: see its log."
        return _Why(f"The run's process was ended by {name} (exit code {code}).", hint)
    return _Why(f"The run's process ended early, with exit code {code}.", "See the end of its log.")


def _refusal(error: str) -> tuple[str, bool]:
    for pattern, told in _REFUSED.items():
        if re.search(pattern, error, re.IGNORECASE):
            return told
    return "See the log of the Docker engine.", False
