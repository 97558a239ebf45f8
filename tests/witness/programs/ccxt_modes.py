"""Isolated margin and hedge mode through ccxt: ``ccxt_modes.py URL sync|async EXCHANGE``."""

import asyncio
import sys

from ccxt_linear import client
from ccxt_story import Story

BTC, SOL = "BTC/USDT:USDT", "SOL/USDT:USDT"


async def isolated(story):
    await story.plain("load_markets")
    await story.plain("set_margin_mode", "isolated", SOL)
    await story.call("set_margin_mode unchanged", "set_margin_mode", "isolated", SOL)
    await story.plain("fetch_margin_mode", SOL)
    await story.call("open isolated", "create_order", SOL, "market", "buy", 10)
    await story.plain("add_margin", SOL, 20)
    await story.plain("reduce_margin", SOL, 10)
    await story.plain("fetch_margin_adjustment_history", SOL)
    [held] = await story.plain("fetch_positions", [SOL]) or [{"marginMode": None}]
    story.record.note(
        "the position is isolated", "ok" if held["marginMode"] == "isolated" else "no"
    )
    await story.call("set_margin_mode with a position", "set_margin_mode", "cross", SOL)
    closing = {"reduceOnly": True}
    await story.call("close isolated", "create_order", SOL, "market", "sell", 10, None, closing)


async def hedged(story):
    await story.plain("set_position_mode", True)
    await story.plain("fetch_position_mode")
    for side, opens in (("LONG", "buy"), ("SHORT", "sell")):
        which = {"positionSide": side}
        await story.call(f"open {side}", "create_order", BTC, "market", opens, 0.02, None, which)
    await story.call("one-way order", "create_order", BTC, "market", "buy", 0.02)
    held = await story.call("fetch both", "fetch_positions", [BTC]) or []
    sides = sorted(row["side"] for row in held)
    story.record.note("both sides are held", "ok" if sides == ["long", "short"] else str(sides))
    await story.call("set_position_mode with positions", "set_position_mode", False)
    for side, closes in (("LONG", "sell"), ("SHORT", "buy")):
        which = {"positionSide": side}
        await story.call(f"close {side}", "create_order", BTC, "market", closes, 0.02, None, which)
    await story.call("set_position_mode back", "set_position_mode", False)


async def main(url, mode, exchange):
    made = client(url, mode, exchange)
    story = Story(made)
    await isolated(story)
    await hedged(story)
    if mode == "async":
        await made.close()
    story.record.finish()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
