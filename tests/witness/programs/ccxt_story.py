"""A story of calls on one exchange of ccxt, synchronous or not."""

import inspect

from record import Record


class Story:
    """Calls in an order in which each has something to see."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.record = Record()

    async def call(self, name, method, *args):
        """A call by its method's name; what it answers, or None."""

        async def made():
            value = getattr(self.exchange, method)(*args)
            return await value if inspect.isawaitable(value) else value

        return await self.record.wait(name, made())

    async def plain(self, method, *args):
        return await self.call(method, method, *args)
