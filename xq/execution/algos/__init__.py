"""Parent orders as step machines: what to ask of the venue next, given what is known."""
