"""How a user writes a workflow: nodes, graphs, references, signals."""

from exodsl.dsl.base_node import BaseNode as BaseNode
from exodsl.dsl.body import Body as Body
from exodsl.dsl.code import Address as Address
from exodsl.dsl.code import Injected as Injected
from exodsl.dsl.context import Context as Context
from exodsl.dsl.context import current_run as current_run
from exodsl.dsl.decorator import node as node
from exodsl.dsl.edges import Connector as Connector
from exodsl.dsl.edges import Edge as Edge
from exodsl.dsl.edges import any_of_nodes as any_of_nodes
from exodsl.dsl.graph import Graph as Graph
from exodsl.dsl.graph import NoModel as NoModel
from exodsl.dsl.injection import Env as Env
from exodsl.dsl.injection import env as env
from exodsl.dsl.injection import inject as inject
from exodsl.dsl.injection import secret as secret
from exodsl.dsl.injection import stored as stored
from exodsl.dsl.nodes import Bound as Bound
from exodsl.dsl.nodes import Node as Node
from exodsl.dsl.references import Reference as Reference
from exodsl.dsl.references import collect as collect
from exodsl.dsl.signals import Fatal as Fatal
from exodsl.dsl.signals import Prune as Prune
from exodsl.dsl.signals import PruneSignal as PruneSignal
from exodsl.dsl.signals import Requeue as Requeue
from exodsl.dsl.signals import ReQueueAfterSignal as ReQueueAfterSignal
from exodsl.dsl.store import Store as Store
from exodsl.dsl.store import StoreSession as StoreSession

__all__ = [
    "Address",
    "BaseNode",
    "Body",
    "Bound",
    "Connector",
    "Context",
    "Edge",
    "Env",
    "Fatal",
    "Graph",
    "Injected",
    "NoModel",
    "Node",
    "Prune",
    "PruneSignal",
    "ReQueueAfterSignal",
    "Reference",
    "Requeue",
    "Store",
    "StoreSession",
    "any_of_nodes",
    "collect",
    "current_run",
    "env",
    "inject",
    "node",
    "secret",
    "stored",
]
