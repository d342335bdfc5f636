"""A thread about starters that sleep is gathered twice; a call's thread is kept out of summaries."""

from datetime import date

from simcord import ChannelHandle
from simcord.enums import MessageType

from bot.rehearsal.stage import Stage, prefilled

STARTERS = "Starters asleep"


def begin_thread(stage: Stage, who: str, name: str) -> ChannelHandle:
    """Let someone begin a thread at what they wrote last at the kitchen table, as Discord does it."""
    first, member = stage.post_by(stage.kitchen, who), stage.people[who]
    made = stage.env.backend.create_thread(stage.kitchen.id, name, member.id, message_id=first.id)
    thread = ChannelHandle(stage.env, stage.guild, made)
    stage.guild.create_system_message(
        thread, MessageType.THREAD_STARTER_MESSAGE, author=member, referenced_message=first
    )
    stage.transcript.tell(f"{who} makes a thread of it: “{name}”.")
    return thread


async def welcome(stage: Stage, thread: ChannelHandle, whose: str, *people: str) -> None:
    """Let people put a heart to what someone wrote last."""
    post = stage.post_by(thread, whose)
    for who in people:
        await stage.people[who].react(post, "❤️")
    stage.transcript.tell(f"{', '.join(people[:-1])} and {people[-1]} put a heart to it.")


async def starters_asleep(stage: Stage) -> None:
    """Rosa asks, and for two days most of them answer, or ask something else."""
    await stage.until(date(2026, 3, 31), "07:10", "America/Mexico_City")
    words = "I feed my starter every day and bake twice a month. How do you keep yours in the weeks without bread?"
    await stage.says("Rosa", stage.kitchen, words)
    thread = begin_thread(stage, "Rosa", STARTERS)
    await stage.until(date(2026, 3, 31), "17:20")
    await stage.says("Lieve", thread, "Fed, stiff, half the water, in the fridge. Mine slept three weeks like that.")
    await stage.until(date(2026, 3, 31), "21:05")
    await stage.says("Bridie", thread, "Mine goes grey on top after one. Is grey dead?")
    await stage.until(date(2026, 3, 31), "21:30")
    words = "Grey water is only hunger. Pour it off and feed. Pink or furry is when you say goodbye."
    await stage.says("Amina", thread, words, answering="Bridie")
    await welcome(stage, thread, "Amina", "Bridie", "Rosa", "Lieve")

    await stage.until(date(2026, 4, 1), "20:10", "Asia/Tokyo")
    words = "Our kitchen is warm. Two grams of salt to a hundred of flour, and mine sleeps deeper."
    await stage.says("Keiko", thread, words)
    await stage.until(date(2026, 4, 1), "18:15")
    words = "I drew the feeding for my mother, four pictures: https://thelongrise.example/feeding"
    await stage.says("Tomás", thread, words)
    await welcome(stage, thread, "Tomás", "Keiko", "Amina")
    await stage.until(date(2026, 4, 1), "22:50")
    await stage.says("Sami", thread, "Mine lives on a hospital window sill now. The nurses call it Pekka.")
    await stage.until(date(2026, 4, 1), "23:00")
    await leaves_words_out(stage)


async def leaves_words_out(stage: Stage) -> None:
    """Sami wants to have told them, and no more than that."""
    panel = await stage.types("Sami", "me")
    await stage.presses("Sami", panel, "member:leave_out")


async def who_will_do_what(stage: Stage) -> None:
    """The thread comes to an end for now, with one question open, and Lieve gathers it."""
    thread = stage.newest_thread(f"“{STARTERS}”")
    await stage.until(date(2026, 4, 2), "09:05")
    words = "I'll dry some of mine at Easter and post a bag to whoever would like one."
    await stage.says("Lieve", thread, words)
    await stage.until(date(2026, 4, 2), "12:30")
    await stage.says("Bridie", thread, "Leave it with me to put all this on one page, for every fridge door.")
    await stage.until(date(2026, 4, 2), "07:05", "America/Mexico_City")
    words = "Thank you. Stiff, salted, in the fridge since Tuesday, and I slept until seven."
    await stage.says("Rosa", thread, words, answering="Lieve")
    await welcome(stage, thread, "Rosa", "Keiko", "Lieve", "Amina")
    await stage.says("Rosa", thread, "Has anyone ever sent one across a border?")

    await stage.until(date(2026, 4, 2), "18:40")
    draft = await stage.types("Lieve", "summary", where=thread)
    form = await stage.presses("Lieve", draft, "summary:edit")
    asked, lines = next(each for each in prefilled(form.modal or {}).items() if "grey" in each[1])
    await stage.fills_in("Lieve", form, **{asked: lines.replace("dead?” [2]", "dead?” No, only hungry. [2, 3]")})
    await stage.presses("Lieve", draft, "summary:publish")


async def what_is_new(stage: Stage) -> None:
    """A question finds its answer, and Bridie, who writes the page, gathers what was added."""
    thread = stage.newest_thread(f"“{STARTERS}”")
    await stage.until(date(2026, 4, 3), "21:30")
    words = "Mine went from Porto to Paris in a letter, flat between two sheets. It arrived alive."
    await stage.says("Tomás", thread, words, answering="Rosa")
    await welcome(stage, thread, "Tomás", "Rosa", "Bridie")
    await stage.until(date(2026, 4, 3), "23:05")
    await stage.says("Jonas", thread, "May I have a bag, Lieve? One that asks for nothing is right for now.")
    await stage.until(date(2026, 4, 6), "09:20")
    await stage.says("Lieve", thread, "You get the first one. I'll post it on Tuesday.", answering="Jonas")
    await stage.until(date(2026, 4, 6), "10:00")
    draft = await stage.types("Bridie", "summary", where=thread)
    await stage.presses("Bridie", draft, "summary:publish")
    await stage.until(date(2026, 4, 6), "18:30", "Asia/Tokyo")
    await stage.types("Keiko", "summary", what="past")


async def kept_out(stage: Stage) -> None:
    """Tomás has said something in a call's thread that is for this thread."""
    await stage.types("Tomás", "summary", how=", on his phone, types", where=stage.call_thread, what="confidential")


async def refused(stage: Stage) -> None:
    """Nobody has a summary of it, nor does a host."""
    await stage.until(date(2026, 5, 1), "20:15")
    await stage.types("Lieve", "summary", where=stage.call_thread)
