"""A thread to summarise, as long as is asked for: made-up people, sentences of our own, the same each time."""

import random
from datetime import UTC, datetime, timedelta

from bot.thread import Message, Reading

NAMES = (
    "Ada Brook", "Bela", "Caro Lind", "Dimitri", "Elif Aydin", "Femi", "Greta Moss", "Hanno", "Ines Vale", "Jonas",
    "Kaya", "Lior Stern", "Mirja", "Nadia Holt", "Oskar", "Priya", "Quentin Ash", "Rosa", "Samir Dahl", "Tove",
)  # fmt: skip
TOPICS = (
    "the reading circle", "our opening round", "the harvest of last month", "the small groups", "the neighbourhood map",
    "the guide for new hosts", "the silent minutes at the start", "the garden day", "the questions for next week",
    "the talking piece", "our list of offers", "the room by the river",
)  # fmt: skip
WHENS = ("on Thursday", "next week", "before the end of May", "tonight", "in the morning", "on the 12th", "after lunch")
SAID = (
    "I tried it with {topic} and people stayed longer than they had planned.",
    "What surprised me about {topic} was how quiet it became once nobody had to answer at once.",
    "We could leave out the second part of {topic}; it always takes twenty minutes and nobody misses it.",
    "That matches what I saw {when}.",
    "For me {topic} works best with four people, with six it turns into a meeting again.",
    "I wrote down a few lines about {topic}, they are rough but you can see where it is going.",
    "Yes, that helps.",
    "Last time {name} began with a story of her own, and after that it was easy for everybody else.",
    "I am not sure yet, I would like to sleep on it and come back to it {when}.",
    "There is an old description of {topic} at https://example.org/notes/{number} that may be worth another look.",
    "My worry is that {topic} becomes one more thing that only two of us look after.",
    "It rained, so eleven came instead of thirty, and still it was the warmest evening we have had this year.",
)
ASKED = (
    "Does anybody know whether we can use {topic} for people who join late?",
    "Could someone look after {topic} {when}?",
    "What would you change about {topic} if you began anew?",
    "How long does {topic} take with you?",
    "<@{id}> did you keep the notes about {topic}?",
)
PROMISED = (
    "I will write a first page about {topic} {when}.",
    "I'll ask {name} and tell you {when}.",
    "I can bring the cards and the big paper {when}.",
)
THANKED = ("Thank you, {name}, that was what I needed.", "Thanks for holding {topic} so kindly.")
KINDS, WEIGHTS = (SAID, ASKED, PROMISED, THANKED), (70, 16, 8, 6)
SENTENCES, HOW_OFTEN = (1, 2, 3), (64, 34, 2)
BEGAN = datetime(2026, 5, 4, 7, tzinfo=UTC)
CHANNEL = 700


def conversation(messages: int) -> Reading:
    """Return a thread of so many messages, a fifth of them replies; a longer one begins with the shorter ones."""
    chance = random.Random(1)
    written: list[Message] = []
    for number in range(messages):
        author = chance.randrange(len(NAMES))
        words = " ".join(_sentence(chance) for _each in range(chance.choices(SENTENCES, HOW_OFTEN)[0]))
        answered = chance.randrange(max(0, number - 8), number) if number and chance.random() < 0.2 else None
        written.append(
            Message(
                id=10**17 + number,
                channel_id=CHANNEL,
                author_id=1 + author,
                names=(NAMES[author],),
                words=words,
                written_at=BEGAN + number * timedelta(minutes=7),
                reply_to=None if answered is None else written[answered].id,
                mentions=frozenset(each for each in range(1, 1 + len(NAMES)) if f"<@{each}>" in words),
                welcomed=chance.choice((0, 0, 0, 0, 1, 2, 5)),
            )
        )
    return Reading(tuple(written), named={1 + number: (name,) for number, name in enumerate(NAMES)})


def _sentence(chance: random.Random) -> str:
    sentence = chance.choice(chance.choices(KINDS, WEIGHTS)[0])
    return sentence.format(
        topic=chance.choice(TOPICS),
        when=chance.choice(WHENS),
        name=chance.choice(NAMES).split()[0],
        number=chance.randrange(1, 400),
        id=chance.randrange(1, 1 + len(NAMES)),
    )
