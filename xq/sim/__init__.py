"""The simulated venue: prices, matching, accounts, and the Binance wire."""
