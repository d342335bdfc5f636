"""One request to a server that speaks OpenAI's Chat Completions. Imported with the first question, never before."""

import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any, cast

import httpx2
import openai

from bot.model import Answer, Failure, ModelFailed, Question

OPENAI = "https://api.openai.com/v1"
LARGEST = 1_000_000
"""Bytes of an answer that are read; what a summary needs has a few thousand."""
CONNECTED_WITHIN = 5.0
ANSWERED_WITHIN = 60.0
"""Seconds between two bytes at the most; whoever asks sets the time for the whole."""
NOT_TAKEN = (400, 404, 415, 422, 501)
"""How servers answer to fields of a request they don't know."""
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)
UNREADABLE = (
    openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, AttributeError, RuntimeError, ExceptionGroup,
)  # fmt: skip
"""What the library raises beside: for JSON cut short or nested without end, an impossible address, after closing."""
LIMITS = ("max_tokens", "max_completion_tokens")
"""Names of the field that limits an answer. Small servers know the first and pass over the second without a word."""


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
    """Read no more than may come; what comes compressed, which nobody asked for, is not unpacked: it may be a bomb."""
    response.headers.pop("content-encoding", None)
    response.stream = _Capped(cast(httpx2.AsyncByteStream, response.stream))


class Client:
    """Connections to one server, and the shapes of a request it may take, the one it took last before the others.

    Words go to the address in the settings and nowhere else: neither after a redirect nor through a proxy that the
    environment names for other programs.
    """

    def __init__(self, base_url: str | None, key: str) -> None:
        """Make ready, which takes long: not on the event loop. Raises ModelFailed when the address can't be one."""
        try:
            self._openai = openai.AsyncOpenAI(
                api_key=key,
                base_url=base_url or OPENAI,
                max_retries=0,
                timeout=openai.Timeout(ANSWERED_WITHIN, connect=CONNECTED_WITHIN),
                default_headers={"Accept-Encoding": "identity"},
                http_client=openai.DefaultAsyncHttpxClient(
                    event_hooks={"response": [_cap]}, follow_redirects=False, transport=httpx2.AsyncHTTPTransport()
                ),
            )
        except (httpx2.InvalidURL, ValueError):
            raise ModelFailed(Failure.REFUSED, used=0) from None
        self._create: Any = self._openai.chat.completions.with_raw_response.create
        self._shapes = list(product((True, False), LIMITS if base_url else reversed(LIMITS)))

    async def ask(self, model: str, question: Question) -> Answer:
        """Ask in the first shape the server takes. Raises ModelFailed and nothing else."""
        shapes = self._shapes
        unfit = ModelFailed(Failure.UNFIT, used=0)
        for place, (schema, limit) in enumerate(shapes):
            options: dict[str, Any] = {limit: question.most_tokens}
            if schema:
                shape = {"name": "summary", "strict": True, "schema": question.schema}
                options["response_format"] = {"type": "json_schema", "json_schema": shape}
            try:
                body = await self._asked(model, question, options)
            except ModelFailed as failed:
                if failed.failure is not Failure.UNFIT:
                    raise
                unfit = failed
            else:
                self._shapes = shapes[place:]
                return _answer(body)
        raise unfit

    async def _asked(self, model: str, question: Question, options: dict[str, Any]) -> Any:
        """Return the JSON that a request brings, whatever it is. Raises ModelFailed and nothing else."""
        messages = [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.words},
        ]
        try:
            answered = await self._create(model=model, messages=messages, **options)
            return json.loads(answered.http_response.content)
        except openai.APIStatusError as error:
            raise _failed(error) from None
        except openai.APIConnectionError as error:
            slow = isinstance(error, openai.APITimeoutError)
            used = 0 if isinstance(error.__cause__, NOT_SENT) else None
            raise ModelFailed(Failure.SLOW if slow else Failure.DOWN, used=used) from None
        except UNREADABLE:
            raise ModelFailed(Failure.NONSENSE) from None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._openai.close()


def _failed(error: openai.APIStatusError) -> ModelFailed:
    if error.status_code == 429:
        if "insufficient_quota" in (error.code, error.type):
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
