"""What goes wrong on purpose: faults of the venue, placed at exact calls and messages."""
