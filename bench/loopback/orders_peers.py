"""What `bench/venue_orders.py` has beside the venue, each in a process of its own.

python bench/loopback/orders_peers.py floor            bare aiohttp, one body for every request
python bench/loopback/orders_peers.py listen ADDRESS   reads a stream and throws it away
"""

import asyncio
import sys

import aiohttp
from aiohttp import web

_ORDER = (
    b'{"orderId":1,"symbol":"BTCUSDT","status":"NEW","clientOrderId":"x","price":"41000.00",'
    b'"avgPrice":"0.00","origQty":"0.010","executedQty":"0.000","cumQty":"0.000",'
    b'"cumQuote":"0.00000","timeInForce":"GTC","type":"LIMIT","reduceOnly":false,'
    b'"closePosition":false,"side":"BUY","positionSide":"BOTH","stopPrice":"0.00",'
    b'"workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"LIMIT",'
    b'"priceMatch":"NONE","selfTradePreventionMode":"NONE","goodTillDate":0,"updateTime":1}'
)


async def floor() -> None:
    """Answer until the end of input."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=_ORDER, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


async def listen(address: str) -> None:
    """Say when the first message came, then read on until the process is ended."""
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await socket.receive()
        print("listening", flush=True)
        async for _ in socket:
            pass


if __name__ == "__main__":
    asyncio.run(floor() if sys.argv[1] == "floor" else listen(sys.argv[2]))
