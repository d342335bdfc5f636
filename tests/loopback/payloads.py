"""The shapes in which Discord writes its objects."""

from collections.abc import Iterable
from typing import cast

from tests.loopback.people import (
    DIRECT,
    JSON,
    PRIVATE_THREAD,
    Channel,
    Guild,
    Member,
    Message,
    Role,
    User,
    permissions_of,
    sees,
)


def user(person: User) -> JSON:
    """A user object."""
    return {
        "id": str(person.id),
        "username": person.name,
        "global_name": None if person.bot else person.name,
        "discriminator": "0",
        "avatar": None,
        "bot": person.bot,
        "primary_guild": None,
        "public_flags": 0,
        "flags": 0,
    }


def application(bot: User) -> JSON:
    """The application behind the bot; both share one id here."""
    return {
        "id": str(bot.id),
        "name": bot.name,
        "icon": None,
        "description": "",
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": 0,
        "owner": user(User(1, "owner")),
        "team": None,
    }


def role(one: Role) -> JSON:
    """A role object."""
    return {
        "id": str(one.id),
        "name": one.name,
        "permissions": str(one.permissions),
        "position": 0 if one.name == "@everyone" else 1,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": one.managed,
        "mentionable": one.mentionable,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
    }


def member(one: Member, channel: Channel | None = None) -> JSON:
    """A member object; with ``channel``, what they may do there."""
    answer: JSON = {
        "user": user(one.user),
        "roles": [str(each.id) for each in one.roles],
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": one.joined.isoformat(),
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }
    if channel is not None:
        answer["permissions"] = str(permissions_of(one, channel))
    return answer


def channel(one: Channel) -> JSON:
    """A channel, thread or direct conversation object."""
    last = one.messages[-1].id if one.messages else None
    answer: JSON = {
        "id": str(one.id),
        "type": one.kind,
        "last_message_id": str(last) if last else None,
        "flags": 0,
    }
    if one.kind == DIRECT:
        assert one.recipient
        return answer | {"recipients": [user(one.recipient)]}
    assert one.guild
    answer |= {"guild_id": str(one.guild.id), "name": one.name, "rate_limit_per_user": 0}
    if one.parent is not None:
        return answer | _thread(one, one.parent)
    return answer | {
        "position": 0,
        "parent_id": None,
        "topic": one.topic,
        "nsfw": False,
        "permission_overwrites": [
            {
                "id": str(target),
                "type": int(each.of_member),
                "allow": str(each.allow),
                "deny": str(each.deny),
            }
            for target, each in one.overwrites.items()
        ],
    }


def _thread(one: Channel, parent: Channel) -> JSON:
    answer: JSON = {
        "parent_id": str(parent.id),
        "owner_id": str(one.owner_id),
        "message_count": len(one.messages),
        "total_message_sent": len(one.messages),
        "member_count": len(one.people),
        "thread_metadata": {
            "archived": one.archived,
            "locked": one.locked,
            "auto_archive_duration": one.archives_after,
            "archive_timestamp": one.created.isoformat(),
            "create_timestamp": one.created.isoformat(),
        },
    }
    if one.kind == PRIVATE_THREAD:
        answer["thread_metadata"]["invitable"] = one.invitable
    return answer


def thread_member(thread: Channel, user_id: int) -> JSON:
    """Someone's place in a thread."""
    return {
        "id": str(thread.id),
        "user_id": str(user_id),
        "join_timestamp": thread.people[user_id].isoformat(),
        "flags": 0,
    }


def guild(one: Guild) -> JSON:
    """A server object as REST returns it."""
    return {
        "id": str(one.id),
        "name": one.name,
        "owner_id": str(one.owner_id),
        "icon": None,
        "splash": None,
        "banner": None,
        "description": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "preferred_locale": "en-GB",
        "system_channel_id": None,
        "system_channel_flags": 0,
        "features": [],
        "emojis": [],
        "stickers": [],
        "roles": [role(each) for each in one.roles.values()],
    }


def guild_created(one: Guild, bot: User) -> JSON:
    """A GUILD_CREATE event as a bot without the members intent gets it: only itself as a member."""
    return guild(one) | {
        "joined_at": one.created.isoformat(),
        "large": False,
        "unavailable": False,
        "member_count": len(one.members),
        "members": [member(one.members[bot.id])],
        "channels": [channel(each) for each in one.channels.values()],
        "threads": [channel(each) for each in one.threads.values() if sees(one.members[bot.id], each)],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def message(one: Message, *, worded: bool = True) -> JSON:
    """A message object; ``worded=False`` leaves out what needs the message-content intent."""
    answer: JSON = {
        "id": str(one.id),
        "channel_id": str(one.channel.id),
        "type": 0,
        "author": user(one.author),
        "content": one.content if worded else "",
        "components": one.components if worded else [],
        "embeds": one.embeds if worded else [],
        "attachments": [_file(one, name) for name in one.files] if worded else [],
        "timestamp": one.time.isoformat(),
        "edited_timestamp": one.edited.isoformat() if one.edited else None,
        "flags": one.flags,
        "tts": False,
        "pinned": False,
        "mention_everyone": False,
        "mentions": _mentioned(one),
        "mention_roles": [str(each) for each in one.pinged_roles],
    }
    if one.nonce is not None:
        answer["nonce"] = one.nonce
    if one.reference is not None:
        answer["message_reference"] = one.reference
    if one.thread is not None:
        answer["thread"] = channel(one.thread)
    if one.application_id is not None:
        answer |= {"application_id": str(one.application_id), "webhook_id": str(one.application_id)}
    return answer


def message_event(one: Message, *, worded: bool) -> JSON:
    """A message object as the gateway sends it."""
    answer = message(one, worded=worded)
    if one.channel.guild is not None:
        answer["guild_id"] = str(one.channel.guild.id)
    return answer


def _file(one: Message, name: str) -> JSON:
    url = f"https://cdn.invalid/{one.id}/{name}"
    return {"id": str(one.id), "filename": name, "size": len(one.files[name]), "url": url, "proxy_url": url}


def _mentioned(one: Message) -> list[JSON]:
    guild = one.channel.guild
    return [user(guild.members[each].user) for each in one.pinged if guild and each in guild.members]


def numbered(components: Iterable[JSON]) -> list[JSON]:
    """Return ``components`` with an ``id`` each: given ones kept, the rest counted up around them."""
    tops = list(components)
    taken = {each["id"] for each in walk(tops) if each.get("id")}
    free = (number for number in range(1, 10_000) if number not in taken)

    def number(part: JSON) -> JSON:
        own = part.get("id") or next(free)
        inner: JSON = {}
        for key in ("component", "components", "accessory"):
            if key in part:
                below = part[key]
                inner[key] = number(below) if key != "components" else [number(each) for each in below]
        return part | {"id": own} | inner

    return [number(top) for top in tops]


def walk(components: Iterable[JSON]) -> Iterable[JSON]:
    """Yield every component, each before those inside it."""
    for part in components:
        yield part
        yield from walk(cast("list[JSON]", part.get("components", [])))
        for key in ("accessory", "component"):
            if key in part:
                yield from walk([part[key]])


def resolved(picked: Iterable[object]) -> JSON:
    """What Discord tells of members, channels and roles that were picked: the whole of what their ids stand for."""
    found: JSON = {}
    for one in picked:
        if isinstance(one, Member):
            whole = member(one)
            found.setdefault("users", {})[str(one.id)] = whole.pop("user")
            partial = {key: value for key, value in whole.items() if key not in ("deaf", "mute")}
            found.setdefault("members", {})[str(one.id)] = partial | {"permissions": "0"}
        elif isinstance(one, Channel):
            found.setdefault("channels", {})[str(one.id)] = channel(one) | {"permissions": "0"}
        elif isinstance(one, Role):
            found.setdefault("roles", {})[str(one.id)] = role(one)
    return found
