"""The simulated venue's Binance face over HTTP."""
