"""What members write, as it is kept."""

from unicodedata import category

from bot.errors import Refusal
from bot.language import _, ngettext

LONGEST_WORDS = 1000
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
    """Return a member's words as they are kept. Raises Refusal when empty or over 1,000 characters."""
    stripped = visible(words).strip()
    if not stripped:
        raise Refusal(_("There are no words yet. Write a line, or press *Pass this time*: passing is a full answer."))
    if len(stripped) > LONGEST_WORDS:
        over = len(stripped) - LONGEST_WORDS
        raise Refusal(
            ngettext(
                "A check-in fits in 1,000 characters; this one is {count} character over.",
                "A check-in fits in 1,000 characters; this one is {count} characters over.",
                over,
            ).format(count=over)
        )
    return stripped


def given_back(sentence: str, words: str) -> Refusal:
    """Return a refusal that gives the member's words back, if there are any, so that nothing is lost."""
    if not words:
        return Refusal(sentence)
    kept = words.replace("`", "'")
    return Refusal(f"{sentence}\n" + _("Here are your words, so that nothing is lost:") + f"\n```\n{kept}\n```")
