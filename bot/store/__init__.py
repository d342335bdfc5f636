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
)
"""Every table; naming them here loads them all before the schema is compared or written."""
