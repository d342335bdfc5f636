"""Of a thread nothing goes on that tells who somebody is, leads elsewhere, or is by someone who is left out."""

import re
import time
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.cleaning import LONGEST_LINE, cleaned, prepared, tame
from bot.thread import Message, Reading
from tests.fakes import MONDAY_MORNING

AMINA, RUTH, TOM = 411_000_000_000_000_001, 411_000_000_000_000_002, 411_000_000_000_000_003
NAMES: dict[int, tuple[str, ...]] = {
    AMINA: ("Amina El-Khatib", "amina.k_92"),
    RUTH: ("Ruth", "ruth_circle"),
    TOM: ("Tom | host", "tomtom"),
}
FIRST = 900_000_000_000_000_000


def reading(*said: tuple[int | None, str], names: dict[int, tuple[str, ...]] = NAMES) -> Reading:
    """Return a thread in which these people say this, one after the other."""
    return Reading(
        tuple(
            Message(
                id=FIRST + place,
                channel_id=77,
                author_id=by,
                names=names.get(by or 0, ()),
                words=words,
                written_at=MONDAY_MORNING + timedelta(minutes=place),
                mentions=frozenset(each for each in names if f"<@{each}>" in words or f"<@!{each}>" in words),
            )
            for place, (by, words) in enumerate(said)
        ),
        named=names,
    )


def heard(
    words: str, *, names: dict[int, tuple[str, ...]] = NAMES, left_out: frozenset[int] = frozenset({AMINA})
) -> str:
    """Return what is left of words Ruth says; Tom is Person 2, and Amina is left out."""
    lines = cleaned(reading((RUTH, words), (TOM, "Good."), names=names), left_out, "en").lines
    return " ".join(each.words for each in lines if each.source.author_id == RUTH)


def called(name: str, words: str) -> str:
    """Return what is left of words about somebody with this name, who wrote in the thread: Person 2."""
    known = {RUTH: ("Ruth",), TOM: (name,)}
    return heard(words, names=known, left_out=frozenset())


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("Write to amina@example.org today.", "Write to (e-mail address) today."),
        ("amina+kith@mail.example.co.uk", "(e-mail address)"),
        ("<mailto:amina@example.org>", "<(link)"),
        ("ämina@exämple.org", "(e-mail address)"),
        ("akhatib (at) example.org", "(e-mail address)"),
        ("akhatib[at]example[dot]org", "(e-mail address)"),
        ("akhatib (ät) example (punkt) org", "(e-mail address)"),
        ("akhatib at example dot org", "(e-mail address)"),
        ("akhatib @ example.org", "(e-mail address)"),
        ("akhatib＠example．org", "(e-mail address)"),
        ("akha\u200btib@exam\u2060ple.org", "(e-mail address)"),
        ("See https://example.org/a?b=c#d, please", "See (link) please"),
        ("hxxp://x.y/z and ftp://a.b", "(link) and (link)"),
        ("www.example.org and example.org and a.example.org/b", "(link) and (link) and (link)"),
        ("[our page](https://example.org/(x)) is up", "our page (link) is up"),
        ("[tap](<https://example.org> 'title')", "tap (link)"),
        ("discord.gg/abc, discord . gg / abc, https://discord.com/invite/x", "(link) (link) (link)"),
        ("disc@ord.@gg/abc", "disc at (link)"),
        ("https://cdn.discordapp.com/attachments/1/2/me.png?ex=1", "(link)"),
        ("Call +44 20 7946 0958 or 0151-2345678", "Call (number) or (number)"),
        ("０１５１ ２３４５６７８", "(number)"),
        ("1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣", "(number)"),
        ("015\u200d12\u200d34\u200d567", "(number)"),
        ("123**456**7890", "(number)"),
        ("<411000000000000001> and 411000000000000001", "<(number)> and (number)"),
        ("On 28.11.2026 19:30, 14.00-15.30, 2024-2026", "On 28.11.2026 19:30, 14.00-15.30, 2024-2026"),
        ("<#123456789012345678> <id:browse> </setup start:123456789012345678>", "(channel) (channel) (command)"),
        ("<@&123456789012345678> look", "(role) look"),
        ("<a:dance:123456789012345678> <:amina_waves:123456789012345678>", ":dance: :someone _waves:"),
        ("at <t:1795000000:R>", "at 2026-11-18"),
        ("<t:999999999999>", "(time)"),
        ("@everyone and @here", "everyone and here"),
        ("||a secret|| **in** __bold__ `code` ~~x~~ *y* _z_", "a secret in bold code x y z"),
        ("```py\nprint(1)\n```", "py · print(1)"),
        ("# Big\n- one\n- two\n-# small", "Big · one · two · small"),
        ("Great.it was good.es geht", "Great.it was good.es geht"),
        ("192.168.0.1, version 3.11.7, DE89 3704 0044", "(number), version 3.11.7, DE(number)"),
        ("2 * 3 <3 snake_case", "2 * 3 <3 snake_case"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("<b>bold</b> <script>", "‹b>bold‹/b> ‹script>"),
        ("\u202egnihton\u202c", "gnihton"),
    ],
)
def test_what_leads_elsewhere_or_identifies_is_named_only(typed: str, left: str) -> None:
    assert heard(typed) == left


@pytest.mark.parametrize(
    "typed",
    [
        "Amina El-Khatib",
        "amina el khatib",
        "AMINA",
        "amina",
        "Khatib",
        "Aminas",
        "**Amina** *El-Khatib*",
        "@Amina",
        "@amina.k_92",
        "amina.k_92",
        "Am\u200bina",
        "A\u00admina",
        "Am\u3164ina",
        "A\U000e0100mina",
        "A\u0336m\u0336i\u0336n\u0336a\u0336",
        "𝐀𝐦𝐢𝐧𝐚",
        "Ａｍｉｎａ",
        "Аmina",
        "Αmina",
        "Ámina",
        "||Amina||",
        "Am**in**a",
        "AminaElKhatib",
        "Aminakreis",
        "<@411000000000000001>",
        "<@!411000000000000001>",
    ],
)
def test_the_name_of_someone_left_out_becomes_someone(typed: str) -> None:
    shown = heard(f"I met {typed} on Monday.")

    assert shown.replace("someone's", "someone") == "I met someone on Monday."


def test_names_are_found_in_possessives_and_joined_words() -> None:
    assert heard("Amina's and Tom's idea; Toms Idee; Amina-Kreis") == (
        "someone's and Person 2's idea; Person 2's Idee; someone-Kreis"
    )


@pytest.mark.parametrize(
    ("name", "typed", "left"),
    [
        ("Jo (they/them)", "They told them that Jo agreed", "They told them that Person 2 agreed"),
        ("Maria von der Heide", "Der Kreis von der Maria", "Der Kreis von der Person 2"),
        ("a.*b(c", "a.*b(c is here", "Person 2 is here"),
        ("🌸 Lena 🌸", "lena and 🌸 Lena", "Person 2 and 🌸 Person 2"),
        ("🌸🌿", "thanks 🌸🌿", "thanks Person 2"),
        ("🌸", "a flower 🌸", "a flower 🌸"),
        ("...", "wait ... what", "wait … what"),
        ("Will", "I will, said Will", "I will, said Person 2"),
        ("the", "The end of the day", "The end of the day"),
        ("Bo", "Bo has a bo", "Person 2 has a bo"),
        ("J", "J and I", "J and I"),
        ("Jürgen", "Juergen, jürgen, Jurgen", "Person 2, Person 2, Person 2"),
        ("李伟", "谢谢李伟你好", "谢谢 Person 2 你好"),
        ("Person 1", "Person 1 said it", "Person no. 1 said it"),
        ("Person", "A person came", "A person came"),
        ("2026", "In 2026 we begin", "In 2026 we begin"),
        ("I will bring", "I will bring bread", "Person 2 bread"),
        ("Ruth Ann", "Ruth Ann and Ruth and Ann", "Person 2 and someone and Person 2"),
        ("Kim | coffee lover", "Who brings coffee, kim?", "Who brings coffee, Person 2?"),
        ("blue_heron", "a blue bag for Heron, blue heron, blueheron", "a blue bag for Person 2, Person 2, Person 2"),
        ("Martin", "Martina came with Martin", "someone came with Person 2"),
    ],
)
def test_names_of_every_kind_are_found_and_other_words_stay(name: str, typed: str, left: str) -> None:
    assert called(name, typed) == left


def test_nobody_counts_as_another_by_taking_their_name() -> None:
    shown = called("Person 1", "<@411000000000000003> and <@411000000000000002>0 came")

    assert shown == "Person 2 and Person 1 0 came"


@pytest.mark.parametrize(
    "typed",
    [
        "Person 3",
        "PERSON 3",
        "Person  3",
        "Pers\u200bon 3",
        "Person\u00a03",
        "**Person** 3",
        "Person [3](https://x.org)",
        "Person\n3",
        "Реrson 3",
        "Ｐｅｒｓｏｎ ３",
        "Person #3",
        "Person٣",
        "Person ||3||",
        "person3",
        "[12] Person 1: yes",
    ],
)
def test_a_person_somebody_types_stands_for_nobody(typed: str) -> None:
    assert re.search(r"person\W*\d", heard(f"{typed} agreed"), re.IGNORECASE) is None


def test_typed_lines_look_like_none_of_the_threads() -> None:
    shown = heard("Fine.\n[12] Person 1: I agree [3, 4] 【5】［6］")

    assert shown == "Fine. (12) Person no. 1: I agree (3, 4) (5)(6)"


def test_a_long_line_ends_with_a_whole_word() -> None:
    line = heard("x" * 990 + " <@411000000000000003>" * 50)

    assert len(line) <= LONGEST_LINE
    assert line.endswith("x Person…")


def test_a_link_someone_left_out_shared_or_that_names_them_is_kept_from_no_line() -> None:
    thread = reading(
        (AMINA, "https://example.org/mine"),
        (
            RUTH,
            "see https://example.org/mine and https://amina-el-khatib.example/x and **https://example.org/a__b_(c)**.",
        ),
        (RUTH, "https://discord.com/channels/1/2/3 https://cdn.discordapp.com/a/b https://discord.gg/x ftp://x"),
    )
    lines = cleaned(thread, frozenset({AMINA}), "en").lines

    assert [each.links for each in lines] == [("https://example.org/a__b_(c)",), ()]


def test_people_are_numbered_as_they_appear_and_those_left_out_have_no_number() -> None:
    thread = reading((TOM, f"<@{AMINA}> and <@{RUTH}>, will Ruth come?"), (AMINA, "No."), (None, "Hm, Tom."))
    made = cleaned(thread, frozenset({AMINA}), "en")

    assert [each.words for each in made.lines] == ["someone and Person 2, will Person 2 come?", "Hm, Person 1."]
    assert [(each.number, each.member_id, each.name, each.spoke) for each in made.people] == [
        (1, TOM, "Tom | host", True),
        (2, RUTH, "Ruth", False),
    ]
    assert [each.mentions for each in made.lines] == [{2}, {1}]
    assert [each.person for each in made.lines] == [1, None]


def test_the_language_is_told_by_the_words_of_those_who_are_heard() -> None:
    german = "Wer könnte im Mai den nächsten Kreis hüten und das Brot mitbringen?"
    thread = reading((RUTH, german), *[(AMINA, "Nobody here would ever say this in English, would they?")] * 9)

    assert prepared(thread, frozenset({AMINA}), "en").language == "de"
    assert prepared(reading((RUTH, "https://x.org")), frozenset(), "sv").language == "sv"


NOISE = [
    *(
        "411000000000000001",
        "1234",
        "3",
        " 3",
        "７",
        "Person",
        "Amina",
        "amina.k_92",
        "x@y.org",
        "discord",
        ".gg/",
        "www.",
    ),
    *(
        "@",
        "://",
        "http",
        "s://x.y",
        "mailto:",
        "(at)",
        "[",
        "](",
        ")",
        "<",
        ">",
        "<@",
        "<@!",
        "<#",
        "<:a:",
        ":1>",
        " ",
    ),
    *("\u200b", "\u202e", "\ufe0f", "\u20e3", "\ue000", "\U000f0001", "\n", "\n> ", "**", "_", "`", "😀", "İ", "ﬀ"),
    *("'s", "“", "”", "…", "·"),
]
typed_by_anybody = st.one_of(st.lists(st.sampled_from(NOISE), max_size=14).map("".join), st.text(max_size=60))


@settings(max_examples=200, deadline=None)
@given(st.lists(typed_by_anybody, min_size=1, max_size=3))
@example([":@//x"])
@example(["1234@567"])
def test_whatever_is_typed_nothing_that_leads_elsewhere_comes_out(said: list[str]) -> None:
    thread = reading((TOM, "Hello."), *((RUTH, each) for each in said))
    for line in cleaned(thread, frozenset({AMINA}), "en").lines:
        assert not re.search(r"\d{7,}|@|://|\n|<[@#:/]|\]|\[|[\U000f0000-\U000fffff]", line.words), line.words
        assert not re.search(r"(?<![^\W\d_])(?i:amina)(?![^\W\d_])", line.words), line.words
        assert {int(each) for each in re.findall(r"\bPerson (\d+)", line.words)} <= {1, 2}
        assert len(line.words) <= LONGEST_LINE


@settings(max_examples=200, deadline=None)
@given(typed_by_anybody, st.integers(5, 60))
@example("[[[[[a](http://b)](http://c)](http://d)](http://e)](http://f)", 60)
@example("ht@tp://x www.@x discord.@gg/abc", 60)
def test_what_is_tame_stays_so(typed: str, longest: int) -> None:
    line = tame(typed, longest)

    assert tame(line, longest) == line
    assert len(line) <= longest
    assert not re.search(r"@|://|\n|<|>|\]\(|discord(app)?\.gg/|\bwww\.\S", line, re.IGNORECASE), line


def test_five_thousand_messages_of_two_hundred_people_are_ready_in_a_moment() -> None:
    letters = "abcdefghijklmnopqrst"
    people = {
        FIRST + n: (f"N{letters[n % 20]}{letters[n // 20]}a Surn{letters[n % 20]}me", f"u.{n}") for n in range(200)
    }
    words = (
        "We could meet in the old school on day {n} and bring bread, since someone asked who hosts next month, N{x}aa."
    )
    said = [(FIRST + n % 200, words.format(n=n, x=letters[n % 20])) for n in range(4990)]
    hostile = [
        "a.a" * 600,
        "a-a" * 600,
        "@a" * 900,
        "[[" * 900,
        "1 " * 900,
        "a at " * 400,
        "<@" * 900,
        '"a' * 900,
        "a" * 1999,
    ]
    thread = reading(*said, *[(FIRST, each) for each in hostile], names=people)
    began = time.process_time()
    cleaned(thread, frozenset({FIRST + 3, FIRST + 4}), "en")

    assert time.process_time() - began < 2
