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
        """Whether the same question may go through a moment later."""
        return self.failure in (Failure.BUSY, Failure.DOWN, Failure.NONSENSE)


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
        self._plain = False
        self._failures = 0
        self._rests_until: datetime | None = None

    async def ask(self, question: Question, within: float) -> Answer:
        """Return the answer to a question, asked once. Raises ModelFailed, also after ``within`` seconds."""
        if self._rests_until is not None and self._clock.now() < self._rests_until:
            raise ModelFailed(Failure.RESTING, used=0)
        try:
            async with asyncio.timeout(within):
                answer = await self._ask_in_a_shape_it_takes(question)
        except TimeoutError:
            self._failed(Failure.SLOW)
            raise ModelFailed(Failure.SLOW) from None
        except ModelFailed as failed:
            self._failed(failed.failure)
            raise
        self._failures = 0
        return answer

    async def _ask_in_a_shape_it_takes(self, question: Question) -> Answer:
        """Ask for an answer of the schema; a server that doesn't take that is asked in plain words from then on."""
        if self._client is None:
            self._client = await self._connected()
        if not self._plain:
            try:
                return await self._client.ask(self.name, question, plain=False)
            except ModelFailed as failed:
                if failed.failure is not Failure.UNFIT:
                    raise
        answer = await self._client.ask(self.name, question, plain=True)
        self._plain = True
        return answer

    async def _connected(self) -> Any:
        library = await asyncio.to_thread(importlib.import_module, "bot.model_client")
        return library.Client(self.base_url, self._key.get_secret_value())

    def _failed(self, failure: Failure) -> None:
        self._failures += 1
        log.warning("the model gave no usable answer: %s", failure.value)
        if self._failures >= FAILURES_IN_A_ROW:
            self._failures = 0
            self._rests_until = self._clock.now() + LEFT_ALONE
            log.warning("the model failed %s times in a row and is left alone for a while", FAILURES_IN_A_ROW)


def configured_model(settings: Settings, clock: Clock) -> Model | None:
    """Return the model the settings name, or None where they name none."""
    if not settings.openai_model or not (settings.openai_api_key or settings.openai_base_url):
        return None
    return Model(settings.openai_model, clock, base_url=settings.openai_base_url, key=settings.openai_api_key)
