"""The WebSocket face of the simulated venue: market streams, user streams, order API."""
