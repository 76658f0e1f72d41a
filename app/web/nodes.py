"""The nodes there are: ``/api/admin/nodes``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import fields as base

from app.rtc.bus import Node
from app.services.callers import Caller
from app.services.nodes import Nodes as NodesService

from .endpoint import Request, endpoint
from .schemas import Schema


class WorkerAnswer(Schema):
    """How busy a worker is."""

    slot = base.Integer(required=True)
    cpu = base.Float(required=True, metadata={"description": "The share of a core that it used of late, 0 to 1."})
    consumers = base.Integer(required=True)
    rooms = base.Integer(required=True)
    peers = base.Integer(required=True)


class NodeAnswer(Schema):
    """A node, as it described itself about a second ago."""

    id = base.String(required=True)
    epoch = base.Integer(
        required=True, metadata={"description": "Grows when it comes back after the others took it for dead."}
    )
    region = base.String(required=True)
    url = base.String(required=True, allow_none=True, metadata={"description": "Where clients reach its websocket."})
    media_ip = base.String(required=True, metadata={"description": "Where other nodes send media to."})
    version = base.String(required=True)
    draining = base.Boolean(required=True)
    workers = base.List(base.Nested(WorkerAnswer), required=True)


class NodesAnswer(Schema):
    """All that are alive."""

    node_id = base.String(required=True, metadata={"description": "The one that answers."})
    problem = base.String(
        required=True,
        allow_none=True,
        metadata={"description": "What is wrong between the nodes now; the list is how it was before."},
    )
    nodes = base.List(base.Nested(NodeAnswer), required=True)


class Nodes:
    """For admins, and for the operator's commands."""

    def __init__(self, nodes: NodesService) -> None:
        self._nodes = nodes

    @endpoint(
        "GET",
        "/api/admin/nodes",
        summary="The nodes there are",
        tag="admin",
        auth="user",
        answers={200: NodesAnswer},
        errors=(403,),
    )
    async def list(self, request: Request[Caller]) -> dict[str, Any]:
        """With what they have to do. A node that was not heard for a while is gone from the list."""
        nodes: Sequence[Node] = self._nodes.list(request.caller)
        return {"node_id": self._nodes.this.id, "problem": self._nodes.problem, "nodes": nodes}
