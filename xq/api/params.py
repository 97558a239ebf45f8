"""``--param name=value``, as every command that runs a strategy takes it."""

from collections.abc import Iterable

from xq.errors import UsageError


def assigned(texts: Iterable[str]) -> dict[str, object]:
    """Names and values of ``name=value`` texts; the strategy says later what fits.

    Raises
    ------
    UsageError
        If a text has no name or no ``=``, or a name comes twice.

    Examples
    --------
    >>> assigned(["fast=20", " slow = 50 "])
    {'fast': '20', 'slow': '50'}
    """
    found: dict[str, object] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals):
            raise UsageError(
                f"a parameter is written name=value, found {text!r}", hint="--param fast=20"
            )
        if name in found:
            raise UsageError(
                f"parameter {name!r} is given twice, as {found[name]} and {value}",
                hint=f"--param {name}={value}",
            )
        found[name] = value
    return found
