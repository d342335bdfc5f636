"""Who asks, and what they may."""

from dataclasses import dataclass

from bot.errors import Refusal
from bot.language import _
from bot.store.communities import Community


@dataclass(frozen=True)
class Person:
    """The member behind a command or a button, as Discord described them at that moment."""

    member_id: int
    role_ids: frozenset[int] = frozenset()
    manages: bool = False
    """Whether they hold Discord's *Manage Server* permission."""


def is_host(community: Community, person: Person) -> bool:
    """Tell whether a person may change what the community agreed on."""
    return person.manages or (community.host_role_id is not None and community.host_role_id in person.role_ids)


def require_begun(community: Community) -> None:
    """Raise Refusal unless Kith has begun in a community."""
    if not community.tended:
        raise Refusal(_("Kith has not begun here yet. Someone with *Manage Server* can run /setup start."))


def require_host(community: Community, person: Person) -> None:
    """Raise Refusal unless the person is a host."""
    if not is_host(community, person):
        raise Refusal(
            _("Hosts can change this. If you would like to host, ask someone who runs this server for the role.")
        )
