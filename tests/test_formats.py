"""Formats: what is in them, how they are checked."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from bot.deck import DeckError, prompts_folder
from bot.formats import IN_BRACES, Format, Formats, Kind, Role, our_formats

FORMATS = our_formats().all("en")

by_format = pytest.mark.parametrize("found", FORMATS, ids=lambda each: each.id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the English formats that a test may spoil."""
    shutil.copytree(prompts_folder() / "en" / "formats", tmp_path / "en" / "formats")
    return tmp_path


def spoil(file: Path, before: str, after: str) -> None:
    """Change the first ``before`` in ``file``."""
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


# What is in the formats


def test_the_six_formats_kith_began_with_are_there_and_each_is_one_file():
    files = {file.stem for file in (prompts_folder() / "en" / "formats").iterdir()}

    assert {each.id for each in FORMATS} == files
    assert files >= {
        "1-2-4-all",
        "case-clinic",
        "check-in-circle",
        "story-circle",
        "troika-consulting",
        "what-i-need-from-you",
    }


@by_format
def test_a_format_begins_with_the_intention_and_ends_with_a_harvest(found: Format):
    first, last = found.steps[0], found.steps[-1]

    assert first.id == "arriving"
    assert all(place in first.say for place in ("{opening}", "{theme}", "{intention}"))
    assert "arvest" in last.title
    assert "{closing}" in last.say
    assert Counter(place for step in found.steps for place in IN_BRACES.findall(step.say))["closing"] == 1


@by_format
def test_a_format_suits_an_evening_and_a_fortnight(found: Format):
    assert 30 <= found.live_minutes <= 90
    assert 1 <= found.written_hours <= 14 * 24
    assert found.live or found.written


@by_format
def test_a_format_needs_a_host_and_a_few_people(found: Format):
    least, most = found.people

    assert Role.HOST in found.roles
    assert set(found.roles) <= {Role.HOST, Role.GUARDIAN, Role.HARVESTER}
    assert 3 <= least < most
    assert max((step.size or 1) for step in found.steps) <= least


@by_format
def test_a_round_and_a_group_leave_time_for_everyone(found: Format):
    for step in found.steps:
        if step.kind is Kind.ROUND:
            assert step.minutes * 60 / found.people[1] >= 40, step.id
        if step.size:
            assert step.minutes * 60 / step.size >= 60, step.id
        if step.kind is not Kind.SILENCE:
            assert step.hours >= 12, step.id


def test_in_a_troika_the_turn_passes_to_each_of_three():
    troika = our_formats().format("en", "troika-consulting")

    assert troika is not None
    assert [(step.id, step.turn) for step in troika.steps] == [
        ("arriving", None),
        ("choosing", None),
        *((step, turn) for turn in (1, 2, 3) for step in ("asking", "clarifying", "turning-away", "turning-back")),
        ("closing", None),
    ]
    assert {step.id for step in troika.steps if step.kind is Kind.AWAY} == {"turning-away"}
    assert troika.live_minutes == 5 + 3 + 3 * (4 + 3 + 7 + 3) + 8


def test_one_two_four_all_grows_from_one_to_all():
    found = our_formats().format("en", "1-2-4-all")

    assert found is not None
    assert [(step.kind, step.size) for step in found.steps[1:5]] == [
        (Kind.SILENCE, None),
        (Kind.GROUPS, 2),
        (Kind.GROUPS, 4),
        (Kind.TOGETHER, None),
    ]


def test_every_kind_of_step_is_in_use():
    assert {step.kind for found in FORMATS for step in found.steps} == set(Kind)


# How formats are checked


@pytest.mark.parametrize(
    ("before", "after", "place", "remedy"),
    [
        ('kind = "away"', 'kind = "hiding"', "turning-away", "together, silence, round, groups, away"),
        ("minutes = 5", "minutes = 0", "arriving", "1 to 40 minutes"),
        ("minutes = 5\n", "", "arriving", '"minutes" is missing'),
        ("hours = 12\n", "", "arriving", '"hours" is missing'),
        ("hours = 12", "hours = 80", "arriving", "1 to 72 hours"),
        ("{theme}", "{mood}", "arriving", "nothing to put in the place of {mood}"),
        ("{theme}", "{theme.title}", "arriving", "Use only {theme}, {intention}"),
        ("{theme}", "{theme", "arriving", "a brace stands alone"),
        ("{intention}", "", "", "say {intention}"),
        ('id = "arriving"', 'id = "coming"', "", 'the id "arriving"'),
        ('id = "closing"', 'id = "ending"', "", '"harvest" or "closing"'),
        ('id = "clarifying"', 'id = "asking"', "asking", "there twice"),
        ('id = "clarifying"', 'id = "To ask"', "To ask", "first-round"),
        ('id = "clarifying"\n', "", "step 4", '"id" is missing'),
        ('title = "Arriving"', f'title = "{"Arriving " * 8}"', "arriving", "1 to 60 characters"),
        ('say = """', f'say = """{"Welcome. " * 70}', "arriving", "1 to 600 characters"),
        ('kind = "away"', 'kind = "round"', "turning-away", "groups and away, and with no other"),
        ("size = 3\n", "", "asking", "2, 3 or 4"),
        ("size = 3", "size = 5", "asking", "2, 3 or 4"),
        ('kind = "groups"\nsize = 3', 'kind = "away"\nsize = 2', "asking", "size = 3 and turn = true"),
        ("turns = 3\n", "", "", "Write both, or neither"),
        ('understand"\nkind = "groups"\nsize = 3\nturn = true', 'understand"\nkind = "round"', "", "one run of steps"),
        ('id = "clarifying"', 'id = "clarifying"\nmood = 1', "clarifying", 'does not know "mood"'),
        ("people = [3, 12]", "people = [12, 3]", "", "people = [3, 8]"),
        ("people = [3, 12]", "people = [3]", "", "people = [3, 8]"),
        ('["host", "guardian"]', '["guardian"]', "", 'List "host"'),
        ('["host", "guardian"]', '["host", "co-host"]', "", 'List "host"'),
        ('["host", "guardian"]', '["host", "drummer"]', "", 'List "host"'),
        ("turns = 3", "turns = 3\nlive = false\nwritten = false", "", "neither live nor written"),
        ("minutes = 7", "minutes = 20", "", "live it takes 106 minutes"),
        ("hours = 24", "hours = 72", "", "in writing it takes 480 hours"),
        ("[[steps]]", "[steps]", "", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_format_is_told_with_its_file_its_step_and_a_remedy(
    folder: Path, before: str, after: str, place: str, remedy: str
):
    file = folder / "en" / "formats" / "troika-consulting.toml"
    spoil(file, before, after)

    with pytest.raises(DeckError) as told:
        Formats.load(folder)

    assert str(told.value).startswith(f"{file}, {place}: " if place else f"{file}: ")
    assert remedy in str(told.value)
    assert str(told.value).endswith((".", "}"))


def test_a_format_without_steps_is_told_how_to_begin_them(folder: Path):
    file = folder / "en" / "formats" / "new.toml"
    file.write_text('title = "New"\nwhat = "Good."\npeople = [3, 5]\nroles = ["host"]\n', "utf-8")

    with pytest.raises(
        DeckError, match=r'new\.toml: "steps" is missing\. Start each step with a line that says \[\[ste'
    ):
        Formats.load(folder)


def test_adding_a_format_is_adding_a_file(folder: Path):
    formats = folder / "en" / "formats"
    shutil.copy(formats / "check-in-circle.toml", formats / "evening-circle.toml")
    spoil(formats / "evening-circle.toml", 'roles = ["host", "guardian"]', 'roles = ["host"]\nlive = false')

    found = Formats.load(folder).format("en", "evening-circle")

    assert found is not None
    assert (found.id, found.roles, found.live, found.written) == ("evening-circle", (Role.HOST,), False, True)


def test_a_paragraph_may_be_broken_into_lines_anywhere(folder: Path):
    spoil(folder / "en" / "formats" / "check-in-circle.toml", "Take a moment to settle", "Take a\n   moment to\nsettle")

    assert Formats.load(folder).format("en", "check-in-circle") == our_formats().format("en", "check-in-circle")


def test_a_language_has_its_own_formats_and_the_rest_in_english(folder: Path):
    (folder / "nl" / "formats").mkdir(parents=True)
    own = folder / "nl" / "formats" / "check-in-circle.toml"
    shutil.copy(folder / "en" / "formats" / own.name, own)
    spoil(own, 'title = "Check-in circle"', 'title = "Incheckkring"')

    formats = Formats.load(folder)
    found = formats.format("nl", "check-in-circle")

    assert found is not None and found.title == "Incheckkring"
    assert formats.format("nl", "case-clinic") == formats.format("en", "case-clinic")
    assert formats.format("nl", "unheard-of") is None
    assert [each.id for each in formats.all("nl")] == [each.id for each in formats.all("fr")]

    spoil(own, 'id = "a-breath"', 'id = "een-pauze"')
    with pytest.raises(DeckError, match="not those of the English format"):
        Formats.load(folder)


def test_a_folder_without_english_is_refused(tmp_path: Path):
    with pytest.raises(DeckError, match="has no formats"):
        Formats.load(tmp_path)
