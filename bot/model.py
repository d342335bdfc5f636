"""The language model: any server that speaks OpenAI's Chat Completions, behind one question.

The client library takes half a second and 20 MB to import, so it is imported with the first question.
"""

import asyncio
import importlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from bot.clock import Clock
from bot.settings import Settings

log = logging.getLogger(__name__)

FAILURES_IN_A_ROW = 3
LEFT_ALONE = timedelta(minutes=5)
"""How long a model that failed so often in a row is not asked."""


class Failure(StrEnum):
    """Why a model gave no answer that can be used."""

    SLOW = "slow"
    BUSY = "busy"
    QUOTA = "quota"
    REFUSED = "refused"
    UNFIT = "unfit"
    """It does not take a request of this shape."""
    DOWN = "down"
    NONSENSE = "nonsense"
    RESTING = "resting"
    """It failed so often that it is not asked just now."""


class ModelFailed(Exception):
    """The model gave no answer that can be used.

    ``used`` is how many tokens that took, if known; ``wait`` the seconds after which the server wants to be asked
    again. Asking ``again`` may help.
    """

    def __init__(self, failure: Failure, *, used: int | None = None, wait: float | None = None) -> None:
        super().__init__(failure.value)
        self.failure = failure
        self.used = used
        self.wait = wait

    @property
    def again(self) -> bool:
        """Whether the same question may go through a moment later; nonsense would cost as much once more."""
        return self.failure in (Failure.BUSY, Failure.DOWN)


@dataclass(frozen=True)
class Answer:
    """A model's answer, and the tokens the server says it took; ``None`` where it says nothing of them."""

    text: str
    tokens: int | None


@dataclass(frozen=True)
class Question:
    """What a model is asked: instructions, the words they are about, the shape of the answer and its most tokens."""

    instructions: str
    words: str
    schema: dict[str, Any]
    most_tokens: int


class Model:
    """One model on one server. Its failures in a row are remembered for as long as the process runs."""

    def __init__(self, name: str, clock: Clock, *, base_url: str | None = None, key: SecretStr | None = None) -> None:
        self.name = name
        self.base_url = base_url
        self._key = key or SecretStr("none")
        self._clock = clock
        self._client: Any = None
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._failed_at: datetime | None = None
        self._rests_until: datetime | None = None
        self.failure: Failure | None = None
        """Why the latest question found no answer; empty once one did."""

    @property
    def rests(self) -> bool:
        """Whether it failed so often that it is not asked just now."""
        return self._rests_until is not None and self._clock.now() < self._rests_until

    async def ask(self, question: Question, within: float) -> Answer:
        """Return the answer to a question, asked once. Raises ModelFailed, also after ``within`` seconds."""
        began = self._clock.now()
        if self.rests:
            raise ModelFailed(Failure.RESTING, used=0)
        try:
            async with asyncio.timeout(within):
                answer: Answer = await (await self._connected()).ask(self.name, question)
        except TimeoutError:
            self._failed(Failure.SLOW, began)
            raise ModelFailed(Failure.SLOW) from None
        except ModelFailed as failed:
            self._failed(failed.failure, began)
            raise
        self._failures = 0
        self.failure = None
        return answer

    async def close(self) -> None:
        """Let go of the connections, if there are any; a question still waiting finds no answer then."""
        if self._client is not None:
            await self._client.close()

    async def _connected(self) -> Any:
        async with self._connecting:  # the parts of a long thread ask at once, and need one client together
            if self._client is None:
                self._client = await asyncio.to_thread(_client, self.base_url, self._key.get_secret_value())
            return self._client

    def _failed(self, failure: Failure, began: datetime) -> None:
        """Count a failure; questions asked at once, such as the parts of a long thread, count as one."""
        self.failure = failure
        log.warning("the model gave no usable answer: %s", failure.value)
        if self._failed_at is not None and began < self._failed_at:
            return
        self._failed_at = self._clock.now()
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._failures = 0
            self._rests_until = self._clock.now() + LEFT_ALONE
            log.warning("the model failed %s times in a row and is left alone for a while", FAILURES_IN_A_ROW)


def _client(base_url: str | None, key: str) -> Any:
    return importlib.import_module("bot.model_client").Client(base_url, key)


def configured_model(settings: Settings, clock: Clock) -> Model | None:
    """Return the model the settings name, or None where they name none."""
    if not settings.openai_model or not (settings.openai_api_key or settings.openai_base_url):
        return None
    return Model(settings.openai_model, clock, base_url=settings.openai_base_url, key=settings.openai_api_key)
