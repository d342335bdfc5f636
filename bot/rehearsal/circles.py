"""Two learning circles: one live, which Lieve and Amina carry; one in writing, which Amina hosts because of it."""

import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from bot.app import App
from bot.database import transaction
from bot.deck import prompts_folder
from bot.rehearsal.stage import Stage
from bot.rehearsal.transcript import CIRCLE_THREAD, GROUP_THREAD
from bot.store.circles import Circle, CircleState
from bot.store.rhythms import Way


class Draw:
    """Sees to it that a circle is about what people say in it: every other theme counts as used for a while."""

    def __init__(self, app: App) -> None:
        self.database = app.database

    @transaction
    def use_up(self, session: Session, community_id: int, but: str, now: datetime) -> None:
        """Let every theme but one have been used yesterday."""
        for theme_id in _themes() - {but}:
            session.add(
                Circle(
                    community_id=community_id,
                    theme_id=theme_id,
                    title=theme_id,
                    format_id="check-in-circle",
                    way=Way.WRITTEN,
                    starts_at=now - timedelta(days=1),
                    state=CircleState.CLOSED,
                )
            )

    @transaction
    def give_back(self, session: Session, community_id: int) -> None:
        """Take those away that never were."""
        never_announced = (Circle.community_id == community_id, col(Circle.channel_id).is_(None))
        for each in session.exec(select(Circle).where(*never_announced)).all():
            session.delete(each)


def _themes() -> set[str]:
    themes = tomllib.loads((prompts_folder() / "en" / "circles" / "themes.toml").read_text(encoding="utf-8"))
    return {each["id"] for each in themes["themes"]}


@asynccontextmanager
async def theme(stage: Stage, theme_id: str) -> AsyncGenerator[None]:
    """Let the circle that is announced now have this theme."""
    draw = Draw(stage.app)
    await draw.use_up(stage.guild.id, theme_id, stage.env.now())
    yield
    await draw.give_back(stage.guild.id)


async def come_round(stage: Stage) -> None:
    """Lieve lets circles come round, and Amina would like to host one."""
    await stage.until(date(2026, 4, 12), "17:00")
    await stage.types("Lieve", "rhythm add", weekday=2, time="19:30", turn="4", what="circle", place=stage.hearth)
    words = "Once a month, an hour by the hearth with the microphones on. Whoever would like to host: /me."
    await stage.says("Lieve", stage.kitchen, words)
    await stage.until(date(2026, 4, 12), "18:10")
    panel = await stage.types("Amina", "me")
    await stage.picks("Amina", panel, "member:hosting", "host")


async def announced(stage: Stage) -> None:
    """A week before its time the circle has a card, an event, and an invitation to host."""
    async with theme(stage, "small-mishaps"):
        await stage.until(date(2026, 4, 15), "19:30")
    tell_event(stage)


def tell_event(stage: Stage) -> None:
    """Tell how Discord's own event stands."""
    event = max(stage.guild_events(), key=lambda each: each.id)
    standing = {1: "to come", 2: "under way", 3: "over", 4: "cancelled"}[event.status]
    place = stage.names.channel(event.channel_id or 0)
    stage.transcript.tell(f"Among the server's events, in {place}: {event.name}, {standing}.")


async def who_carries(stage: Stage) -> None:
    """Amina takes the invitation, Lieve the hosting, and people come."""
    await stage.until(date(2026, 4, 16), "08:05")
    await stage.presses("Amina", stage.card("circle:decline"), "circle:take_cohost")
    await stage.until(date(2026, 4, 16), "12:30")
    await stage.presses("Lieve", stage.card("circle:come"), "circle:host")


async def bridie_comes(stage: Stage) -> None:
    """Bridie says that she comes."""
    await stage.until(date(2026, 4, 18), "11:00")
    await stage.presses("Bridie", stage.card("circle:come"), "circle:come")
    await stage.until(date(2026, 4, 18), "14:00")
    await stage.presses("Jonas", stage.card("circle:come"), "circle:come")


async def by_the_hearth(stage: Stage) -> None:
    """The live circle, from Begin to its harvest."""
    evening = date(2026, 4, 22)
    await stage.until(evening, "19:32")
    await stage.presses("Lieve", stage.card("circle:begin"), "circle:begin")
    tell_event(stage)
    await stage.until(evening, "19:34")
    await stage.presses("Lieve", stage.card("step:next"), "step:next")
    stage.transcript.tell("They speak. Kith doesn't listen.")
    await stage.until(evening, "19:46")
    await stage.presses("Bridie", stage.card("circle:bell"), "circle:bell")
    await stage.until(evening, "19:50")
    await stage.presses("Lieve", stage.card("step:next"), "step:next")
    await stage.until(evening, "19:51")
    await stage.presses("Lieve", stage.card("step:next"), "step:next")
    await stage.until(evening, "20:03")
    await stage.presses("Amina", stage.card("step:next"), "step:next")
    await stage.until(evening, "20:10")
    asked = await stage.presses("Lieve", stage.card("circle:close"), "circle:close")
    await stage.presses("Lieve", asked, "circle:really_close")
    tell_event(stage)
    await stage.until(evening, "20:20")
    form = await stage.presses("Lieve", stage.card("circle:harvest"), "circle:harvest")
    lines = "A flat loaf is toast.\nNobody here throws bread away.\nThe second try wants company, not advice."
    await stage.fills_in("Lieve", form, lines=lines)


async def in_threes(stage: Stage) -> None:
    """Amina, who has carried one, proposes a circle in writing for those who sleep when Ghent meets."""
    await stage.until(date(2026, 4, 23), "18:20")
    panel = await stage.types("Amina", "circle")
    form = await stage.presses("Amina", panel, "circle:propose")
    await stage.fills_in(
        "Amina", form, title="Asking, in threes", when="2026-04-26 18:00", format=["troika-consulting"]
    )
    await stage.until(date(2026, 4, 24), "07:15")
    await stage.presses("Keiko", stage.card("circle:come"), "circle:come")
    await stage.until(date(2026, 4, 24), "16:40")
    await stage.presses("Rosa", stage.card("circle:come"), "circle:come")


async def in_threes_begins(stage: Stage) -> None:
    """It begins, and goes on by itself from then on."""
    await stage.until(date(2026, 4, 26), "18:05")
    await stage.presses("Amina", stage.card("circle:begin"), "circle:begin")


async def amina_asks(stage: Stage) -> None:
    """The first turn is Amina's."""
    await stage.until(date(2026, 4, 27), "19:10")
    thread = stage.newest_thread(GROUP_THREAD)
    words = "My neighbours pay their bread in eggs, and I stopped counting. How do I ask for money and keep the eggs?"
    await stage.says("Amina", thread, words)
    await stage.until(date(2026, 4, 28), "18:40")
    await stage.says("Rosa", thread, "How many eggs is a loaf?")
    await stage.until(date(2026, 4, 28), "19:00")
    await stage.says("Amina", thread, "It was six. Now it is whatever the hen thinks.")


async def amina_turns_away(stage: Stage) -> None:
    """The others go on without her."""
    await stage.until(date(2026, 4, 29), "23:10")
    thread = stage.newest_thread(GROUP_THREAD)
    await stage.says("Keiko", thread, "I hear no question about money. I hear somebody who wants a Sunday.")
    await stage.until(date(2026, 4, 30), "03:30")
    await stage.says("Rosa", thread, "I wrote my price on a slate and looked into the oven while they read it.")


async def amina_turns_back(stage: Stage) -> None:
    """She is let in, and the turn passes on."""
    await stage.until(date(2026, 4, 30), "19:30")
    words = "A slate, and my Sundays. I laughed so loudly that the hen answered."
    await stage.says("Amina", stage.newest_thread(GROUP_THREAD), words)


async def the_piece_goes_round(stage: Stage) -> None:
    """After everyone's turn each has the talking piece once, and it closes."""
    await stage.until(date(2026, 5, 9), "18:30")
    thread = stage.newest_thread(CIRCLE_THREAD)
    await stage.says("Amina", thread, "I think better with my mouth shut.")
    await stage.presses("Amina", stage.card("circle:spoke"), "circle:spoke")
    await stage.until(date(2026, 5, 9), "23:20")
    await stage.presses("Keiko", stage.card("circle:pass"), "circle:pass")
    await stage.until(date(2026, 5, 10), "01:10")
    await stage.says("Rosa", thread, "I asked the small question, and the big one came along.")
    await stage.presses("Rosa", stage.card("circle:spoke"), "circle:spoke")
    await stage.until(date(2026, 5, 10), "09:00")
    form = await stage.presses("Amina", stage.card("circle:harvest"), "circle:harvest")
    lines = "Say it in one sentence first.\nThose who only listen hear more.\nA slate can do the asking."
    await stage.fills_in("Amina", form, lines=lines)
