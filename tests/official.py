"""Checks requests to Discord against its official description and the rules the description leaves out."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import discord
import jsonschema_rs
import simcord

VARIABLE = "DISCORD_OPENAPI"
SKIPPED = f"Set {VARIABLE} to the absolute path of Discord's openapi.json to check requests against it."

_DOCUMENT = "urn:discord"
_SNOWFLAKE = "SnowflakeType"
_BITFIELDS = {"allow", "deny", "permissions", "default_member_permissions"}
_QUERY_BOOLEAN = {"enum": [True, False, 0, 1, "0", "1", "true", "false"]}

Key = tuple[str, tuple[str, ...], str]


class Route(NamedTuple):
    """One operation of the description; ``segments`` is its path template, split at the slashes."""

    segments: tuple[str, ...]
    operation: dict[str, Any]
    parameters: list[dict[str, Any]]

    def literals(self, segments: list[str]) -> int:
        """Count the fixed segments a path shares with this template; −1 when it is another path."""
        count = 0
        for template, segment in zip(self.segments, segments, strict=True):
            if template == segment:
                count += 1
            elif not template.startswith("{"):
                return -1
        return count


class Official:
    """Discord's OpenAPI description, relaxed once to what Discord accepts."""

    def __init__(self, document: dict[str, Any]) -> None:
        relaxed = _relaxed(document)
        self._schemas: dict[str, Any] = relaxed["components"]["schemas"]
        self._schemas[_SNOWFLAKE].update(type=["string", "integer"], minimum=0)
        self._registry = jsonschema_rs.Registry([(_DOCUMENT, relaxed)])
        self._routes: dict[tuple[str, int, str], list[Route]] = {}
        self._validators: dict[Key, jsonschema_rs.Validator] = {}
        for path, item in cast("dict[str, dict[str, Any]]", relaxed["paths"]).items():
            segments = tuple(path.strip("/").split("/"))
            shared = _items(item.pop("parameters", None))
            for method, operation in item.items():
                parameters = shared + _items(operation.get("parameters"))
                route = Route(segments, operation, parameters)
                self._routes.setdefault((method.upper(), len(segments), segments[0]), []).append(route)

    @classmethod
    def from_environment(cls) -> "Official | None":
        """Return the description ``DISCORD_OPENAPI`` points at, read once; None when it is unset."""
        path = os.environ.get(VARIABLE)
        return _load(path) if path else None

    def problems(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: Any,
        *,
        now: datetime | None = None,
    ) -> list[str]:
        """Say what Discord would refuse in a request; an empty list when nothing.

        ``path`` has no ``/api/v10``, and may keep ``{names}`` in place of ids. The body of a multipart
        request is its ``payload_json``. Events are compared with ``now``, aware, when it is given.
        """
        route = self._route(method, path)
        if route is None:
            return [f"route: the description has no {method} {path}"]
        found = [*self._path_problems(route, path), *self._query_problems(method, route, params or {})]
        found += self._body_problems(method, route, body)
        return found + rule_problems(method, path, body, now=now)

    def _route(self, method: str, path: str) -> Route | None:
        segments = path.strip("/").split("/")
        routes = self._routes.get((method, len(segments), segments[0]), [])
        literals, route = max(
            ((route.literals(segments), route) for route in routes),
            key=lambda pair: pair[0],
            default=(-1, None),
        )
        return route if literals >= 0 else None

    def _path_problems(self, route: Route, path: str) -> Iterator[str]:
        given = dict(zip(route.segments, path.strip("/").split("/"), strict=True))
        for parameter in route.parameters:
            name = f"{{{parameter['name']}}}"
            snowflake = parameter["schema"].get("$ref", "").endswith(f"/{_SNOWFLAKE}")
            segment = given.get(name, name)
            if snowflake and segment != name and not re.fullmatch(r"0|[1-9][0-9]*", segment):
                yield f"path.{parameter['name']}: {segment!r} is not an id"

    def _query_problems(self, method: str, route: Route, params: Mapping[str, Any]) -> list[str]:
        described = {p["name"]: p for p in route.parameters if p["in"] == "query"}
        schema = {
            "type": "object",
            "properties": {
                name: _QUERY_BOOLEAN if p["schema"].get("type") == "boolean" else p["schema"]
                for name, p in described.items()
            },
            "required": [name for name, p in described.items() if p.get("required")],
            "additionalProperties": False,
        }
        read = {
            name: self._number(described[name]["schema"], value) if name in described else value
            for name, value in params.items()
        }
        validator = self._validator((method, route.segments, "query"), schema)
        return _described_problems(validator, read, "query")

    def _number(self, schema: dict[str, Any], value: Any) -> Any:
        """Read a number as a server does: from the text that stands in the address."""
        named = self._schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        if named.get("type") == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return int(value)
        return value

    def _body_problems(self, method: str, route: Route, body: Any) -> list[str]:
        described = route.operation.get("requestBody")
        if described is None:
            return [] if body is None else ["body: the description has none for this route"]
        if body is None:
            return ["body: missing"] if described.get("required") else []
        schema = described["content"].get("application/json", {}).get("schema")
        if schema is None:  # three uploads are described as multipart only, and have no JSON to judge
            return []
        validator = self._validator((method, route.segments, "body"), schema)
        return _described_problems(validator, body, "body")

    def _validator(self, key: Key, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        if key not in self._validators:
            self._validators[key] = jsonschema_rs.Draft202012Validator(
                schema, registry=self._registry, validate_formats=True
            )
        return self._validators[key]


def check_requests(
    requests: Iterable[tuple[str, str, Mapping[str, Any] | None, Any]], *, now: datetime | None = None
) -> list[str]:
    """Say what Discord would refuse in (method, path, params, body) records, each with its method and path.

    Without ``DISCORD_OPENAPI`` only the rules that need no description are checked.
    """
    official = Official.from_environment()
    found: list[str] = []
    for method, path, params, body in requests:
        if official is None:
            problems = rule_problems(method, path, body, now=now)
        else:
            problems = official.problems(method, path, params, body, now=now)
        found += [f"{method} {path}: {problem}" for problem in problems]
    return found


def check_simcord(env: simcord.Env) -> list[str]:
    """Say what Discord would refuse of all a bot sent on simcord.

    The log keeps no times: an event is in the past when it starts before the youngest id in the paths so far.
    """
    found: list[str] = []
    youngest = 0
    for entry in env.http_requests:
        youngest = max(youngest, *(int(part) for part in entry.path.split("/") if part.isdecimal()), 0)
        now = discord.utils.snowflake_time(youngest)
        found += check_requests([(entry.method, entry.path, entry.params, entry.json)], now=now)
    return found


def rule_problems(method: str, path: str, body: Any, *, now: datetime | None = None) -> list[str]:
    """Say which of Discord's documented limits a request breaks that its description does not state."""
    sent = _mapping(body)
    match method, *path.strip("/").split("/"):
        case ["POST", "channels", _, "messages"] | ["POST", "webhooks", _, _]:
            found = _message(sent, "body", new=True)
        case ["PATCH", "channels", _, "messages", _] | ["PATCH", "webhooks", _, _, "messages", _]:
            found = _message(sent, "body", new=False)
        case ["POST", "channels", _, "threads"] if "message" in sent:
            found = _message(_mapping(sent["message"]), "body.message", new=True)
        case ["POST", "interactions", _, _, "callback"]:
            found = _callback(sent)
        case ["POST" | "PUT" | "PATCH", "applications", _, *rest] if "commands" in rest[:3]:
            found = _commands(body)
        case ["POST" | "PATCH", "guilds", _, "scheduled-events", *_]:
            found = _event(sent, now)
        case _:
            return []
    return list(found)


def _callback(body: dict[str, Any]) -> Iterable[str]:
    content = _mapping(body.get("data"))
    if body.get("type") in {4, 7}:
        return _message(content, "body.data", new=body["type"] == 4)
    return _modal(content, "body.data") if body.get("type") == 9 else []


def _message(message: dict[str, Any], where: str, *, new: bool) -> Iterator[str]:
    if len(_text(message.get("content"))) > 2000:
        yield f"{where}.content: more than 2,000 characters"
    if len(str(message.get("nonce", ""))) > 25:
        yield f"{where}.nonce: more than 25 characters"
    if _embedded(message) > 6000:
        yield f"{where}.embeds: more than 6,000 characters in all"
    if new and not _carries_something(message):
        yield f"{where}: an empty message"
    parts = list(_parts(message, where))
    yield from _layout(message, parts, where, new=new)
    yield from _custom_ids(parts)


def _carries_something(message: dict[str, Any]) -> bool:
    kinds = ("content", "components", "embeds", "attachments", "poll", "sticker_ids", "shared_client_theme")
    forwarded = _mapping(message.get("message_reference")).get("type") == 1
    return forwarded or any(message.get(kind) for kind in kinds)


def _embedded(message: dict[str, Any]) -> int:
    total = 0
    for embed in map(_mapping, _items(message.get("embeds"))):
        texts = [embed.get("title"), embed.get("description")]
        texts += [_mapping(embed.get("footer")).get("text"), _mapping(embed.get("author")).get("name")]
        for field in map(_mapping, _items(embed.get("fields"))):
            texts += [field.get("name"), field.get("value")]
        total += sum(len(_text(text)) for text in texts)
    return total


def _layout(message: dict[str, Any], parts: list["Part"], where: str, *, new: bool) -> Iterator[str]:
    flags = message.get("flags") or 0
    if len(parts) > 40:
        yield f"{where}.components: {len(parts)} parts, more than 40"
    if sum(len(_text(part.fields.get("content"))) for part in parts if part.kind == 10) > 4000:
        yield f"{where}.components: more than 4,000 characters of text in all"
    if flags & 1 << 15:
        for old in ("content", "embeds", "poll", "sticker_ids"):
            if message.get(old):
                yield f"{where}.{old}: not beside components v2"
    elif new and any(part.kind in {9, 10, 11, 12, 13, 14, 17} for part in parts):
        yield f"{where}.flags: components v2 without their flag"


def _custom_ids(parts: list["Part"]) -> Iterator[str]:
    seen: set[str] = set()
    for part in parts:
        custom_id = _text(part.fields.get("custom_id"))
        if len(custom_id) > 100:
            yield f"{part.where}.custom_id: more than 100 characters"
        if custom_id and custom_id in seen:
            yield f"{part.where}.custom_id: {custom_id!r} stands there twice"
        seen.add(custom_id)
        if part.kind == 2:
            needed = {5: "url", 6: "sku_id"}.get(part.fields.get("style", 0), "custom_id")
            if not part.fields.get(needed):
                yield f"{part.where}: a button without {needed}"


def _modal(modal: dict[str, Any], where: str) -> Iterator[str]:
    count = len(_items(modal.get("components")))
    if not 1 <= count <= 5:
        yield f"{where}.components: {count} parts in a form, which takes 1 to 5"
    if len(_text(modal.get("title"))) > 45:
        yield f"{where}.title: more than 45 characters"
    if len(_text(modal.get("custom_id"))) > 100:
        yield f"{where}.custom_id: more than 100 characters"
    for part in (parts := list(_parts(modal, where))):
        if part.kind in {4, 18} and len(_text(part.fields.get("label"))) > 45:
            yield f"{part.where}.label: more than 45 characters"
    yield from _custom_ids(parts)


def _commands(body: Any) -> Iterator[str]:
    listed = isinstance(body, list)
    for index, command in enumerate(map(_mapping, _items(body) if listed else [body])):
        where = f"body[{index}]" if listed else "body"
        if (command.get("type") or 1) == 1:  # menus on messages and members may have capitals and spaces
            yield from _command(command, where)


def _command(command: dict[str, Any], where: str) -> Iterator[str]:
    names = {"name": command.get("name")}
    for locale, name in _mapping(command.get("name_localizations")).items():
        names[f"name_localizations.{locale}"] = name
    for place, name in names.items():
        # https://docs.discord.com/developers/interactions/application-commands (naming); Thai and Devanagari
        # vowel signs are no letters to Python.
        fits = re.fullmatch(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}", _text(name))
        if name is not None and not (fits and name == name.lower()):
            yield f"{where}.{place}: {name!r} is not a lower-case name of 1 to 32 letters"
    optional = False
    for index, option in enumerate(map(_mapping, _items(command.get("options")))):
        place = f"{where}.options[{index}]"
        if option.get("required") and optional:
            yield f"{place}: a required option after an optional one"
        optional = optional or not option.get("required")
        yield from _command(option, place)


def _event(event: dict[str, Any], now: datetime | None) -> Iterator[str]:
    try:
        starts = datetime.fromisoformat(_text(event.get("scheduled_start_time")))
    except ValueError:  # absent, or the description's business
        return
    if now is not None and starts.tzinfo is not None and starts <= now:
        yield f"body.scheduled_start_time: {starts.isoformat()} is in the past"


class Part(NamedTuple):
    """A component, its type and where it stands in the body."""

    where: str
    kind: int
    fields: dict[str, Any]


def _parts(parent: dict[str, Any], where: str) -> Iterator[Part]:
    children = [(f"components[{i}]", c) for i, c in enumerate(_items(parent.get("components")))]
    children += [(name, parent[name]) for name in ("component", "accessory") if parent.get(name)]
    for name, child in children:
        fields = _mapping(child)
        yield Part(f"{where}.{name}", fields.get("type", 0), fields)
        yield from _parts(fields, f"{where}.{name}")


@cache
def _load(path: str) -> Official:
    return Official(json.loads(Path(path).read_text(encoding="utf-8")))


def _relaxed(schema: Any, name: str = "") -> Any:
    """Copy a description, references made absolute; permission bitfields may also be strings."""
    if isinstance(schema, list):
        return [_relaxed(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return f"{_DOCUMENT}{schema}" if name == "$ref" else schema
    fields = cast("dict[str, Any]", schema)
    copied = {key: _relaxed(value, key) for key, value in fields.items()}
    kinds = _items(fields.get("type")) or [fields.get("type")]
    if name in _BITFIELDS and "integer" in kinds:
        copied.update(type=[*kinds, "string"], pattern=r"^[0-9]+$")
    return copied


def _described_problems(validator: jsonschema_rs.Validator, value: Any, where: str) -> list[str]:
    if validator.is_valid(value):
        return []
    leaves = [leaf for error in validator.iter_errors(value) for leaf in _leaves(error)]
    return [f"{where}{_place(leaf.instance_path)}: {_short(leaf.message)}" for leaf in leaves]


def _leaves(error: jsonschema_rs.ValidationError) -> list[jsonschema_rs.ValidationError]:
    """Of a choice nothing fitted, follow the alternative that was meant: the one of the same type."""
    alternatives: list[list[jsonschema_rs.ValidationError]] = getattr(error.kind, "context", [])
    here = error.instance_path
    meant = [
        alternative
        for alternative in alternatives
        if not any(e.instance_path == [*here, "type"] for e in alternative)
        and not any(e.instance_path == here and e.kind.name == "type" for e in alternative)
    ]
    if not meant:
        return [error]
    return [leaf for nested in min(meant, key=len) for leaf in _leaves(nested)]


def _place(path: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _short(message: str) -> str:
    return message if len(message) < 200 else f"{message[:60]} … {message[-120:]}"


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
