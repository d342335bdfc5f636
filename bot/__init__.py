"""What Kith knows and decides. Only client.py and rehearsal/ know of Discord."""
