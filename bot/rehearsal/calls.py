"""Three calls: one that is handed back, one that stays silent until its keeper looks, one without a name."""

from datetime import date

from simcord import InteractionResult

from bot.rehearsal import circles, summaries
from bot.rehearsal.stage import Stage


async def offers(stage: Stage) -> None:
    """Lieve and Keiko say what others may ask them for, as Rosa has."""
    await stage.until(date(2026, 3, 22), "21:40", "Asia/Tokyo")
    await stage.types("Keiko", "me", zone="Asia/Tokyo", offer="wet and slow doughs")
    await stage.until(date(2026, 3, 22), "18:00")
    words = "Tell Kith in /me what we may ask you for. I began. Small is fine; nobody is asked more than they like."
    await stage.types("Lieve", "me", offer="planning a bake day")
    await stage.says("Lieve", stage.kitchen, words)


async def broa_is_called(stage: Stage, answer: InteractionResult) -> None:
    """Tomás ticked that he needs something; Keiko is with him."""
    form = await stage.presses("Tomás", answer, "call:need", how=", on his phone, presses")
    words = "Broa, third try: good crust, inside like wet sand. Who knows maize and would look at a slice with me?"
    preview = await stage.fills_in("Tomás", form, words=words, help=["think along", "show me"], audience="everyone")
    await stage.presses("Tomás", preview, "call:send", how=", on his phone, presses")
    await stage.until(date(2026, 3, 23), "13:10")
    await stage.presses("Keiko", stage.card("call:with"), "call:with")
    words = "I have never met maize, but I know wet. Cut one tomorrow and show me."
    await stage.says("Keiko", stage.call_thread, words)


async def broa_is_still_sand(stage: Stage) -> None:
    """Amina's advice in the round's thread was not all of it."""
    await stage.until(date(2026, 3, 25), "08:30")
    words = "Amina's trick, and still sand. I cut it hot. I could not wait."
    await stage.says("Tomás", stage.call_thread, words)


async def broa_is_handed_back(stage: Stage) -> None:
    """Keiko has no time left; Rosa, who slept when the call came, is asked."""
    await stage.until(date(2026, 3, 26), "07:30", "Asia/Tokyo")
    await stage.presses("Keiko", stage.card("response:hand_back"), "response:hand_back")
    await stage.until(date(2026, 3, 25), "17:40", "America/Mexico_City")
    await stage.presses("Rosa", stage.card("call:with"), "call:with")
    words = "Then it is the knife and not the dough. Bread with maize wants a night's sleep before you cut it."
    await stage.says("Rosa", stage.call_thread, words)


async def broa_is_answered(stage: Stage) -> None:
    """It holds; and Tomás can be asked for something himself."""
    await stage.until(date(2026, 3, 26), "22:20")
    card = stage.card("call:with")
    words = "I left it alone all day, which was the hardest part. It holds. It is bread."
    await stage.says("Tomás", stage.call_thread, words)
    await stage.presses("Tomás", card, "call:answered", how=", on his phone, presses")
    await stage.types("Tomás", "me", how=", on his phone, types", offer="listening, on the phone")


async def broa_has_helped(stage: Stage) -> None:
    """A week later Tomás is asked whether it helped."""
    await stage.until(date(2026, 4, 3), "08:20")
    await stage.presses("Tomás", stage.card("call:helped"), "call:helped", how=", on his phone, presses")


async def keepers(stage: Stage) -> None:
    """Lieve adds the keeper's rhythm, and Sami takes turns."""
    await stage.until(date(2026, 4, 3), "18:00")
    await stage.types("Lieve", "rhythm add", weekday=0, what="keeper")
    words = (
        "New: one of us keeps the calls, a week at a time. Not to solve them, only to see that nobody is left "
        "alone with one. /me, *Take turns*."
    )
    await stage.says("Lieve", stage.kitchen, words)
    await stage.until(date(2026, 4, 3), "21:15")
    panel = await stage.types("Sami", "me")
    await stage.presses("Sami", panel, "member:keep")


async def forty_is_called(stage: Stage) -> None:
    """Amina calls in Easter week, and nobody comes."""
    await stage.until(date(2026, 4, 7), "09:10")
    form = await stage.types("Amina", "call")
    words = "On Saturday I bake for forty at church, and my oven takes four loaves. How do I plan a day like that?"
    preview = await stage.fills_in("Amina", form, words=words, help=["think along"], audience="everyone")
    await stage.presses("Amina", preview, "call:send")


async def forty_meets_a_person(stage: Stage) -> None:
    """Two days later the keeper thinks of someone, who comes."""
    thursday = date(2026, 4, 9)
    await stage.until(thursday, "09:10")
    await stage.until(thursday, "12:40")
    form = await stage.presses("Sami", stage.card("call:know"), "call:know")
    await stage.fills_in("Sami", form, people=["Jonas"])
    await stage.until(thursday, "19:20")
    card = stage.card("call:with")
    thread = stage.call_thread
    await stage.presses("Jonas", card, "call:with")
    words = "I cooked in a school for twelve years. Forty is a quiet Tuesday. Where do your loaves cool?"
    await stage.says("Jonas", thread, words)
    await stage.until(thursday, "19:35")
    await stage.says("Amina", thread, "On my sister's bed.")
    await stage.says("Jonas", thread, "Then the bed is your timetable. Eight fit? We begin with those that keep.")
    await stage.until(thursday, "20:10")
    await stage.says("Sami", thread, "There he is.")

    saturday = date(2026, 4, 11)
    await stage.until(saturday, "19:50")
    await stage.presses("Jonas", stage.card("response:done"), "response:done")
    await stage.until(saturday, "20:30")
    await stage.says("Amina", thread, "Forty fed, two loaves over, and my sister has her bed back.")
    await stage.presses("Amina", stage.card("call:answered"), "call:answered")


async def forty_has_helped(stage: Stage) -> None:
    """A week later Amina leaves a line for whoever comes by."""
    await stage.until(date(2026, 4, 19), "18:00")
    answer = await stage.presses("Amina", stage.card("call:helped"), "call:helped")
    form = await stage.presses("Amina", answer, "call:add_line")
    await stage.fills_in("Amina", form, words="Count the places to cool before you count the loaves.")


async def jonas_keeps(stage: Stage) -> None:
    """He was thought of once; now he looks after calls."""
    await stage.until(date(2026, 4, 21), "18:40")
    await stage.presses("Jonas", stage.card("keeper:count_in"), "keeper:count_in")


async def nameless(stage: Stage) -> None:
    """Bridie asks without her name, speaks through Kith, and is forgotten as the one who asked."""
    await stage.until(date(2026, 4, 29), "21:40")
    form = await stage.types("Bridie", "call")
    words = (
        "My oven has been cold since March. When a house smells of bread I go for a walk. No advice, please. "
        "How was it for you, when it stopped?"
    )
    preview = await stage.fills_in(
        "Bridie", form, words=words, help=["listen"], urgency="no hurry", audience="nameless"
    )
    await stage.presses("Bridie", preview, "call:send")
    await circles.amina_turns_away(stage)
    await stage.until(date(2026, 4, 30), "08:25")
    card = stage.card("call:with")
    thread = stage.call_thread
    await stage.presses("Tomás", card, "call:with", how=", on his phone, presses")
    words = "After my divorce the oven was a cupboard for pans. I bought bread. It was fine bread."
    await stage.says("Tomás", thread, words)
    await summaries.kept_out(stage)
    await circles.amina_turns_back(stage)
    await stage.until(date(2026, 4, 30), "21:15")
    form = await stage.presses("Bridie", stage.card("call:relay"), "call:relay")
    await stage.fills_in("Bridie", form, words="Thank you. Was there a first loaf again?")
    await stage.until(date(2026, 5, 1), "08:10")
    await stage.says("Tomás", thread, "A bad one. I ate it standing up, and the next day I wanted another.")
    await summaries.refused(stage)
    await stage.until(date(2026, 5, 1), "22:00")
    panel = await stage.types("Bridie", "call", open="mine")
    await stage.presses("Bridie", panel, "call:answered")
    stage.transcript.tell("Nobody learned who asked, and now Kith doesn't know either.")
