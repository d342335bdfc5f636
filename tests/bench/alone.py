"""Measures one thing in a process that has done nothing else: ``python -m tests.bench.alone gathering 500``.

Tells it as JSON: times in seconds, memory in MB (10⁶ bytes). Linux only.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot import commands, doctor
from bot.cleaning import prepared
from bot.gathering import gathered
from bot.sentences import language_of, sentences_in
from bot.store.summaries import Unmodelled
from tests.bench.conversation import conversation

RUNNING = commands, doctor
"""What ``kith run`` imports is there already."""
STATUS = Path("/proc/self/status")
FORGET_PEAK = "5"
WORDS = "I tried it with four people, and it held. Could someone look after it next week?"


def memory(what: str = "VmRSS") -> float:
    """Return this process's resident memory in MB, or its peak."""
    line = next(each for each in STATUS.read_text().splitlines() if each.startswith(f"{what}:"))
    return int(line.split()[1]) * 1024 / 1e6


def first_use(use: Callable[[], object]) -> dict[str, float]:
    """Return what something takes that has not been used yet."""
    before, began = memory(), time.perf_counter()
    use()
    return {"seconds": time.perf_counter() - began, "memory": memory() - before}


def client() -> object:
    """Import the model's client and make one."""
    return importlib.import_module("bot.model_client").Client("http://127.0.0.1:9/v1", "none")


def gathering(messages: int) -> dict[str, float]:
    """Gather a thread plainly and return how long it took and what it held in memory."""
    gathered(prepared(conversation(2), frozenset(), "en"), Unmodelled.NONE)  # imports the libraries
    empty = memory()
    reading = conversation(messages)
    held = memory()
    Path("/proc/self/clear_refs").write_text(FORGET_PEAK)
    began = time.perf_counter()
    thread = prepared(reading, frozenset(), "en")
    ready = time.perf_counter()
    gathered(thread, Unmodelled.NONE)
    done = time.perf_counter()
    return {"ready": ready - began, "gathered": done - ready, "held": held - empty, "peak": memory("VmHWM") - held}


MEASUREMENTS: dict[str, Callable[..., dict[str, float]]] = {
    "client": lambda: first_use(client),
    "language": lambda: first_use(lambda: language_of(WORDS, "en")),
    "sentences": lambda: first_use(lambda: sentences_in(WORDS, "en")),
    "gathering": gathering,
}


if __name__ == "__main__":
    name, *words = sys.argv[1:]
    sys.stdout.write(json.dumps(MEASUREMENTS[name](*map(int, words))))
