"""Venues through ccxt: profiles, public data, the signed side, what an answer proves."""
