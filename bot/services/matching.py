"""Which words of a call an offer shares: words brought to their stems, without those that say nothing."""

import unicodedata
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError

LONGEST_STEM = 80
SHORTEST_WORD = 2
APOSTROPHES = "'’"

NOISE = {
    "en": """
        a about above after again against all also am an and another any anybody anyone anything are aren't around as
        ask at away be because been before being below between both but by can can't could couldn't did didn't do does
        doesn't doing don't down during each else every everybody everyone everything few for from further get getting
        give go going got had has have haven't having he help helped helpful helping helps her here hers herself him
        himself his how i i'd i'll i'm i've if in into is isn't it it's its itself just know let let's like made make
        makes making many may maybe me might more most much must my myself need needed needing needs no nobody nor not
        nothing now of off on once one only or other ought our ours ourselves out over own please really same she should
        shouldn't since so some somebody someone something still such than thank thanks that that's the their theirs
        them themselves then there there's these they they're thing things this those through to too under until up us
        very want wanted wants was wasn't we we're we've were weren't what what's when where whether which while who
        who's whom whose why will with without won't would wouldn't yes yet you you'd you'll you're you've your yours
        yourself yourselves
    """,
    "de": """
        ab aber all alle allem allen aller alles als also am an andere anderem anderen anderer anderes auch auf aus bei
        beim bin bis bist bitte brauche brauchen brauchst braucht da dabei dadurch dafür daher damit danach danke dann
        daran darauf darf darum das dass daß davon dazu dein deine deinem deinen deiner deines dem den denen denn der
        deren derer des deshalb dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine
        einem einen einer eines einige einigem einigen einiger einiges einmal er es etwas euch euer eure eurem euren
        eurer eures für gegen geht gerade gern gerne gewesen gibt hab habe haben habt hast hat hatte hatten helfe helfen
        hier hilf hilfe hilft hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in ins irgendwie
        ist ja jede jedem jeden jeder jedes jemand jemanden jemandem jetzt kann kannst kein keine keinem keinen keiner
        keines können könnt könnte könnten machen macht man manche manchem manchen mancher manches mehr mein meine
        meinem meinen meiner meines mich mir mit möchte möchten muss muß müssen musst mußt musste müsste nach nachdem
        nein nicht nichts noch nun nur ob oder ohne schon sehr sein seine seinem seinen seiner seines seid seit selbst
        sich sie sind so solche solchem solchen solcher solches soll sollen sollte sollten sondern sonst sowie über um
        und uns unser unsere unserem unseren unserer unseres unter vielleicht viel viele vielen vom von vor wann war
        waren warum was weg weil weiter welche welchem welchen welcher welches wem wen wenn wer werde werden weshalb wie
        wieder will wir wird wo woher wohin wollen wollte worden wozu wurde wurden würde würden zu zum zur zwar zwischen
    """,
}
"""Words that every other sentence has, and those every call to peers has; a language without a list keeps all."""


def stems(words: str, language: str) -> dict[str, str]:
    """Return the stems in ``words``, each with the first word that has it, as it is written, in their order.

    ``language`` is a code such as ``de``. In one that no stemmer knows a word is its own stem. Folded alike: capital
    and small letters, and the ways Unicode has of writing one letter. Nothing a person can type raises.
    """
    stemmer, noise = _stemmer(language), _noise(language)
    found: dict[str, str] = {}
    for written in _parted(words):
        word = _folded(written)
        if len(word) >= SHORTEST_WORD and word not in noise:
            stem = stemmer.stemWord(word) if stemmer else word
            found.setdefault(stem[:LONGEST_STEM], written)
    return found


def _parted(words: str) -> list[str]:
    kept = (each if each in APOSTROPHES or unicodedata.category(each)[0] in "LMN" else " " for each in words)
    return [each for word in "".join(kept).split() if (each := word.strip(APOSTROPHES))]


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word.casefold()).replace("’", "'").strip()


@cache
def _noise(language: str) -> frozenset[str]:
    return frozenset(_folded(word) for word in NOISE.get(language, "").split())


def _stemmer(language: str) -> Any:
    """Return a stemmer of this call's own (they hold state, and calls run in threads), or None.

    All of them take 6 ms to import, so only at first use.
    """
    import snowballstemmer

    known: Any = snowballstemmer  # it comes without types
    name = _name(language)
    return known.stemmer(name) if name in known.algorithms() else None


@cache
def _name(language: str) -> str:
    """Return a language's name as snowball has it: in English, the first word of it."""
    try:
        return (Locale.parse(language).get_display_name("en") or "").split(" ")[0].lower()
    except (UnknownLocaleError, ValueError):
        return ""
