"""Without a model a thread's summary is what people asked, promised, shared and welcomed, in their own sentences."""

import time
import tomllib
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.cleaning import cleaned, prepared
from bot.folding import WORDINGS
from bot.gathering import LONGEST_QUOTE, MOST_POINTS, gathered
from bot.store.summaries import LONGEST_POINT, Heading, Unmodelled
from bot.thread import Findings, Message, Reading
from tests.fakes import MONDAY_MORNING

ASKED, OPEN, COMMITMENTS = Heading.ASKED, Heading.OPEN, Heading.COMMITMENTS

Row = tuple[str, str] | tuple[str, str, dict[str, int]]

GHENT: Sequence[Row] = [
    (
        "Ruth",
        "Hi all 👋 I'm back from the hosting training in Ghent and still buzzing.\n"
        "Two things:\n- who could host the circle in May\n- does anyone have the notes from last time?",
        {"welcomed": 2},
    ),
    ("Tomasz", "Welcome back! It was lovely, right?"),
    ("Imani", "I have the notes, will upload them tonight. Here they are already: https://example.org/notes/april"),
    ("Joaquin", "May is tricky for me... I could host in June though"),
    ("Ruth", "June works too. Thanks Imani!! How cool is that?"),
    ("Lena", "Someone rang? 😄 I can take May if somebody sits with me the first time"),
    ("Joaquin", 'My old boss used to say: "Who asked you?" I don\'t miss him.', {"welcomed": 3}),
    ("Imani", "@Lena I’ll sit with you. What do you need from me?"),
    ("Lena", "Just your calm 🙏", {"welcomed": 4}),
    ("Ruth", "Has anyone ever tried a fishbowl with more than fifty people? I wonder if it carries."),
    ("Tomasz", "I won't be there on the 12th, I'll be away. Sorry!"),
    ("Joaquin", "This piece changed how I open circles: https://example.com/opening"),
    (
        "Imani",
        "I read it twice and I will try the silent start next week. Thank you so much for sharing it, Joaquin, it came "
        "at just the right moment.",
        {"welcomed": 5, "to": 12},
    ),
    ("Lena", "Isn't that lovely?"),
]

DRESDEN: Sequence[Row] = [
    ("Miriam", "Ihr Lieben, der Kreis gestern hat mich sehr berührt. Danke euch allen ❤️", {"welcomed": 6}),
    ("Jonas", "Mich auch. Wer hütet eigentlich den nächsten? Ich kann im Dezember leider nicht."),
    ("Ayşe", "Ich frage mich, ob wir nicht mal wieder draußen sitzen sollten, oder?"),
    ("Miriam", "Draußen im Dezember? 😅 Aber ich wäre nicht abgeneigt."),
    ("Jonas", "Ich übernehme das Feuer und bringe Holz mit."),
    ("Bernd", "Hat jemand noch Sitzkissen"),
    ("Ayşe", "Kissen habe ich zehn, die bringe ich mit."),
    (
        "Miriam",
        "Wie macht ihr das, wenn jemand im Kreis lange redet? Bei mir hat es gestern fast zwanzig Minuten gedauert.",
    ),
    (
        "Bernd",
        "z.B. mit dem Redestein: wer ihn zu lange hält, den schaue ich freundlich an. "
        "Hier steht viel dazu: https://example.org/redestein",
        {"to": 8, "welcomed": 3},
    ),
    ("Jonas", "Sie hat gefragt: „Darf ich gehen?“ und ich habe nur genickt."),
    ("Miriam", "Ich schreibe morgen die Einladung und schicke sie euch."),
    ("Bernd", "Schön. Ich mache mir nur Sorgen wegen des Wetters."),
]


def read(*rows: Row) -> Reading:
    """Return a thread in which people say this; ``to`` is the number of the message a reply is to."""
    people = {name: 500 + number for number, name in enumerate(dict.fromkeys(row[0] for row in rows))}
    return Reading(tuple(_message(number, row, people) for number, row in enumerate(rows, 1)))


def _message(number: int, row: Row, people: dict[str, int]) -> Message:
    more = row[2] if len(row) == 3 else {}
    return Message(
        id=1000 + number,
        channel_id=7,
        author_id=people[row[0]],
        names=(row[0],),
        words=row[1],
        written_at=MONDAY_MORNING + timedelta(minutes=number),
        reply_to=1000 + more["to"] if "to" in more else None,
        welcomed=more.get("welcomed", 0),
    )


def gather(*rows: Row, language: str | None = None) -> Findings:
    """Return what is gathered from a thread; its language is found out where none is given."""
    reading = read(*rows)
    nobody = frozenset[int]()
    thread = prepared(reading, nobody, "en") if language is None else cleaned(reading, nobody, language)
    return gathered(thread, Unmodelled.NONE)


def shown(findings: Findings) -> dict[Heading, list[tuple[str, int]]]:
    """Return the points under each heading: their words, and the number of the message they rest on."""
    found: dict[Heading, list[tuple[str, int]]] = {}
    for point in findings.points:
        (source,) = point.sources
        found.setdefault(point.heading, []).append((point.words, source.message_id - 1000))
    return found


def sentences(heading: Heading, *said: str, language: str = "en") -> list[str]:
    """Return the sentences gathered under a heading of what one person says, message by message."""
    points = gather(*(("Ruth", each) for each in said), language=language).points
    return [each.words.removeprefix("Person 1: ").strip("„“”") for each in points if each.heading is heading]


def test_a_lively_thread_is_worth_reading() -> None:
    assert shown(gather(*GHENT)) == {
        Heading.ASKED: [
            ("Person 1: “Two things: who could host the circle in May”", 1),
            ("Person 1: “does anyone have the notes from last time?”", 1),
            ("Person 3: “What do you need from me?”", 8),
        ],
        Heading.OPEN: [("Person 1: “Has anyone ever tried a fishbowl with more than fifty people?”", 10)],
        Heading.COMMITMENTS: [
            ("Person 4: “May is tricky for me… I could host in June though”", 4),
            ("Person 5: “I can take May if somebody sits with me the first time”", 6),
            ("Person 3: “Person 5 I’ll sit with you.”", 8),
            ("Person 3: “I read it twice and I will try the silent start next week.”", 13),
        ],
        Heading.LINKS: [
            ("Person 3: https://example.org/notes/april “Here they are already”", 3),
            ("Person 4: https://example.com/opening “This piece changed how I open circles”", 12),
        ],
        Heading.WELCOMED: [
            ("Person 1: “Hi all 👋 I'm back from the hosting training in Ghent and still buzzing.”", 1),
            ('Person 4: “My old boss used to say: "Who asked you?" I don\'t miss him.”', 7),
            ("Person 5: “Just your calm 🙏”", 9),
            ("Person 3: “Thank you so much for sharing it, Person 4, it came at just the right moment.”", 13),
        ],
    }


def test_a_german_thread_is_worth_reading() -> None:
    findings = gather(*DRESDEN)

    assert findings.language == "de"
    assert shown(findings) == {
        Heading.ASKED: [
            ("Person 4: „Hat jemand noch Sitzkissen“", 6),
            ("Person 1: „Wie macht ihr das, wenn jemand im Kreis lange redet?“", 8),
        ],
        Heading.OPEN: [("Person 2: „Wer hütet eigentlich den nächsten?“", 2)],
        Heading.COMMITMENTS: [
            ("Person 2: „Ich übernehme das Feuer und bringe Holz mit.“", 5),
            ("Person 3: „Kissen habe ich zehn, die bringe ich mit.“", 7),
            ("Person 1: „Ich schreibe morgen die Einladung und schicke sie euch.“", 11),
        ],
        Heading.LINKS: [("Person 4: https://example.org/redestein „Hier steht viel dazu“", 9)],
        Heading.WELCOMED: [
            ("Person 1: „Ihr Lieben, der Kreis gestern hat mich sehr berührt. Danke euch allen ❤“", 1),
            ("Person 4: „z.B. mit dem Redestein: wer ihn zu lange hält, den schaue ich freundlich an.“", 9),
        ],
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "It was lovely, right?"),
        ("en", "No?"),
        ("en", "Really? You know?"),
        ("en", "Outside in May? 😄"),
        ("en", "She asked me “who are you to host this?”"),
        ("en", "How cool is that?!"),
        ("en", "> Who hosts in May?\nI do."),
        ("en", "See https://example.org/?who=me?"),
        ("de", "Das war schön, oder?"),
        ("de", "Toll, nicht wahr?"),
        ("de", "Er sagte: „Wer hütet?“"),
        ("de", "Ach was?"),
    ],
)
def test_what_asks_nothing_is_no_question(language: str, said: str) -> None:
    assert sentences(ASKED, said, language=language) + sentences(OPEN, said, language=language) == []


@pytest.mark.parametrize(
    ("language", "said", "question"),
    [
        ("en", "Who hosts?", "Who hosts?"),
        ("en", "Hi all! Who could bring bread? 🍞🙏", "Who could bring bread?"),
        ("en", "does anybody know a quiet room near the station", "does anybody know a quiet room near the station"),
        ("en", 'Who wrote "Where are you?" on the door?', 'Who wrote "Where are you?" on the door?'),
        ("en", "Can we meet at 7 p.m. on Friday (or is that too late)?", None),
        ("de", "Weiß jemand, wo der Redestein liegt", "Weiß jemand, wo der Redestein liegt"),
        ("de", "Treffen wir uns ca. um 7?", "Treffen wir uns ca. um 7?"),
        ("es", "¿Quién puede traer el pan?", "¿Quién puede traer el pan?"),
        ("ja", "次の会は誰が主催しますか？", "次の会は誰が主催しますか?"),
    ],
)
def test_questions_are_found_as_people_write_them(language: str, said: str, question: str | None) -> None:
    assert sentences(OPEN, said, language=language) == [question or said]


@pytest.mark.parametrize(
    ("answer", "answered"),
    [
        (("Tom", "I could do that.", {"to": 1}), True),
        (("Tom", "👍", {"to": 1}), True),
        (("Tom", "I could host in June."), True),
        (("Tom", "Me, gladly."), True),
        (("Tom", "Ruth, I have time then."), True),
        (("Ruth", "In May, I mean, to host it."), False),
        (("Ruth", "Nobody?", {"to": 1}), False),
        (("Tom", "And who brings bread?"), False),
        (("Tom", "Do you mean May this year?", {"to": 1}), False),
        (("Tom", "Thank you for yesterday, everyone."), False),
        (("Tom", "Sorry, I'll be away."), False),
    ],
)
def test_a_question_is_open_until_somebody_answers_it(answer: Row, answered: bool) -> None:
    question = ("Ruth", "Who could host in May?")
    points = gather(question, answer, language="en").points

    assert [each.heading for each in points if "host in May?" in each.words] == [ASKED if answered else OPEN]


def test_an_answer_may_come_later_and_belongs_to_what_it_speaks_of() -> None:
    found = shown(
        gather(
            ("Ruth", "Who could look after the projector?"),
            ("Imani", "Has anyone got a spare key?"),
            ("Tom", "The projector is with me."),
            language="en",
        )
    )

    assert [words for words, _number in found[ASKED]] == ["Person 1: “Who could look after the projector?”"]
    assert [words for words, _number in found[OPEN]] == ["Person 2: “Has anyone got a spare key?”"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "I'll bring the talking piece."),
        ("en", "I’ll write to the caretaker tomorrow."),
        ("en", "Count me in for the washing-up!"),
        ("en", "Leave it with me."),
        ("en", "I could host in June."),
        ("en", "I'll pass on the dinner, but I'll bring bread."),
        ("de", "Ich bringe den Redestein mit."),
        ("de", "Das übernehme ich."),
        ("de", "Da bin ich gern dabei, die Einladung schreibe ich."),
    ],
)
def test_commitments_are_known_by_their_wording(language: str, said: str) -> None:
    assert sentences(COMMITMENTS, said, language=language) == [said]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "I'll have to pass this time."),
        ("en", "We'll see."),
        ("en", "I'll be away until Friday."),
        ("en", "I will not come."),
        ("en", "I'll be honest, it was hard."),
        ("en", "Maybe I'll come."),
        ("en", "He said “I'll bring bread” and did not."),
        ("en", "Shall I ask whether I will be needed?"),
        ("de", "Ich werde nicht kommen."),
        ("de", "Ich mache mir Sorgen."),
        ("de", "Ich frage mich, ob das trägt."),
        ("de", "Wir werden sehen."),
        ("de", "Sie sagte: „Ich bringe Brot mit.“"),
    ],
)
def test_what_only_sounds_like_one_is_no_commitment(language: str, said: str) -> None:
    assert sentences(COMMITMENTS, said, language=language) == []


def test_a_short_commitment_is_quoted_with_what_it_leads_on_from() -> None:
    said = "Jonas, you get the first one. I'll post it on Tuesday. See you there."

    assert sentences(COMMITMENTS, said) == ["Jonas, you get the first one. I'll post it on Tuesday."]
    assert sentences(COMMITMENTS, "Shall I? I'll do it.", "I'll do it then.") == ["I'll do it.", "I'll do it then."]
    assert sentences(COMMITMENTS, "I'll dry some. I'll post it.") == ["I'll dry some.", "I'll post it."]


def test_the_same_is_not_said_twice() -> None:
    found = shown(
        gather(
            ("Ruth", "Who could host in May?", {"welcomed": 3}),
            ("Ruth", "Who could host in May??"),
            ("Ruth", "I'll send the notes: https://example.org/notes", {"welcomed": 3}),
            ("Ruth", "Again: https://example.org/notes"),
            language="en",
        )
    )

    assert found == {
        OPEN: [("Person 1: “Who could host in May??”", 2)],
        COMMITMENTS: [("Person 1: “I'll send the notes: (link)”", 3)],
        Heading.LINKS: [("Person 1: https://example.org/notes", 4)],
        Heading.WELCOMED: [("Person 1: “Who could host in May?”", 1)],
    }


def test_of_much_the_latest_is_kept_and_everything_has_room() -> None:
    long = "Who could " + "really " * 60 + "host in week {n}?"
    rows: list[Row] = [("Ruth", long.format(n=n) + f" https://example.org/{'x' * 170}{n}") for n in range(9)]
    points = gather(*rows, language="en").points

    assert [sum(each.heading is heading for each in points) for heading in (OPEN, Heading.LINKS)] == [MOST_POINTS] * 2
    assert points[0].sources[0].message_id == 1004
    assert all(len(each.words) <= LONGEST_POINT for each in points)
    assert all(len(each.words) <= LONGEST_QUOTE + 20 for each in points if each.heading is OPEN)


def test_nothing_comes_of_a_thread_that_holds_nothing() -> None:
    assert gather(("Ruth", "Hm."), ("Tom", "🎉"), language="en").points == ()


def test_wordings_of_all_languages_have_the_same_lists() -> None:
    files = {file.stem: tomllib.loads(file.read_text("utf-8")) for file in WORDINGS.glob("*.toml")}

    assert {frozenset(each) for each in files.values()} == {frozenset(files["en"])}
    assert all(words and all(words) for each in files.values() for words in each.values())


def test_a_thread_of_many_questions_is_gathered_in_a_moment() -> None:
    ask = "Who could bring {n} loaves, and a knife? I will ask the others."
    rows: list[Row] = [(f"Name{n % 50}", ask.format(n=n)) for n in range(2000)]
    thread = cleaned(read(*rows), frozenset[int](), "en")
    began = time.process_time()
    gathered(thread, Unmodelled.NONE)

    assert time.process_time() - began < 1.5
