"""What Kith knows and decides. Only client.py, connection.py and rehearsal/ know of Discord."""

__version__ = "0.1.0"
