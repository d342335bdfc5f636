"""Tables and the questions asked of them, one file a noun."""

from sqlmodel import SQLModel

from bot.store.calls import Call, Relay, Response, Rung
from bot.store.checkins import CheckIn, Round
from bot.store.circles import Circle, CircleGroup, CircleRole, Coming, Harvest, HostInvitation, Seat, Wish
from bot.store.communities import Community, Remembered
from bot.store.deliveries import Delivery
from bot.store.keepers import KeeperTurn
from bot.store.members import Member
from bot.store.offers import Offer, OfferStem
from bot.store.rhythms import Rhythm
from bot.store.summaries import (
    ConfidentialThread,
    ModelUse,
    Summary,
    SummaryPerson,
    SummaryPoint,
    SummarySource,
)

TABLES: tuple[type[SQLModel], ...] = (
    Community,
    Remembered,
    Member,
    Rhythm,
    Round,
    CheckIn,
    Delivery,
    Call,
    Rung,
    Response,
    Relay,
    Offer,
    OfferStem,
    KeeperTurn,
    Circle,
    CircleRole,
    Coming,
    HostInvitation,
    Seat,
    CircleGroup,
    Harvest,
    Wish,
    Summary,
    SummaryPoint,
    SummarySource,
    SummaryPerson,
    ConfidentialThread,
    ModelUse,
)
"""Every table; naming them here loads them all before the schema is compared or written."""
