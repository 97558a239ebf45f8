"""``POST /api/v3/order/cancelReplace``: cancel one spot order and place another."""

from typing import Any

from xq.sim.instruments import Face
from xq.sim.refusal import Reason, Refusal
from xq.sim.wire.errors import Replacement, wire_error
from xq.sim.wire.order_params import spot_order
from xq.sim.wire.params import Params
from xq.sim.wire.route import Caller, Json
from xq.sim.wire.spot_payloads import canceled_order, placed_order

_SPOT = Face.SPOT
_MODES = ("STOP_ON_FAILURE", "ALLOW_FAILURE")
_SUCCESS, _FAILURE, _NOT_ATTEMPTED = "SUCCESS", "FAILURE", "NOT_ATTEMPTED"


def cancel_replace(caller: Caller, params: Params) -> Json:
    """Cancel, then place; with STOP_ON_FAILURE nothing is placed if nothing was canceled."""
    params.required("cancelReplaceMode")
    stop = params.one_of("cancelReplaceMode", _MODES, _MODES[0]) == _MODES[0]
    order_id = params.integer("cancelOrderId")
    client_id = params.text("cancelOrigClientOrderId")
    if order_id is None and client_id is None:
        raise Refusal(Reason.MISSING_PARAMETER, "cancelOrderId")
    shape = params.one_of("newOrderRespType", ("ACK", "RESULT", "FULL"), "RESULT")
    request = spot_order(params)
    done: dict[str, Any] = {"cancelResult": _SUCCESS, "newOrderResult": _NOT_ATTEMPTED,
                            "cancelResponse": None, "newOrderResponse": None}  # fmt: skip
    try:
        canceled = caller.venue.cancel(
            caller.owner, _SPOT, request.symbol, order_id=order_id, client_id=client_id
        )
        done["cancelResponse"] = canceled_order(canceled)
    except Refusal as refusal:
        done |= {"cancelResult": _FAILURE, "cancelResponse": wire_error(refusal, _SPOT).payload}
        if stop:
            raise Replacement(Reason.REPLACE_FAILED, done) from None
    try:
        placed = caller.venue.place(caller.owner, _SPOT, request)
        done |= {"newOrderResult": _SUCCESS, "newOrderResponse": placed_order(placed, shape)}
    except Refusal as refusal:
        done |= {"newOrderResult": _FAILURE, "newOrderResponse": wire_error(refusal, _SPOT).payload}
    if done["cancelResult"] == done["newOrderResult"] == _SUCCESS:
        return done
    both = done["cancelResult"] == done["newOrderResult"]
    raise Replacement(Reason.REPLACE_FAILED if both else Reason.REPLACE_PARTLY, done)
