"""Keepers of calls: whose turn it is, and how a turn changes hands."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.clock import Clock
from bot.courier import RITUAL_LATENESS, Needless, Said, Settle
from bot.database import AFTER_A_FAULT, Database, kept_apart, transaction
from bot.errors import Refusal
from bot.language import _
from bot.services.offers import is_away
from bot.services.people import Person, is_host
from bot.services.rhythms import come_round
from bot.services.showing import ANEW, show_turn
from bot.store.communities import Community, community_of
from bot.store.deliveries import FIRST, Delivery, DeliveryKind
from bot.store.keepers import (
    KeeperTurn,
    last_kept,
    latest_turn,
    members_who_kept_since,
    turn_now,
    turn_of,
    turns_of,
    volunteers,
)
from bot.store.members import Member, member_of, saved_member
from bot.store.rhythms import Rhythm, RhythmKind, rhythms_due

AT_ONCE = 50
"""Turns begun in one transaction."""


@dataclass(frozen=True)
class KeeperCard:
    """A keeper's turn as its card shows it; ``over`` once it has ended.

    ``posts``: it is to be a new message, which takes the place of the one there may be.
    """

    community: Community
    turn: KeeperTurn
    over: bool
    posts: bool


class Keepers:
    """Keeps the turns of keeping calls. All look-ups are within one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @property
    def settle(self) -> dict[DeliveryKind, Settle]:
        """What to write when a delivery of each kind ended, in the same transaction."""
        return {DeliveryKind.KEEPER: _settle_keeper}

    async def tend(self) -> None:
        """Begin the turns that are due."""
        while await self.open_due() == AT_ONCE:
            pass

    @transaction
    def open_due(self, session: Session) -> int:
        """Let due keepers' rhythms come round once each; return how many did."""
        now = self._clock.now()
        due = rhythms_due(session, RhythmKind.KEEPER, now, AT_ONCE)
        for rhythm in due:
            if not kept_apart(session, f"rhythm {rhythm.id}", partial(self._open, session, rhythm, now)):
                rhythm.next_at = now + AFTER_A_FAULT
        return len(due)

    def _open(self, session: Session, rhythm: Rhythm, now: datetime) -> None:
        """Begin a turn: with the volunteer who kept longest ago, or where there is none with the hosts."""
        slot, following = come_round(rhythm, now)
        community = community_of(session, rhythm.community_id, now)
        former = latest_turn(session, community.id)
        if former is not None:
            _give_back(session, former)
        assert rhythm.id is not None
        turn = KeeperTurn(
            community_id=community.id,
            rhythm_id=rhythm.id,
            day=slot.day,
            starts_at=slot.instant,
            ends_at=following.instant,
            channel_id=community.calls_channel_id,
        )
        session.add(turn)
        session.flush()
        _give(turn, next(iter(_in_line(session, community, turn, now)), None), now)
        if former is not None:
            former.ends_at = min(former.ends_at, slot.instant)  # the rhythm was moved closer
            if _goes_on_asking(former, turn):
                turn.message_id, turn.version, former.message_id = former.message_id, 1, None
            elif former.version:
                show_turn(session, former, now)
        show_turn(session, turn, now, expires_at=None if turn.version else slot.instant + RITUAL_LATENESS)

    @transaction
    def card(self, session: Session, delivery: Delivery) -> KeeperCard:
        """Return a turn as its card shows it. Raises Needless when there is nothing to show any more."""
        now = self._clock.now()
        turn = session.get(KeeperTurn, delivery.subject_id)
        if turn is None:
            raise Needless("gone")
        community = community_of(session, turn.community_id, now)
        if not community.tended:
            raise Needless("left")
        posts = delivery.key == FIRST or delivery.key.endswith(ANEW)
        over = not _is_running(session, turn, now)
        if posts and over and delivery.attempt == 1:
            raise Needless("over")
        if not posts and turn.message_id is None:
            raise Needless("never-posted")
        return KeeperCard(community, turn, over, posts)

    @transaction
    def keeper_left(self, session: Session, community_id: int, turn_id: int, member_id: int) -> None:
        """Pass a turn on from a keeper who is no longer part of the server; they are no volunteer there either."""
        now = self._clock.now()
        turn = turn_of(session, community_id, turn_id)
        saved_member(session, community_id, member_id).keeps = False
        if turn is not None and turn.keeper_id == member_id:
            community = community_of(session, community_id, now)
            _give(turn, next(iter(_in_line(session, community, turn, now)), None), now)

    @transaction
    def hand_on(self, session: Session, community_id: int, person: Person, keeper_id: int) -> KeeperTurn:
        """Pass the turn from the keeper a card shows to the next in line, who has not had it yet; else to the hosts.

        They who hand on are next in line another time. Raises Refusal when they don't keep any more, or for someone
        who is neither they nor a host.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        turn = self._running(session, turn_now(session, community_id, now), now)
        if turn.keeper_id != keeper_id:
            raise Refusal(_("This turn has changed hands already. The card shows who keeps calls now."))
        if person.member_id != keeper_id and not is_host(community, person):
            raise Refusal(
                _("Its keeper or a host hands a turn on. If you would like to keep calls, press *I'll take this week*.")
            )
        _give(turn, next(iter(_in_line(session, community, turn, now)), None), now)
        show_turn(session, turn, now, anew=turn.keeper_id is not None)
        return turn

    @transaction
    def take(self, session: Session, community_id: int, member_id: int, turn_id: int) -> KeeperTurn:
        """Make a turn a member's; the keeper there was has their turn back, so that they are next in line.

        Raises Refusal when it is theirs already, when it is over, or when they are away.
        """
        now = self._clock.now()
        community = community_of(session, community_id, now)
        turn = self._running(session, turn_of(session, community_id, turn_id), now)
        if turn.keeper_id == member_id:
            raise Refusal(_("You keep calls already, and that stands. *Hand on* passes the turn on."))
        member = saved_member(session, community_id, member_id)
        if _is_away(member, community, now):
            raise Refusal(_("You are away just now, so calls would not reach you. /me says when you are back."))
        former_id, turn.keeper_id = turn.keeper_id, None
        if former_id is not None:
            saved_member(session, community_id, former_id).kept_at = last_kept(session, turn, former_id)
        _give(turn, member, now)
        show_turn(session, turn, now, anew=former_id is not None)
        return turn

    @transaction
    def volunteer(self, session: Session, community_id: int, member_id: int, *, keeps: bool) -> bool:
        """Count a member in or out as a volunteer; tell whether the turn there is now is theirs all the same."""
        now = self._clock.now()
        community_of(session, community_id, now)
        saved_member(session, community_id, member_id).keeps = keeps
        turn = turn_now(session, community_id, now)
        return turn is not None and turn.keeper_id == member_id

    def _running(self, session: Session, found: KeeperTurn | None, now: datetime) -> KeeperTurn:
        """Return a turn that has not ended, locked. Raises Refusal otherwise."""
        turn = None if found is None or found.id is None else turn_of(session, found.community_id, found.id)
        if turn is None or not _is_running(session, turn, now):
            raise Refusal(_("That turn is over. The newest card in the channel for calls shows who keeps them now."))
        return turn


def keeper_of(session: Session, community_id: int, now: datetime) -> int | None:
    """Return who keeps a community's calls; ``None``: the hosts do, also while the keeper is away."""
    turn = turn_now(session, community_id, now)
    if turn is None or turn.keeper_id is None:
        return None
    keeper = member_of(session, community_id, turn.keeper_id)
    return None if _is_away(keeper, community_of(session, community_id, now), now) else turn.keeper_id


def keeper_gone(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Count a member who left the server out as a volunteer, and pass on the turn there is now if they keep it."""
    saved_member(session, community_id, member_id).keeps = False
    turn = turn_now(session, community_id, now)
    if turn is not None and turn.keeper_id == member_id:
        community = community_of(session, community_id, now)
        _give(turn, next(iter(_in_line(session, community, turn, now)), None), now)
        show_turn(session, turn, now, anew=turn.keeper_id is not None)


def forget_keeper(session: Session, community_id: int, member_id: int, now: datetime) -> None:
    """Take a member's name off the turns they kept and off their cards; the turn there is now falls to the hosts."""
    for turn in turns_of(session, community_id, member_id):
        turn.keeper_id = None
        if turn.version:
            show_turn(session, turn, now)


def keeper_export(session: Session, community_id: int, member_id: int) -> list[dict[str, Any]]:
    """Return the turns a member kept, as plain values for a JSON file."""
    return [
        {
            "day": each.day.isoformat(),
            "starts_at": each.starts_at.isoformat(timespec="seconds"),
            "ends_at": each.ends_at.isoformat(timespec="seconds"),
            "channel_id": str(each.channel_id) if each.channel_id else None,
            "message_id": str(each.message_id) if each.message_id else None,
        }
        for each in turns_of(session, community_id, member_id)
    ]


def _in_line(session: Session, community: Community, turn: KeeperTurn, now: datetime) -> list[Member]:
    """Return who a turn may pass to, first in line first: those who have had it already and those away are left out."""
    return [
        each
        for each in volunteers(session, community.id)
        if each.member_id != turn.keeper_id
        and (each.kept_at is None or each.kept_at < turn.starts_at)
        and not _is_away(each, community, now)
    ]


def _is_away(member: Member, community: Community, now: datetime) -> bool:
    return is_away(member.away_until, member.zone or community.zone, now)


def _give(turn: KeeperTurn, member: Member | None, now: datetime) -> None:
    """Give a turn to a member, or with none to the hosts."""
    turn.keeper_id = None if member is None else member.member_id
    if member is not None:
        member.kept_at = now


def _give_back(session: Session, former: KeeperTurn) -> None:
    """Let those who handed a turn on be where they were in line: until it was over it was not to come back to them."""
    for each in members_who_kept_since(session, former.community_id, former.starts_at):
        if each.member_id != former.keeper_id:
            each.kept_at = last_kept(session, former, each.member_id)


def _goes_on_asking(former: KeeperTurn, turn: KeeperTurn) -> bool:
    """Tell whether the card on which the turn before asks for volunteers may serve for this one, too."""
    return (
        former.keeper_id is None
        and turn.keeper_id is None
        and former.message_id is not None
        and former.channel_id == turn.channel_id
        and former.ends_at == turn.starts_at
    )


def _is_running(session: Session, turn: KeeperTurn, now: datetime) -> bool:
    current = turn_now(session, turn.community_id, now)
    return current is not None and current.id == turn.id


def _settle_keeper(session: Session, delivery: Delivery, said: Said | None) -> None:
    turn = session.get(KeeperTurn, delivery.subject_id)
    if said is not None and turn is not None:
        turn.channel_id, turn.message_id = said.channel_id, said.message_id
