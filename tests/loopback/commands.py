"""What Discord sends when someone uses a command the bot has registered."""

from collections.abc import Mapping
from typing import Any

from tests.loopback import payloads
from tests.loopback.people import JSON, Channel, Member, Role

SUBCOMMANDS = (1, 2)


def command_data(
    registered: Mapping[int | None, list[JSON]],
    guild: int | None,
    name: str,
    options: Mapping[str, object],
    focused: str | None,
    *,
    kind: int = 1,
) -> JSON:
    """Return an interaction's ``data`` for command ``name``. Raises LookupError: nothing of that name."""
    known = [*registered.get(guild, []), *registered.get(None, [])]
    words = name.split() if kind == 1 else [name]
    command = _named(known, words[0], kind)
    data: JSON = {"id": command["id"], "name": command["name"], "type": kind}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    inner = data
    for word in words[1:]:
        command = _named(command.get("options", []), word, *SUBCOMMANDS)
        inner["options"] = [{"type": command["type"], "name": command["name"]}]
        inner = inner["options"][0]
    if any(each["type"] in SUBCOMMANDS for each in command.get("options", [])):
        raise LookupError(f"{name} is only the first word of a command")
    inner["options"] = [_option(command, each, value, focused) for each, value in options.items()]
    data["resolved"] = payloads.resolved(options.values())
    return data


def _named(all_of: list[JSON], name: str, *kinds: int) -> JSON:
    for each in all_of:
        if each["name"] == name and each.get("type", 1) in kinds:
            return each
    raise LookupError(f"nothing registered is called {name}")


def _option(command: JSON, name: str, value: object, focused: str | None) -> JSON:
    kind = next((each["type"] for each in command.get("options", []) if each["name"] == name), None)
    if kind is None:
        raise LookupError(f"{command['name']} has no option {name}")
    plain: Any = str(value.id) if isinstance(value, Member | Channel | Role) else value
    option: JSON = {"type": kind, "name": name, "value": plain}
    return option | {"focused": True} if name == focused else option
