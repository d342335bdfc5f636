"""Forms as a client fills them in and sends them, and the choices in a message's selects."""

from collections.abc import Iterable, Mapping
from typing import cast

from tests.loopback import payloads
from tests.loopback.people import JSON, Channel, Guild, Member, Role

CHECKBOX_GROUP = 22
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
PICKERS = (USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)


def filled_in(form: JSON, values: Mapping[str, object]) -> list[JSON]:
    """Return the parts of ``form`` as a client submits them, with ``values`` by custom_id.

    What is not in ``values`` keeps what it was pre-filled with. Raises KeyError for a value with no part, ValueError
    for one the client would not send: of no option, too few or too many, missing, too short or too long.
    """
    parts = payloads.numbered(form["components"])
    unknown = set(values) - {part["custom_id"] for part in payloads.walk(parts) if "custom_id" in part}
    if unknown:
        raise KeyError(*unknown)
    return [_part(part, values) for part in parts]


def chosen_in(select: JSON, values: Iterable[object]) -> list[str]:
    """Return what a client sends when ``values`` are picked in a message's select. Raises ValueError, as above."""
    return _counted(select, _offered(select, ids(values)), least=1)


def picked_in(parts: Iterable[JSON], guild: Guild | None) -> list[object]:
    """Return the members, roles and channels whose ids were picked in submitted parts."""
    if guild is None:
        return []
    known: dict[str, object] = {str(each): one for each, one in guild.channels.items()}
    known |= {str(each): one for each, one in guild.roles.items()}
    known |= {str(each): one for each, one in guild.members.items()}
    chosen = [each for part in payloads.walk(parts) if part["type"] in PICKERS for each in part["values"]]
    return [known[each] for each in chosen if each in known]


def ids(given: object) -> list[str]:
    """Return what was picked as Discord names it: people, channels and roles by their ids."""
    several = isinstance(given, Iterable) and not isinstance(given, str)
    each = cast("Iterable[object]", given if several else [given])
    return [str(one.id) if isinstance(one, Member | Channel | Role) else str(one) for one in each]


def _part(part: JSON, values: Mapping[str, object]) -> JSON:
    kept: JSON = {"type": part["type"], "id": part["id"]}
    if "component" in part:
        return kept | {"component": _part(part["component"], values)}
    if "components" in part:
        return kept | {"components": [_part(each, values) for each in part["components"]]}
    if "custom_id" not in part:
        return kept
    kept["custom_id"] = part["custom_id"]
    given = values.get(part["custom_id"])
    match part["type"]:
        case 4:  # text
            return kept | {"value": _written(part, part.get("value") or "" if given is None else str(given))}
        case 23:  # a checkbox
            return kept | {"value": bool(part.get("default")) if given is None else given}
        case 21:  # a radio group
            picked = _counted(part, _offered(part, _beforehand(part) if given is None else ids(given)), most=1)
            return kept | {"value": next(iter(picked), None)}
        case _:
            picked = _beforehand(part) if given is None else ids(given)
            return kept | {"values": _counted(part, _offered(part, picked))}


def _beforehand(part: JSON) -> list[str]:
    if part["type"] in PICKERS:
        defaults: list[JSON] = part.get("default_values") or []
        return [str(each["id"]) for each in defaults]
    options: list[JSON] = part["options"]
    return [each["value"] for each in options if each.get("default")]


def _offered(part: JSON, picked: list[str]) -> list[str]:
    if part["type"] not in PICKERS:
        options: list[JSON] = part["options"]
        missing = set(picked) - {str(each["value"]) for each in options}
        if missing:
            raise ValueError(f"{part['custom_id']} offers no {', '.join(sorted(missing))}")
    return picked


def _counted(part: JSON, picked: list[str], *, least: int | None = None, most: int | None = None) -> list[str]:
    """Hold a choice to its numbers. Source: Discord's documentation, "Components", min_values, max_values, required."""
    required = part.get("required", True)
    whole = len(part.get("options", [])) if part["type"] == CHECKBOX_GROUP else 1
    fewest = part["min_values"] if part.get("min_values") is not None else (least or 1 if required else 0)
    if not required and not picked:
        return picked
    highest = most or part.get("max_values") or whole
    if not fewest <= len(picked) <= highest or len(set(picked)) != len(picked):
        raise ValueError(f"{part['custom_id']} takes {fewest} to {highest}, not {len(picked)}")
    return picked


def _written(part: JSON, words: str) -> str:
    required = part.get("required", True)
    least = max(part.get("min_length") or 0, 1 if required else 0)
    most = part.get("max_length") or 4000
    if (words or required) and not least <= len(words) <= most:
        raise ValueError(f"{part['custom_id']} takes {least} to {most} characters, not {len(words)}")
    return words
