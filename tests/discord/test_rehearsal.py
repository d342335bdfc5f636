"""The rehearsal: eight weeks in a community of eight, told as they happen."""

import fcntl
import io
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from rich.console import Console

from bot.database import ROOT
from bot.rehearsal import month
from bot.rehearsal.house import on_stage
from bot.rehearsal.people import CAST
from bot.rehearsal.stage import Astray

PRIVATE_WORDS = ("Ich backe gerade nur", "Dad is in hospital")
FIRST_LINE_WITHIN = 3.0
"""Seconds from starting the program to its first line, on the clock on the wall, whatever else the machine does."""
WHOLE_WITHIN = 20.0
"""Seconds of processor time for the whole, its start included. Not the clock on the wall: tests beside this one
share the processors, while what a person waits for on a quiet machine is nearly all computing."""


@dataclass(frozen=True)
class Played:
    """How a rehearsal went."""

    status: int
    first_line: float
    processor: float
    lines: list[str]

    @property
    def text(self) -> str:
        """All that was printed, each stretch of space as one."""
        return " ".join(" ".join(self.lines).split())

    def day(self, name: str) -> int:
        """Return the number of the line that begins a day."""
        return next(number for number, line in enumerate(self.lines) if line.startswith(f"{name} 2026"))


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Return one rehearsal, played for all tests here, whichever of the processes of a run they are in."""
    own = tmp_path_factory.getbasetemp()
    kept = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "rehearsal.json"
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(asdict(play())))
        return Played(**json.loads(kept.read_text()))


def play() -> Played:
    """Play a rehearsal as whoever runs Kith does."""
    program = [sys.executable, "-m", "bot", "rehearse", "--no-page"]
    environment = dict(os.environ, PYTHONUNBUFFERED="1", COLUMNS="100")
    used, began = processor_seconds_of_children(), time.perf_counter()
    with subprocess.Popen(program, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        first_line = time.perf_counter() - began
        lines = (first + child.stdout.read()).splitlines()
    return Played(child.returncode, first_line, processor_seconds_of_children() - used, lines)


def processor_seconds_of_children() -> float:
    """Return the processor time of all processes this one started that have ended; no two run at once here."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def test_the_rehearsal_ends_well_and_in_time(played: Played) -> None:
    assert played.status == 0, played.lines[-1]
    assert played.first_line <= FIRST_LINE_WITHIN
    assert played.processor <= WHOLE_WITHIN


def test_everyone_in_the_community_is_introduced(played: Played) -> None:
    assert all(part.name in played.text and part.place in played.text for part in CAST)


@pytest.mark.parametrize(
    "moment",
    [
        "Lieve types /setup start",
        "Kith has begun here",
        "Write ahead · a form only Keiko sees",
        "[Check in] [Pass this time]",
        "@Keiko checks in",
        "Bridie presses [Pass this time]",
        "now reads",
        "gone: @Bridie checks in",
        "Amina answers Tomás in the thread",
        "Kith sends Rosa a direct message",
        "Who will answer?",
        "late and welcome",
        "types /rhythm skip",
        "types /rhythm pause",
        "file: my-kith-data.json",
        "Kith has forgotten you here",
        "Does this rhythm still serve?",
        "presses [Half as often]",
        "every 2 weeks on Monday",
        "Tomás, on his phone, presses [Ask for it]",
        "@Keiko offers wet and slow doughs",
        "@Tomás, @Keiko is with you.",
        "Keiko (07:30 in Kyoto) presses [Hand back]",
        "@Rosa offers anything with maize",
        "This call is answered. Thank you, @Rosa, for coming when you were called.",
        "Lieve types /rhythm add weekday: Monday what: keeper of calls",
        "@Sami keeps calls until 13 April",
        "@Sami, you keep calls this week, and this one has not met a person yet.",
        "Whom do you think of? Jonas",
        "@Amina, @Jonas has done what they came for.",
        "@Amina, a week has passed. Did it help?",
        "What @Amina takes from it: │ ▏ Count the places to cool before you count the loaves.",
        "@Jonas, someone thought of you for this call.",
        "Someone here asks",
        "From the one who asks │ ▏ Thank you. Was there a first loaf again?",
        "that it was you who asked.",
        "what: learning circles place: #hearth",
        "Amina picks I'd like to host",
        "@Amina │ Would you like to co-host this circle, Wednesday 22 April, 19:30, beside whoever hosts it?",
        "you are this circle's co-host. Nobody hosts it yet.",
        "Lieve presses [I'll host] ┊ only Lieve sees this ┊ Thank you, you host this circle.",
        "Small mishaps · Who comes: @Amina, @Lieve, @Bridie",
        "Among the server's events, in #hearth: Small mishaps, under way.",
        "Bridie presses [Bell]",
        "Lieve presses [Yes, close it]",
        "What we take with us │ ▏ A flat loaf is toast.",
        "@Keiko, @Rosa · @Amina turns away",
        "You can turn back now, and read what was said meanwhile.",
        "Keiko (06:20 in Kyoto) presses [Pass]",
        "▏ A slate can do the asking.",
        "Sami presses [Leave my words out]",
        "Lieve types in “Starters asleep”: /summary ┊ only Lieve sees this ┊ Only you see this draft.",
        "Questions ┊ • Rosa: “How do you keep yours in the weeks without bread?” →1",
        "Nobody has answered yet ┊ • Rosa: “Has anyone ever sent one across a border?”",
        "• Bridie: “Leave it with me to put all this on one page, for every fridge door.”",
        "• Tomás: https://thelongrise.example/feeding",
        "Kith in “Starters asleep” · What was said here, as drafted, but for this │ • Bridie: “Is grey dead?” No, only "
        "hungry. →2 →3",
        "Kith in “Starters asleep” · What was said here, as drafted 11:30",
        "Summaries kept here ┊ • “Starters asleep” · 6 April · ↗ to the message ┊ • “Starters asleep” · 2 April",
        "This thread is confidential now: Kith makes no summary of it.",
        "Lieve types in the call's thread: /summary ┊ only Lieve sees: This thread is confidential",
    ],
)
def test_the_transcript_has_each_key_moment(played: Played, moment: str) -> None:
    without_places = played.text.replace(" (12:02 in Nairobi)", "")

    assert moment in without_places


def test_the_card_comes_at_nine_in_ghent_on_both_sides_of_the_summer_time_change(played: Played) -> None:
    posted = [line for line in played.lines if "Kith in #check-ins" in line and "09:00" in line]

    assert len(posted) == 6  # four rounds, one weaving, one question to the hosts


@pytest.mark.parametrize("words", PRIVATE_WORDS)
def test_private_words_are_shown_only_as_what_one_member_sees(played: Played, words: str) -> None:
    told = [line for line in played.lines if words in line]

    assert told
    assert all(line.lstrip().startswith("┊") for line in told)


def test_words_left_out_stand_in_the_thread_and_in_no_summary(played: Played) -> None:
    told = [line for line in played.lines if "Pekka" in line]

    assert told == ["       │ Mine lives on a hospital window sill now. The nurses call it Pekka."]
    assert [line for line in played.lines if "Who spoke" in line]
    assert not [line for line in played.lines if "Sami" in line and "→" in line]


def test_a_second_summary_holds_what_is_new_alone(played: Played) -> None:
    easter_monday = played.lines[played.day("Monday 6 April") : played.day("Tuesday 7 April")]
    draft = " ".join(" ".join(easter_monday).split())

    assert "┊ 3 messages, " in draft
    assert "What came before: ↗ to the message" in draft
    assert "• Jonas: “May I have a bag, Lieve?”" in draft
    assert "• Tomás: “Mine went from Porto to Paris" in draft
    assert "grey" not in draft


def test_a_silent_call_reaches_its_keeper_on_the_second_day(played: Played) -> None:
    day = played.lines[played.day("Tuesday 7 April") : played.day("Saturday 11 April")]

    days = [line.split(" 2026")[0] for line in day if " 2026 ─" in line]
    rungs = [number for number, line in enumerate(day) if line.startswith("09:10  Kith in the call's thread")]
    assert days == ["Tuesday 7 April", "Wednesday 8 April", "Thursday 9 April"]
    assert [day[number + 1].strip(" │") for number in rungs[:2]] == [
        "Could you be with this call?",
        "Could one of you be with this call?",
    ]
    assert "@Sami, you keep calls" in day[rungs[2] + 1]


def test_who_asks_without_a_name_stands_only_in_what_they_see_and_do_themselves(played: Played) -> None:
    call = played.lines[played.day("Wednesday 29 April") : played.day("Monday 4 May")]

    told = [line.split("┊")[0] for line in call if "Bridie" in line]
    assert told
    assert all(not line.strip() or line[5:].strip().startswith("Bridie") for line in told)


def test_a_call_that_is_handed_back_names_nobody(played: Played) -> None:
    handed_back = next(number for number, line in enumerate(played.lines) if "presses [Hand back]" in line)

    after = played.lines[handed_back + 1 : played.day("Thursday 26 March")]
    assert not any("Keiko" in line and "┊" not in line for line in after)


def test_the_skipped_week_and_the_holiday_have_no_check_in(played: Played) -> None:
    weeks = played.lines[played.day("Sunday 29 March") : played.day("Monday 13 April")]

    assert not any("Kith in #check-ins" in line for line in weeks)


def test_a_transcript_in_a_file_is_plain_and_at_most_a_hundred_wide(played: Played) -> None:
    assert all(len(line) <= 100 and "\x1b" not in line for line in played.lines)


async def test_a_month_that_goes_wrong_says_where(tmp_path: Path) -> None:
    async with on_stage(Console(file=io.StringIO()), tmp_path) as stage:
        stage.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)

        with pytest.raises(Astray, match="no card with the button"):
            await month.play(stage)
