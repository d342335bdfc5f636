"""The community that rehearses: eight bakers who learned sourdough together."""

from dataclasses import dataclass

COMMUNITY = "The Long Rise"
ZONE = "Europe/Brussels"


@dataclass(frozen=True)
class Part:
    """One person: where they live, and what to know about them."""

    name: str
    place: str
    zone: str
    about: str
    locale: str = "en-GB"
    manages: bool = False
    hosts: bool = False


CAST = (
    Part("Lieve", "Ghent", ZONE, "gave the course, looks after the server, hosts", manages=True, hosts=True),
    Part("Tomás", "Lisbon", "Europe/Lisbon", "hosts too, always on his phone", hosts=True),
    Part("Amina", "Nairobi", "Africa/Nairobi", "bakes for half her street"),
    Part("Jonas", "Leipzig", "Europe/Berlin", "has his Discord in German", locale="de"),
    Part("Keiko", "Kyoto", "Asia/Tokyo", "ends her day when Ghent begins"),
    Part("Rosa", "Oaxaca", "America/Mexico_City", "has one oven and no time"),
    Part("Bridie", "Cork", "Europe/Dublin", "comes and goes, and is welcome either way"),
    Part("Sami", "Tampere", "Europe/Helsinki", "reads everything, says little"),
)
