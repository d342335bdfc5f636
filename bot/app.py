"""The one place where the parts are wired together."""

from dataclasses import dataclass

from bot.circle_deck import our_circle_decks
from bot.clock import Clock
from bot.courier import Courier
from bot.database import Database
from bot.deck import Decks, our_decks
from bot.formats import our_formats
from bot.model import Model
from bot.services.call_cards import CallCards
from bot.services.callers import Callers
from bot.services.calls import Calls
from bot.services.checkins import CheckIns
from bot.services.circle_cards import CircleCards
from bot.services.circles import Circles
from bot.services.circling import Circling
from bot.services.communities import Communities
from bot.services.keepers import Keepers
from bot.services.members import Members
from bot.services.model_uses import ModelUses
from bot.services.responses import Responses
from bot.services.rhythms import Rhythms
from bot.services.rounds import Rounds
from bot.services.summaries import Summaries
from bot.services.summary_cards import SummaryCards
from bot.summariser import Summariser


@dataclass(frozen=True)
class App:
    """Kith without Discord: what it keeps, knows and decides."""

    clock: Clock
    database: Database
    decks: Decks
    communities: Communities
    rhythms: Rhythms
    rounds: Rounds
    checkins: CheckIns
    members: Members
    calls: Calls
    responses: Responses
    callers: Callers
    call_cards: CallCards
    keepers: Keepers
    circles: Circles
    circling: Circling
    circle_cards: CircleCards
    summaries: Summaries
    summary_cards: SummaryCards
    model_uses: ModelUses
    summariser: Summariser
    courier: Courier


def assemble(database_url: str, clock: Clock, model: Model | None = None) -> App:
    """Wire the parts over one database, which must be migrated before anything is asked of it.

    Without a ``model`` summaries are gathered plainly.

    Raises DeckError when a file in ``prompts/`` can't be used.
    """
    decks = our_decks()
    our_formats()  # a mistake in these is told now, and not as a circle begins
    our_circle_decks()
    database = Database(database_url)
    rounds = Rounds(database, clock)
    keepers = Keepers(database, clock)
    call_cards = CallCards(database, clock)
    circle_cards = CircleCards(database, clock)
    summary_cards = SummaryCards(database)
    model_uses = ModelUses(database, clock)
    settle = rounds.settle | call_cards.settle | circle_cards.settle | keepers.settle | summary_cards.settle
    return App(
        clock=clock,
        database=database,
        decks=decks,
        communities=Communities(database, clock, decks),
        rhythms=Rhythms(database, clock),
        rounds=rounds,
        checkins=CheckIns(database, clock, decks),
        members=Members(database, clock),
        calls=Calls(database, clock),
        responses=Responses(database, clock),
        callers=Callers(database, clock),
        call_cards=call_cards,
        circles=Circles(database, clock),
        circling=Circling(database, clock),
        circle_cards=circle_cards,
        keepers=keepers,
        summaries=Summaries(database, clock),
        summary_cards=summary_cards,
        model_uses=model_uses,
        summariser=Summariser(model, model_uses),
        courier=Courier(database, clock, settle),
    )
