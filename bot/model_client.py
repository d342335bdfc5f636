"""One request to a server that speaks OpenAI's Chat Completions. Imported with the first question, never before."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx2
import openai

from bot.model import Answer, Failure, ModelFailed, Question

LARGEST = 1_000_000
"""Bytes of an answer that are read; what a summary needs has a few thousand."""
ANSWERED_WITHIN = 60.0
"""Seconds between two bytes at the most; whoever asks sets the time for the whole."""
NOT_TAKEN = (400, 415, 422, 501)
"""How servers answer to fields of a request they don't know."""


class _Capped(httpx2.AsyncByteStream):
    """An answer's bytes, up to a limit."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._stream:
            seen += len(chunk)
            if seen > LARGEST:
                raise ModelFailed(Failure.NONSENSE)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _cap(response: httpx2.Response) -> None:
    response.stream = _Capped(cast(httpx2.AsyncByteStream, response.stream))


class Client:
    """A connection to one server."""

    def __init__(self, base_url: str | None, key: str) -> None:
        self._openai = openai.AsyncOpenAI(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            timeout=ANSWERED_WITHIN,
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(event_hooks={"response": [_cap]}, follow_redirects=False),
        )

    async def ask(self, model: str, question: Question, *, plain: bool) -> Answer:
        """Ask once. ``plain`` leaves out what only some servers take. Raises ModelFailed and nothing else."""
        create: Any = self._openai.chat.completions.with_raw_response.create
        asked = [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.words},
        ]
        options = _plain_options(question) if plain else _schema_options(question)
        try:
            answered = await create(model=model, messages=asked, **options)
            body = json.loads(answered.http_response.content)
        except openai.APIStatusError as error:
            raise _failed(error) from None
        except openai.APITimeoutError:
            raise ModelFailed(Failure.SLOW) from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, ModelFailed):
                raise error.__cause__ from None
            raise ModelFailed(Failure.DOWN, used=0) from None
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, AttributeError, RecursionError):
            raise ModelFailed(Failure.NONSENSE) from None
        return _answer(body)


def _schema_options(question: Question) -> dict[str, Any]:
    shape = {"name": "summary", "strict": True, "schema": question.schema}
    return {
        "response_format": {"type": "json_schema", "json_schema": shape},
        "max_completion_tokens": question.most_tokens,
    }


def _plain_options(question: Question) -> dict[str, Any]:
    return {"max_tokens": question.most_tokens}


def _failed(error: openai.APIStatusError) -> ModelFailed:
    if error.status_code == 429:
        if error.code == "insufficient_quota":
            return ModelFailed(Failure.QUOTA, used=0)
        return ModelFailed(Failure.BUSY, used=0, wait=_seconds(error.response.headers.get("retry-after")))
    if error.status_code in NOT_TAKEN:
        return ModelFailed(Failure.UNFIT, used=0)
    if error.status_code >= 500:
        return ModelFailed(Failure.DOWN)
    return ModelFailed(Failure.REFUSED, used=0)


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header is not None else None
    except ValueError:  # a date, which clocks read differently
        return None


def _answer(body: Any) -> Answer:
    """Return what stands in an answer's body, which may be any JSON. Raises ModelFailed when there are no words."""
    tokens = _tokens(body)
    try:
        text = body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if not isinstance(text, str) or not text.strip():
        raise ModelFailed(Failure.NONSENSE, used=tokens)
    return Answer(text, tokens)


def _tokens(body: Any) -> int | None:
    usage: Any = cast(dict[str, Any], body).get("usage") if isinstance(body, dict) else None
    total: Any = cast(dict[str, Any], usage).get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10_000_000 else None
