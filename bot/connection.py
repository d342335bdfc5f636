"""Coming to Discord: how often, for how long, and what is said when the door stays shut."""

import asyncio
import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import aiohttp
import discord

from bot import __version__
from bot.app import App
from bot.client import KithBot

log = logging.getLogger(__name__)

STARTS_KEPT_AS = "starts"
STARTS_LOOKED_AT = timedelta(hours=1)
FREE_STARTS = 5
"""Starts in an hour, this one included, that need no wait."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
LOGIN_WITHIN = 10.0
"""Seconds a check of the token may take."""

INVALID_TOKEN = 4004
UNREACHABLE = (discord.DiscordServerError, discord.GatewayNotFound, aiohttp.ClientError, TimeoutError, OSError)


class CannotConnect(Exception):
    """Discord doesn't let Kith in; the message is a sentence to act on.

    ``lasting`` means that trying again changes nothing until somebody mends it.
    """

    def __init__(self, sentence: str, *, lasting: bool) -> None:
        super().__init__(sentence)
        self.lasting = lasting


def wait_before_connecting(starts: Sequence[datetime], now: datetime) -> timedelta:
    """Return how long to wait, given when Kith started before now: nothing, or 30 seconds doubling to 15 minutes.

    Discord allows 1,000 connections a day (IDENTIFY) and takes the token away after that; without a wait, a
    program that ends and is started again every five seconds gets there in 83 minutes.
    """
    lately = sum(now - STARTS_LOOKED_AT < start <= now for start in starts)
    if lately < FREE_STARTS:
        return timedelta(0)
    return min(FIRST_WAIT * 2 ** min(lately - FREE_STARTS, 20), LONGEST_WAIT)


async def note_start(app: App) -> timedelta:
    """Keep this start in the database; return how long to wait before connecting."""
    now = app.clock.now()
    starts = _instants(await app.communities.remembered(STARTS_KEPT_AS))
    kept = [start for start in starts if now - STARTS_LOOKED_AT < start <= now]
    await app.communities.remember(STARTS_KEPT_AS, json.dumps([each.isoformat() for each in [*kept, now]]))
    return wait_before_connecting(kept, now)


def _instants(kept: str | None) -> list[datetime]:
    return [datetime.fromisoformat(each) for each in json.loads(kept or "[]")]


async def stay_connected(bot: KithBot, token: str) -> None:
    """Log in, wait if there were many starts lately, and stay connected until cancelled.

    What is due is tended from the log-in on, since saying it needs no connection. Raises CannotConnect.
    """
    try:
        await bot.login(token)
        wait = await note_start(bot.app)
        if wait:
            log.warning(
                "Kith was started more than %s times within an hour. Discord allows 1,000 connections a day, so it "
                "waits %s seconds before this one; the lines above the earlier ends say what went wrong.",
                FREE_STARTS,
                round(wait.total_seconds()),
            )
            await asyncio.sleep(wait.total_seconds())
        welcome = asyncio.create_task(_say_connected(bot), name="welcome")
        try:
            await bot.connect()
        finally:
            welcome.cancel()
    except discord.LoginFailure:
        raise refused_token() from None
    except discord.PrivilegedIntentsRequired:
        raise CannotConnect(
            "Discord refuses an intent (code 4014). This version of Kith asks for no intent that has to be allowed, so "
            "nothing is wrong in your settings. Update Kith and start it again; if that doesn't help, tell its "
            "developers.",
            lasting=True,
        ) from None
    except discord.ConnectionClosed as error:
        if error.code == INVALID_TOKEN:
            raise refused_token() from None
        raise CannotConnect(
            f"Discord closed the connection (code {error.code}). Start Kith again.", lasting=False
        ) from error
    except UNREACHABLE as error:
        raise unreachable() from error


async def _say_connected(bot: KithBot) -> None:
    await bot.wait_until_ready()
    log.info("Kith %s is connected as %s in %s communities", __version__, bot.user, len(bot.guilds))


async def check_token(token: str) -> str:
    """Ask Discord whose token this is, and return the bot's name. Raises CannotConnect."""
    client = discord.Client(intents=discord.Intents.none())
    try:
        async with client, asyncio.timeout(LOGIN_WITHIN):
            await client.login(token)
            return str(client.user)
    except discord.LoginFailure:
        raise refused_token() from None
    except UNREACHABLE as error:
        raise unreachable() from error


def refused_token() -> CannotConnect:
    """Return what is said when the token isn't valid."""
    return CannotConnect(
        "Discord refuses DISCORD_TOKEN: it was reset, or is another application's. In the developer portal, open "
        "your application, Bot, press Reset Token and put the new one into .env; then start Kith again.",
        lasting=True,
    )


def unreachable() -> CannotConnect:
    """Return what is said when Discord doesn't answer."""
    return CannotConnect(
        "Discord can't be reached just now. See whether this machine is online and whether discordstatus.com tells "
        "of an outage; then start Kith again.",
        lasting=False,
    )


def silence_voice() -> None:
    """Keep discord.py from warning at each start that its voice libraries are missing: Kith needs none."""
    discord.VoiceClient.warn_nacl = False
    discord.VoiceClient.warn_dave = False
