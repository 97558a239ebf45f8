"""What the HTTP servers log: their own mistakes, not those of whoever sends nonsense or leaves."""

import logging

_NAME = "xq.sim.http"


def http_logger() -> logging.Logger:
    """For aiohttp's server, which would write a traceback about every malformed request,
    and about everyone who goes away in the middle of one.

    Examples
    --------
    >>> http_logger() is http_logger(), len(http_logger().filters)
    (True, 1)
    """
    logger = logging.getLogger(_NAME)
    if not logger.filters:
        logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    from aiohttp import web
    from aiohttp.http_exceptions import HttpProcessingError

    theirs = (HttpProcessingError, web.RequestPayloadError, ConnectionError)
    return not (record.exc_info and isinstance(record.exc_info[1], theirs))
