"""The official modular SDK, and what it has to say of the types it reads."""

import logging

from binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
    DerivativesTradingUsdsFutures,
)


def client(url):
    """What docs/venue/clients.md shows."""
    ws = url.replace("http", "ws")
    keys = {"api_key": "sim", "api_secret": "sim"}
    return DerivativesTradingUsdsFutures(
        config_rest_api=ConfigurationRestAPI(**keys, base_path=url),
        config_ws_api=ConfigurationWebSocketAPI(**keys, stream_url=ws + "/ws-fapi/v1"),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=ws + "/stream"),
    )


class Complaints(logging.Handler):
    """Its warnings: a value of another type than described, an event it does not know."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.said = []
        logging.getLogger().addHandler(self)

    def emit(self, entry):
        self.said.append(entry.getMessage())
