"""What members write, as it is kept."""

from unicodedata import category

from bot.errors import Refusal
from bot.language import _, ngettext
from bot.store.calls import Help

LONGEST_WORDS = 1000
MOST_GIVEN_BACK = 3500
"""Characters; a message holds 4,000. More than this comes from no form of Kith's."""
UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs")
JOINERS = "\u200c\u200d"
"""They join the parts of emoji, and letters in Persian and Indic scripts."""


def visible(words: str) -> str:
    """Return words without what can't be seen and would disturb the text around them.

    Control characters and marks that reverse the direction of text go; joiners inside emoji stay. Words with nothing
    to see in them come back empty.
    """
    kept = "".join(
        each for each in words.replace("\r\n", "\n") if each == "\n" or each in JOINERS or category(each) not in UNSEEN
    )
    return kept if any(category(each) not in (*UNSEEN, "Zs", "Zl", "Zp") for each in kept) else ""


def check_words(words: str) -> str:
    """Return words as they are kept. Raises Refusal when there are none, or more than 1,000 characters."""
    stripped = visible(words).strip()
    if not stripped:
        raise Refusal(_("There are no words yet. A line is enough."))
    if len(stripped) > LONGEST_WORDS:
        over = len(stripped) - LONGEST_WORDS
        raise given_back(
            ngettext(
                "There is room for 1,000 characters; this is {count} character over.",
                "There is room for 1,000 characters; this is {count} characters over.",
                over,
            ).format(count=over),
            stripped,
        )
    return stripped


def check_line(words: str, limit: int) -> str:
    """Return words on one line. Raises Refusal when there are none, or more than ``limit`` characters."""
    line = " ".join(visible(words).split())
    if not line:
        raise Refusal(_("There are no words yet. A line is enough."))
    if len(line) > limit:
        raise given_back(
            _("There is room for {limit} characters; this has {count}.").format(limit=limit, count=len(line)), line
        )
    return line


def given_back(sentence: str, words: str) -> Refusal:
    """Return a refusal that gives the member's words back, if there are any, so that nothing is lost."""
    if not words:
        return Refusal(sentence)
    kept = words.replace("`", "'")[:MOST_GIVEN_BACK]
    return Refusal(f"{sentence}\n" + _("Here are your words, so that nothing is lost:") + f"\n```\n{kept}\n```")


def help_word(help_: Help) -> str:
    """Return the words people read for what would help."""
    return {
        Help.LISTEN: _("listen"),
        Help.THINK_ALONG: _("think along"),
        Help.SHOW_ME: _("show me"),
        Help.HANDS: _("hands"),
        Help.INTRODUCE_ME: _("introduce me"),
    }[help_]
