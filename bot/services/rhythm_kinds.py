"""What a rhythm of each kind needs: its channel, and for learning circles how they are held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.errors import Refusal
from bot.formats import our_formats
from bot.language import _
from bot.store.communities import Community
from bot.store.rhythms import Rhythm, RhythmKind, Way

USUAL_FORMAT = "check-in-circle"
"""The format of circles nobody chose one for."""


@dataclass(frozen=True)
class Holding:
    """How a rhythm's circles are held: the format, live in a channel or at a link (else in writing), for how many."""

    format_id: str | None = None
    place_id: int | None = None
    link: str = ""
    room: int | None = None

    @property
    def way(self) -> Way:
        """How its circles meet."""
        return Way.LIVE if self.place_id is not None or self.link else Way.WRITTEN


AS_USUAL = Holding()
"""Nothing chosen."""


def require_room_for(kind: RhythmKind, community: Community, rhythms: Sequence[Rhythm]) -> None:
    """Raise Refusal when there is no channel for what a new rhythm brings, or a keeper's rhythm already."""
    if kind is RhythmKind.KEEPER:
        _require_room_for_keeper(community, rhythms)
    if kind is RhythmKind.CIRCLE and community.circles_channel_id is None:
        raise Refusal(
            _(
                "There is no channel for circles yet, where they are announced. Someone with *Manage Server* can "
                "choose one in /setup start; then add this rhythm again."
            )
        )


def _require_room_for_keeper(community: Community, rhythms: Sequence[Rhythm]) -> None:
    if any(each.kind is RhythmKind.KEEPER for each in rhythms):
        raise Refusal(_("There is a rhythm for the keeper of calls already. /rhythm move changes when a turn begins."))
    if community.calls_channel_id is None:
        raise Refusal(
            _(
                "There is no channel for calls yet, where keepers are named. Someone with *Manage Server* can choose "
                "one in /setup start; then add this rhythm again."
            )
        )


def check_holding(community: Community, kind: RhythmKind, holding: Holding) -> Holding:
    """Return how circles are held, with a format; a rhythm of another kind holds none.

    Raises Refusal for a channel and a link at once, and for a format that isn't there or doesn't suit the way.
    """
    if kind is not RhythmKind.CIRCLE:
        if holding != AS_USUAL:
            raise Refusal(
                _(
                    "Format, place, link and room belong to learning circles. Choose *what: learning circles*, or "
                    "leave them out."
                )
            )
        return holding
    if holding.place_id is not None and holding.link:
        raise Refusal(_("A circle meets in one place. Choose a channel, or write an address."))
    formats = our_formats()
    suiting = [
        each for each in formats.all(community.language) if (each.live if holding.way is Way.LIVE else each.written)
    ]
    if holding.format_id is None:
        usual = next((each for each in suiting if each.id == USUAL_FORMAT), suiting[0])
        return replace(holding, format_id=usual.id)
    if formats.format(community.language, holding.format_id) is None:
        raise Refusal(_("I don't know that format. Pick one from the list that appears as you type."))
    if holding.format_id not in {each.id for each in suiting}:
        raise Refusal(_("That format does not suit this way of meeting. Choose another format, or the other way."))
    return holding
