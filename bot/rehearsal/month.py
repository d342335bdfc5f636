"""What happens: a community begins, answers, rests, grows quiet, and finds a rhythm that fits."""

from datetime import date

from simcord import InteractionResult

from bot.rehearsal import calls, circles, summaries
from bot.rehearsal.stage import FIRST_DAY, Stage


async def play(stage: Stage) -> None:
    """Play the weeks from the set-up to a round that is open at the end. Raises Astray."""
    await begin(stage)
    await first_round(stage)
    await late_and_skipped(stage)
    await easter(stage)
    await quiet(stage)
    await again(stage)


async def begin(stage: Stage) -> None:
    """Lieve sets Kith up; Keiko doesn't wait for Monday."""
    await stage.until(FIRST_DAY, "19:30")
    panel = await stage.types("Lieve", "setup start", zone="Europe/Brussels")
    await stage.presses("Lieve", panel, "setup:make")
    await stage.picks("Lieve", panel, "setup:hosts", stage.hosts)
    form = await stage.presses("Lieve", panel, "setup:ask_purpose")
    await stage.fills_in("Lieve", form, purpose="That nobody who learned to bake with us bakes alone.")
    await stage.question("work-workbench")
    preview = await stage.presses("Lieve", panel, "setup:preview")
    await stage.presses("Lieve", preview, "setup:begin")
    await stage.says(
        "Lieve", stage.kitchen, "Kith is set up. First question on Monday. One line is plenty, and so is passing."
    )

    await stage.until(date(2026, 3, 20), "07:40")
    panel = await stage.types("Rosa", "me", zone="America/Mexico_City", offer="anything with maize")
    await stage.presses("Rosa", panel, "member:remind")

    await stage.until(date(2026, 3, 22), "21:30", "Asia/Tokyo")
    form = await stage.types("Keiko", "checkin")
    words = (
        "On Mondays I sleep when you wake, so I write now: there is a miso loaf in my fridge and I dare not open it."
    )
    await stage.fills_in("Keiko", form, words=words, arriving=["curious"])
    await calls.offers(stage)


async def first_round(stage: Stage) -> None:
    """The first check-in, from its card to its weaving."""
    monday = date(2026, 3, 23)
    await stage.until(monday, "09:12")
    await stage.checks_in(
        "Amina", "Forty mandazi for my sister's wedding, and a starter that thinks it is on holiday.", arriving=["glad"]
    )
    await stage.until(monday, "12:47")
    words = "Broa, third try. Good crust, inside like wet sand. Typing this with floury thumbs."
    answer = await stage.checks_in("Tomás", words, how=", on his phone, presses", need=True)
    await calls.broa_is_called(stage, answer)
    await stage.until(monday, "13:30")
    await stage.presses("Bridie", stage.card(), "round:pass")
    await stage.until(monday, "18:05")
    await stage.checks_in(
        "Jonas",
        "Ich backe gerade nur, um nicht zu reden. Sagt es bitte nicht weiter.",
        share="hosts",
        arriving=["tired"],
    )
    stage.transcript.tell("(“I only bake just now so as not to talk. Please keep it to yourselves.”)")
    await stage.until(monday, "22:20")
    await stage.checks_in("Sami", "Nothing. Dad is in hospital. I wanted to have written that somewhere.", share="me")

    await stage.until(date(2026, 3, 24), "08:15")
    answer = await stage.checks_in("Lieve", "Speculaas that were meant for Decembre.", arriving=["rested"])
    form = await stage.presses("Lieve", answer, "round:open")
    await stage.fills_in("Lieve", form, words="Two tins of speculaas that were meant for December.")
    await stage.until(date(2026, 3, 24), "10:02")
    advice = "Scald half the maize with boiling water and let it go quite cold before it meets the rest."
    await stage.says("Amina", stage.thread, advice, answering="Tomás")
    await stage.until(date(2026, 3, 24), "10:20")
    await stage.says("Tomás", stage.thread, "Cold! I was in a hurry there. Tonight, then.", answering="Amina")

    await calls.broa_is_still_sand(stage)
    await stage.until(date(2026, 3, 25), "21:50")
    answer = await stage.checks_in("Bridie", "I burnt the soda bread and cried, and it was not about the bread.")
    await stage.until(date(2026, 3, 25), "22:15")
    await stage.presses("Bridie", answer, "checkin:back")
    await calls.broa_is_handed_back(stage)

    await calls.broa_is_answered(stage)
    await stage.until(date(2026, 3, 26), "22:30")
    panel = await stage.types("Tomás", "rhythm list", how=", on his phone, types")
    await stage.presses("Tomás", panel, "rhythm:shared", how=", on his phone, presses")


async def late_and_skipped(stage: Stage) -> None:
    """The round is woven; late words join; the bake day takes the place of a check-in."""
    await stage.until(date(2026, 3, 27), "17:30")
    await stage.says("Sami", stage.thread, "Open the door, Keiko. Mine walked out by itself once.", answering="Keiko")
    await stage.until(date(2026, 3, 28), "08:10", "America/Mexico_City")
    await stage.checks_in("Rosa", "Late: the oven man came. Pan de yema, finished, and he ate three of them.")
    await stage.until(date(2026, 3, 29), "11:00")
    await stage.says(
        "Lieve", stage.kitchen, "Tomorrow is the bake day in Ghent, so no check-in. At noon we ring the rest."
    )
    await stage.types("Lieve", "rhythm skip")


async def easter(stage: Stage) -> None:
    """A holiday, declared from a phone; a thread is gathered, and two members look at what is kept about them."""
    await summaries.starters_asleep(stage)
    await summaries.who_will_do_what(stage)
    await stage.until(date(2026, 4, 2), "20:40")
    await stage.types("Tomás", "rhythm pause", how=", on his phone, types", until="2026-04-12")
    await stage.says(
        "Tomás", stage.kitchen, "Easter: nobody needs a question, everybody needs folar. Back on the 13th."
    )
    await calls.broa_has_helped(stage)
    await calls.keepers(stage)
    await summaries.what_is_new(stage)
    await calls.forty_is_called(stage)
    await stage.until(date(2026, 4, 8), "19:15")
    panel = await stage.types("Jonas", "me")
    await stage.presses("Jonas", panel, "member:export")
    await calls.forty_meets_a_person(stage)
    await circles.come_round(stage)
    await stage.question("relationship-listening")


async def quiet(stage: Stage) -> None:
    """Two rounds stay quiet; a member wants to be forgotten; the hosts are asked and one decides."""
    await circles.announced(stage)
    await stage.until(date(2026, 4, 15), "21:05")
    panel = await stage.types("Sami", "me")
    await stage.presses("Sami", panel, "member:words")
    await stage.presses("Sami", panel, "member:panel")
    await stage.presses("Sami", panel, "member:leave")
    await stage.presses("Sami", panel, "member:forget")
    await stage.question("learning-rule-of-thumb")
    await circles.who_carries(stage)
    await stage.until(date(2026, 4, 17), "09:01")
    stage.transcript.tell("Nobody answered. Kith posts no weaving and asks nobody why.")
    await circles.bridie_comes(stage)
    await calls.forty_has_helped(stage)
    await calls.jonas_keeps(stage)
    await circles.by_the_hearth(stage)
    await circles.in_threes(stage)
    await stage.until(date(2026, 4, 24), "09:01")
    stage.transcript.tell("Again nobody.")
    await circles.in_threes_begins(stage)
    await stage.until(date(2026, 4, 27), "12:30")
    asked = stage.card("rhythm:slower")
    await stage.presses("Tomás", asked, "rhythm:slower", how=", on his phone, presses")
    words = "Weekly was the course talking. Every second Monday, and I miss you already."
    await stage.says("Tomás", stage.kitchen, words)
    await circles.amina_asks(stage)
    await calls.nameless(stage)
    await circles.the_piece_goes_round(stage)
    await stage.question("work-felt-by")


async def again(stage: Stage) -> InteractionResult:
    """The rhythm fits, and people answer."""
    monday = date(2026, 5, 11)
    await stage.until(monday, "09:40")
    await stage.checks_in("Bridie", "My neighbour. She hears the oven door and puts the kettle on.", arriving=["glad"])
    await stage.until(monday, "13:05")
    await stage.checks_in("Keiko", "The miso loaf. I opened the door. It is now four loaves.", arriving=["grateful"])
    await stage.until(monday, "13:20")
    await stage.says("Sami", stage.thread, "Told you.", answering="Keiko")
    await stage.until(monday, "18:30")
    return await stage.checks_in(
        "Jonas",
        "My daughter. On good days she asks for the crust, on bad days I keep it for myself.",
        arriving=["rested"],
    )
