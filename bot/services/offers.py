"""What members offer, and who may be asked: load is fair, and nobody is asked who is away or asleep."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, partial
from heapq import merge
from itertools import chain, islice
from operator import itemgetter
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.calendar import instant_at, local_day
from bot.errors import Refusal
from bot.language import _, ngettext
from bot.services.matching import stems
from bot.services.words import visible
from bot.store.calls import times_asked
from bot.store.communities import Community
from bot.store.members import member_of, one_choice_at_a_time
from bot.store.offers import (
    FIRST,
    MONTH,
    Candidate,
    Offer,
    Turn,
    add_stems,
    candidates,
    first_turns,
    last_asked,
    offers_after,
    offers_by,
    offers_of,
    remove_stems,
    words_offered,
)
from bot.store.offers import note_asked as note_asked  # the ladder's, beside fair_asking

MOST_OFFERS = 5
LONGEST_OFFER = 80
MOST_SUGGESTED = 25

WAKES, SLEEPS = 8, 22
"""The hours between which people are asked, in their own zone."""
FIRST_PAGE, LONGEST_PAGE = 8, 512
MOST_LOOKED_AT = 1000
"""Offers looked at to find someone to ask; where so many in a row are away, asleep or were asked enough, it rests."""
MOST_READ = 3000
"""Offers read for suggestions; in larger communities they speak for the rest."""
AT_ONCE = 1000


@dataclass(frozen=True)
class Asked:
    """Someone to ask: the offer of theirs that matched ("" when none did), and the zone they live in."""

    member_id: int
    why: str
    zone: str


def fair_asking(
    session: Session,
    community: Community,
    wanted: str,
    now: datetime,
    *,
    leave_out: Collection[int],
    limit: int = 3,
    asleep_too: bool = False,
    anyone: bool = False,
) -> list[Asked]:
    """Return up to ``limit`` members to ask for what is ``wanted``, least recently asked first.

    They offer something that shares a word with it; with ``anyone`` those follow who offer anything. Left out are
    those who are away, were asked as often as they wish in the last 30 days, or sleep (unless ``asleep_too``).
    """
    sought = stems(wanted, community.language)
    turns = islice(_matching(session, community, sought, now), MOST_LOOKED_AT)
    if anyone:
        turns = chain(turns, islice(_walk(session, community, None, now), MOST_LOOKED_AT))
    # Remembered for this asking: with many zones Python would read a zone's file again for almost everyone.
    away, awake = cache(partial(is_away, now=now)), cache(partial(is_awake, now=now))
    passed = set(leave_out)
    zones: dict[int, str] = {}
    for candidate in turns:
        if len(zones) == limit:
            break
        zone = candidate.zone or community.zone
        willing = candidate.times < candidate.asks_a_month and not away(candidate.away_until, zone)
        if candidate.member_id not in passed and willing and (asleep_too or awake(zone)):
            zones[candidate.member_id] = zone
        passed.add(candidate.member_id)
    offers = offers_by(session, community.id, zones) if zones else {}
    return [Asked(each, _why(community, offers[each], sought), zone) for each, zone in zones.items()]


def _matching(session: Session, community: Community, sought: Collection[str], now: datetime) -> Iterator[Candidate]:
    """Yield those whose offers share one of these stems in the order of asking, reading no further than needed."""
    firsts = first_turns(session, community.id, sought)
    walks = [_from_its_turn_on(turn, _walk(session, community, stem, now)) for stem, turn in firsts.items()]
    return (each for _turn, each in merge(*walks, key=itemgetter(0)) if each is not None)


def _from_its_turn_on(turn: Turn, walk: Iterator[Candidate]) -> Iterator[tuple[Turn, Candidate | None]]:
    """Yield a walk after its first turn alone, so that merging many begins only those whose turn comes."""
    yield turn, None
    for each in walk:
        yield each.turn, each


def _walk(session: Session, community: Community, stem: str | None, now: datetime) -> Iterator[Candidate]:
    after, size = FIRST, FIRST_PAGE
    while page := candidates(session, community.id, stem, now, after, size):
        yield from page
        if len(page) < size:
            return
        after, size = page[-1].turn, min(size * 4, LONGEST_PAGE)


def _why(community: Community, offers: Sequence[Offer], sought: Collection[str]) -> str:
    """Return the offer of a member's that shares most with what is sought, the oldest of several."""
    shared = {offer.words: len(stems(offer.words, community.language).keys() & set(sought)) for offer in offers}
    why = max(shared, key=lambda words: shared[words], default="")
    return why if shared.get(why) else ""


def may_be_asked(session: Session, community: Community, member_id: int, now: datetime) -> bool:
    """Tell whether a member is here and was asked less often than they wish in the last 30 days."""
    member = member_of(session, community.id, member_id)
    if is_away(member.away_until, member.zone or community.zone, now):
        return False
    return times_asked(session, community.id, member_id, now - MONTH) < member.asks_a_month


def is_away(away_until: date | None, zone: str, now: datetime) -> bool:
    """Tell whether a member is still away; they are back on the day they named."""
    return away_until is not None and local_day(now, zone) < away_until


def is_awake(zone: str, now: datetime) -> bool:
    """Tell whether it is a time to ask people in a zone: from 8 to 22 o'clock."""
    return WAKES <= now.astimezone(ZoneInfo(zone)).hour < SLEEPS


def wakes_at(zone: str, now: datetime) -> datetime:
    """Return when people in a zone may be asked: now, or the next time their clocks show 8."""
    if is_awake(zone, now):
        return now
    today = local_day(now, zone)
    mornings = (instant_at(today + timedelta(days), time(WAKES), zone) for days in range(3))
    return next(morning for morning in mornings if morning > now)


def add_offer(session: Session, community: Community, member_id: int, words: str) -> None:
    """Keep something a member offers; what they offer already stands once. Raises Refusal as ``check_offer`` does,
    and when it would be the sixth.
    """
    kept = check_offer(words)
    one_choice_at_a_time(session, community.id, member_id)
    offers = offers_of(session, community.id, member_id)
    if kept.casefold() in {each.words.casefold() for each in offers}:
        return
    if len(offers) >= MOST_OFFERS:
        raise Refusal(
            _("You offer five things already, which is as many as there is room for. Take one back in /me first.")
        )
    offer = Offer(
        community_id=community.id,
        member_id=member_id,
        words=kept,
        asked_at=last_asked(session, community.id, member_id),
    )
    session.add(offer)
    session.flush()
    add_stems(session, [(offer, stems(kept, community.language))])


def check_offer(words: str) -> str:
    """Return an offer as it is kept, on one line. Raises Refusal when empty or over 80 characters."""
    line = " ".join(visible(words).split())
    if not line:
        raise Refusal(_("There is no word in it yet. Write what others may ask you for, such as a listening ear."))
    if len(line) > LONGEST_OFFER:
        over = len(line) - LONGEST_OFFER
        raise Refusal(
            ngettext(
                "An offer fits in 80 characters; this one is {count} character over. A few words are enough.",
                "An offer fits in 80 characters; this one is {count} characters over. A few words are enough.",
                over,
            ).format(count=over)
        )
    return line


def suggested_offers(session: Session, community_id: int, member_id: int, typed: str) -> list[str]:
    """Return what others in a community offer and a member does not, containing what was typed, most offered first."""
    spelt: dict[str, str] = {}
    offered: Counter[str] = Counter()
    mine: set[str] = set()
    for owner_id, words in words_offered(session, community_id, MOST_READ):
        folded = words.casefold()
        spelt.setdefault(folded, words)
        offered[folded] += 1
        if owner_id == member_id:
            mine.add(folded)
    sought = " ".join(typed.casefold().split())
    found = [each for each in offered if sought in each and each not in mine]
    return [spelt[each] for each in sorted(found, key=lambda each: (-offered[each], each))[:MOST_SUGGESTED]]


def stem_anew(session: Session, community_id: int, language: str) -> None:
    """Bring all offers in a community to the stems of another language."""
    stemmed = cache(partial(stems, language=language))  # many offer the same
    remove_stems(session, community_id)
    after = (-1, "")
    while page := offers_after(session, community_id, after, AT_ONCE):
        add_stems(session, [(offer, stemmed(offer.words)) for offer in page])
        after = page[-1].member_id, page[-1].words
