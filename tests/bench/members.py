"""What members feel: how long an answer takes, how soon Kith is there after a start; and what it takes in memory."""

import statistics
import time
from dataclasses import dataclass, field

from bot.clock import SystemClock
from bot.store.checkins import RoundState
from tests.bench.databases import Kind
from tests.bench.programs import Program, bare, kith, running
from tests.bench.report import Table, percentile
from tests.bench.seed import WEEK, add_communities, add_rounds, forget_starts, writing
from tests.loopback.people import Guild
from tests.loopback.server import Discord

WARM_UP = 10
CHANNELS = ("check-ins", *(f"channel {number}" for number in range(2, 21)))


@dataclass
class Answers:
    """Milliseconds each answer took: to ``/checkin`` (a form), and to that form sent in."""

    opened: list[float] = field(default_factory=list[float])
    kept: list[float] = field(default_factory=list[float])


async def check_ins(server: Discord, guild: Guild, count: int, share: str = "everyone") -> Answers:
    """Let ``count`` new members check in, one after another."""
    answers = Answers()
    channel = guild.channel("check-ins")
    for _number in range(count):
        member = server.add_member(guild)
        form = await server.slash("checkin", member, channel)
        kept = await server.submit(form, member, {"words": "I tried the new format and it held.", "share": share})
        assert kept.message is not None and "hank" in str(kept.message.components), kept.data
        answers.opened.append(form.seconds * 1000)
        answers.kept.append(kept.seconds * 1000)
    return answers


def add_open_round(server: Discord, guild: Guild, url: str) -> None:
    """Write down a community with an open round, whose card stands in its channel."""
    now = SystemClock().now()
    channel = guild.channel("check-ins")
    card = server.keep(channel, server.bot, {"content": "What did you try since we last met?"}, silent=True)
    with writing(url) as session:
        next_at = now.replace(second=0, microsecond=0) + WEEK
        add_communities(session, [(guild.id, channel.id)], now, next_at)
        add_rounds(session, now, weeks=0, state=RoundState.OPEN, channel_id=channel.id, first_message=card.id)


async def answering(databases: list[Kind], count: int) -> Table:
    """Measure how long members wait for an answer."""
    rows: list[tuple[str, ...]] = []
    async with Discord() as server:
        guild = server.add_guild()
        async with running(server, program := bare()):
            await check_ins(server, guild, WARM_UP)
            answers = await check_ins(server, guild, count)
        rows += [_spread(program, "/checkin opens the form", answers.opened)]
        rows += [_spread(program, "the form, answered", answers.kept)]
        for kind in databases:
            with kind.fresh() as url:
                add_open_round(server, guild, url)
                async with running(server, program := kith(url, kind.name)):
                    await check_ins(server, guild, WARM_UP, "me")
                    own = await check_ins(server, guild, count, "me")
                    everyones = await check_ins(server, guild, count)
            rows += [_spread(program, "/checkin opens the form", own.opened)]
            rows += [_spread(program, "the form, kept, answered", own.kept)]
            rows += [_spread(program, "the same while posts go out", everyones.kept)]
    note = (
        "*Kept*: the member's row is committed to disk before the answer. *While posts go out*: each form is for "
        "everyone, so the courier posts earlier ones in the thread at the same time."
    )
    return Table("From a member's doing to the answer (ms)", ("", "what", "n", "p50", "p99", "longest"), rows, note)


def _spread(program: Program, what: str, values: list[float]) -> tuple[str, ...]:
    found = (percentile(values, 0.5), percentile(values, 0.99), max(values))
    return (program.name, what, str(len(values)), *(f"{each:.1f}" for each in found))


async def starting(databases: list[Kind], times: int) -> Table:
    """Measure how long after its start a bot gives its first answer."""
    rows: list[tuple[str, ...]] = []
    async with Discord() as server:
        guild = server.add_guild()
        rows.append(await _starts(server, guild, bare(), times))
        for kind in databases:
            with kind.fresh() as url:
                add_open_round(server, guild, url)
                rows.append(await _starts(server, guild, kith(url, kind.name), times, url))
    note = "The first start, on an empty database and with commands to register, is left out."
    return Table("From the start of the process to the first answer (s)", ("", "n", "median", "longest"), rows, note)


async def _starts(
    server: Discord, guild: Guild, program: Program, times: int, url: str | None = None
) -> tuple[str, ...]:
    seconds: list[float] = []
    for _number in range(times + 1):
        if url is not None:
            forget_starts(url)
        async with running(server, program) as bot:
            await server.slash("checkin", guild.owner, guild.channel("check-ins"))
            seconds.append(time.monotonic() - bot.began)
    kept = seconds[1:]
    return program.name, str(times), f"{statistics.median(kept):.2f}", f"{max(kept):.2f}"


async def weighing(databases: list[Kind], servers: list[int], interactions: int) -> Table:
    """Measure resident memory after the start and after many interactions, with few and many servers."""
    rows: list[tuple[str, ...]] = []
    for number in servers:
        async with Discord() as server:
            guild = server.add_guild(channels=CHANNELS)
            for _further in range(number - 1):
                server.add_guild(channels=CHANNELS)
            rows.append(await _weigh(server, guild, bare(), interactions))
            for kind in databases:
                with kind.fresh() as url:
                    add_open_round(server, guild, url)
                    rows.append(await _weigh(server, guild, kith(url, kind.name), interactions))
    columns = ("", "servers", "after the start", f"after {interactions:,} interactions")
    note = f"Resident memory of the process. Each server has {len(CHANNELS)} channels and three roles."
    return Table("Memory (MB)", columns, rows, note)


async def _weigh(server: Discord, guild: Guild, program: Program, interactions: int) -> tuple[str, ...]:
    async with running(server, program) as bot:
        await server.slash("checkin", guild.owner, guild.channel("check-ins"))
        fresh = bot.memory()
        await check_ins(server, guild, interactions // 2)
        return program.name, f"{len(server.guilds):,}", f"{fresh:.0f}", f"{bot.memory():.0f}"
