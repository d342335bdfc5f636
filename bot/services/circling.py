"""What people press while a circle runs, and what is gathered at its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.clock import Clock
from bot.database import Database, insert_if_new, transaction
from bot.errors import Refusal
from bot.formats import Kind, Role
from bot.language import _
from bot.services.carrying import LEADS, is_for_anyone
from bot.services.circle_showing import say_in_circle
from bot.services.hosting import Stage, stage_at
from bot.services.people import Person, require_host
from bot.services.running import (
    add_time,
    begin,
    close,
    hand_on,
    holder,
    next_step,
    step_of,
)
from bot.services.words import given_back, visible
from bot.store.circles import (
    Circle,
    CircleState,
    Harvest,
    SeatState,
    Wish,
    circle_key,
    circle_of,
    harvest_of,
    roles_in,
    who_comes,
    wishes_for,
)
from bot.store.communities import Community, community_of
from bot.store.said_again import is_said

LONGEST_LINES, LONGEST_QUESTION, LONGEST_WISH = 900, 300, 55
MOST_ANSWERS = 10
"""Answers a poll on Discord takes."""
A_PAUSE = timedelta(minutes=1)
"""The bell rung again within this time is the same bell."""
LEFT_TO_OTHERS = timedelta(days=1)
"""A harvest that nobody has gathered so long after the close may be gathered by any who came."""


@dataclass(frozen=True)
class Pressed:
    """What became of a press on a running circle; ``again``: somebody else was first, or it stood so already.

    ``round_over``: everyone has had the talking piece, and the circle has gone on from the step.
    """

    circle: Circle
    again: bool = False
    round_over: bool = False


@dataclass(frozen=True)
class WishesGathered:
    """What members wish to happen next, for a poll: the lines wished most often first; ``left_out`` found no room."""

    community: Community
    circle: Circle
    answers: list[str]
    left_out: int = 0


class Circling:
    """Lets running circles be carried by those who hold them. All look-ups are within one community."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @transaction
    def begin(self, session: Session, community_id: int, person: Person, circle_id: int) -> Pressed:
        """Let a circle begin. Two at once begin it once. Raises Refusal for someone who may not yet."""
        circle, now = self._circle(session, community_id, circle_id), self._clock.now()
        if circle.state is CircleState.RUNNING:
            return Pressed(circle, again=True)
        if now < stage_at(circle, Stage.SOON):
            raise Refusal(
                _(
                    "It is early yet. *Begin* starts this circle from a quarter of an hour before its time: {when}."
                ).format(when=f"<t:{int(circle.starts_at.timestamp())}:f>")
            )
        self._require_lead(session, circle, person, now)
        begin(session, community_of(session, community_id, now), circle, now)
        return Pressed(circle)

    @transaction
    def next(self, session: Session, community_id: int, person: Person, circle_id: int, step: int) -> Pressed:
        """Go on from a step to the next; of two who press at once, one does."""
        there, now = circle_of(session, community_id, circle_id), self._clock.now()
        if there is not None and (there.step > step or (there.step == step and there.state is CircleState.CLOSED)):
            return Pressed(there, again=True)
        circle = self._running(session, community_id, person, circle_id)
        if circle.step != step:
            return Pressed(circle, again=True)
        next_step(session, community_of(session, community_id, now), circle, now)
        return Pressed(circle)

    @transaction
    def more_time(self, session: Session, community_id: int, person: Person, circle_id: int) -> Pressed:
        """Give the step two more minutes, or in writing two more hours."""
        circle = self._running(session, community_id, person, circle_id)
        add_time(session, circle, self._clock.now())
        return Pressed(circle)

    @transaction
    def ring(self, session: Session, community_id: int, circle_id: int) -> Pressed:
        """Ring the bell, as anyone may: a pause, and the intention said again. Within a minute it rings once."""
        circle, now = self._circle(session, community_id, circle_id), self._clock.now()
        if circle.state is not CircleState.RUNNING:
            raise Refusal(_("The bell rings while a circle runs, and this one does not yet."))
        if is_said(session, circle.id, "bell", now - A_PAUSE):
            return Pressed(circle, again=True)
        circle.rings += 1
        say_in_circle(session, circle, f"bell:{circle.rings}", now)
        return Pressed(circle)

    @transaction
    def close(self, session: Session, community_id: int, person: Person, circle_id: int) -> Pressed:
        """End a circle before its last step is over, or with it. Ended twice it ends once."""
        there, now = circle_of(session, community_id, circle_id), self._clock.now()
        if there is not None and there.state is CircleState.CLOSED:
            return Pressed(there, again=True)
        circle = self._running(session, community_id, person, circle_id)
        close(session, community_of(session, community_id, now), circle, now)
        return Pressed(circle)

    @transaction
    def speak(self, session: Session, community_id: int, person: Person, circle_id: int, done: SeatState) -> Pressed:
        """Pass the talking piece on: its holder spoke, passes, or keeps silence. Raises Refusal for others."""
        circle, now = self._circle(session, community_id, circle_id), self._clock.now()
        community = community_of(session, community_id, now)
        step = step_of(community, circle) if circle.state is CircleState.RUNNING else None
        held = holder(session, circle)
        if step is None or step.kind is not Kind.ROUND or held is None:
            raise Refusal(_("The talking piece is not going round just now. The panel shows where the circle is."))
        if held.member_id != person.member_id:
            raise Refusal(
                _("{name} holds the talking piece. It comes to everyone in turn.").format(name=f"<@{held.member_id}>")
            )
        before = circle.step
        hand_on(session, community, circle, now, done)
        return Pressed(circle, round_over=circle.step > before or circle.state is CircleState.CLOSED)

    @transaction
    def harvest_so_far(self, session: Session, community_id: int, person: Person, circle_id: int) -> Harvest | None:
        """Return a closed circle's harvest as it was gathered before. Raises Refusal as ``harvest`` does."""
        circle = circle_of(session, community_id, circle_id)
        if circle is None or circle.state is not CircleState.CLOSED:
            raise Refusal(_("A harvest is gathered once its circle is closed."))
        return self._require_harvester(session, circle, person, "")

    @transaction
    def harvest(
        self,
        session: Session,
        community_id: int,
        person: Person,
        circle_id: int,
        *,
        lines: str,
        question: str,
        thanks: str,
    ) -> Harvest:
        """Keep a closed circle's harvest and plan that its thread shows it; written again it is changed.

        For its harvester; for its host where there is none, and for any who came where neither is there or a day has
        gone by without one. Once it is gathered only its author changes it. Raises Refusal for others, and gives the
        words back.
        """
        circle, now = circle_of(session, community_id, circle_id), self._clock.now()
        written = "\n".join(each for each in (lines, question, thanks) if each)
        if circle is None or circle.state is not CircleState.CLOSED:
            raise given_back(_("A harvest is gathered once its circle is closed."), written)
        self._require_harvester(session, circle, person, written)
        kept = visible(lines).strip()[:LONGEST_LINES]
        if not kept:
            raise given_back(_("There are no words yet. A line is enough."), written)
        fresh = Harvest(circle_id=circle_key(circle), community_id=community_id, written_at=now)
        insert_if_new(session, Harvest, fresh.model_dump())
        harvest = harvest_of(session, circle.id)
        assert harvest is not None
        harvest.harvester_id, harvest.lines, harvest.written_at = person.member_id, kept, now
        harvest.question = visible(question).strip()[:LONGEST_QUESTION]
        harvest.thanks = visible(thanks).strip()[:LONGEST_QUESTION]
        say_in_circle(session, circle, f"gathered:{harvest.version}", now)
        harvest.version += 1
        return harvest

    def _require_harvester(self, session: Session, circle: Circle, person: Person, written: str) -> Harvest | None:
        """Return the harvest as it stands, if there is one. Raises Refusal unless a person may gather or change it."""
        harvest = harvest_of(session, circle.id)
        if harvest is not None and harvest.harvester_id is not None:
            if harvest.harvester_id != person.member_id:
                name = f"<@{harvest.harvester_id}>"
                raise given_back(
                    _("{name} has gathered this harvest. In the thread your words are welcome.").format(name=name),
                    written,
                )
            return harvest
        held = roles_in(session, circle.id)
        holder = held.get(Role.HARVESTER) or held.get(Role.HOST) or held.get(Role.CO_HOST)
        came = {*who_comes(session, circle), *(each.member_id for each in held.values())}
        waits = holder is not None and (circle.ended_at is None or self._clock.now() < circle.ended_at + LEFT_TO_OTHERS)
        if person.member_id not in ({holder.member_id} if waits and holder else came):
            raise given_back(
                _(
                    "The harvest is for this circle's harvester, and from a day after its close for any who came. "
                    "In the thread your words are welcome."
                ),
                written,
            )
        return harvest

    @transaction
    def wish(self, session: Session, community_id: int, person: Person, circle_id: int, words: str) -> Pressed:
        """Keep a member's private line on what wants to happen next; written again it is changed."""
        circle = circle_of(session, community_id, circle_id)
        if circle is None or circle.state is not CircleState.CLOSED:
            raise given_back(_("That is asked once a circle is closed."), words)
        line = " ".join(visible(words).split())
        if not line or len(line) > LONGEST_WISH:
            raise given_back(_("One line of up to 55 characters, please: it becomes an answer in a poll."), line)
        fresh = Wish(circle_id=circle_key(circle), member_id=person.member_id, community_id=community_id, words=line)
        if not insert_if_new(session, Wish, fresh.model_dump()):
            session.get_one(Wish, (circle_key(circle), person.member_id)).words = line
            return Pressed(circle, again=True)
        return Pressed(circle)

    @transaction
    def wishes_gathered(self, session: Session, community_id: int, person: Person, circle_id: int) -> WishesGathered:
        """Return the answers of a poll on what wants to happen next, in no order that tells whose they are.

        For hosts, and whoever hosted the circle. Raises Refusal for others, and for fewer than two different lines.
        """
        circle = circle_of(session, community_id, circle_id)
        if circle is None or circle.state is not CircleState.CLOSED:
            raise Refusal(_("That is asked once a circle is closed."))
        community = community_of(session, community_id, self._clock.now())
        held = roles_in(session, circle.id)
        if person.member_id not in {held[role].member_id for role in (Role.HOST, Role.CO_HOST) if role in held}:
            require_host(community, person)
        wished = sorted(each.words for each in wishes_for(session, community_id, circle_id))
        counted: dict[str, list[str]] = {}
        for words in wished:
            counted.setdefault(words.casefold(), []).append(words)
        if len(counted) < 2:
            raise Refusal(_("A poll needs two different lines, and so many are not here yet. Wait for more of them."))
        most_first = sorted(counted.values(), key=len, reverse=True)
        answers = [words[0] for words in most_first[:MOST_ANSWERS]]
        return WishesGathered(community, circle, answers, len(counted) - len(answers))

    def _circle(self, session: Session, community_id: int, circle_id: int) -> Circle:
        circle = circle_of(session, community_id, circle_id)
        if circle is None or circle.state is CircleState.CANCELLED:
            raise Refusal(_("This circle does not take place. /circle shows those to come."))
        if circle.state is CircleState.CLOSED:
            raise Refusal(_("This circle is over. /circle shows those to come."))
        return circle

    def _running(self, session: Session, community_id: int, person: Person, circle_id: int) -> Circle:
        circle, now = self._circle(session, community_id, circle_id), self._clock.now()
        if circle.state is not CircleState.RUNNING or circle.step_ends_at is None:
            raise Refusal(_("This circle has not begun. *Begin* on its panel starts it."))
        self._require_lead(session, circle, person, now)
        return circle

    def _require_lead(self, session: Session, circle: Circle, person: Person, now: datetime) -> None:
        """Raise Refusal unless a person may carry the circle: its host, co-host or guardian.

        Anyone may in a hostless one, and where what is due has waited for five minutes.
        """
        held = roles_in(session, circle.id)
        if person.member_id in {held[each].member_id for each in LEADS if each in held}:
            return
        if is_for_anyone(circle, held, now):
            return
        raise Refusal(
            _("The host or the guardian does that. Should they not be there, anyone can, five minutes after its time.")
        )
