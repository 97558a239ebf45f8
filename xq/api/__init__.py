"""One function per command; the only place where I/O meets the core."""
