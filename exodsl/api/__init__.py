"""What a program calls: graphs that run, runs to read, state managers to open, runtimes to start."""

from exodsl.api.graph import Graph as Graph
from exodsl.api.run import Run as Run
from exodsl.api.running import resume as resume
from exodsl.api.state_manager import StateManager as StateManager
from exodsl.runtime.runtime import Runtime as Runtime

__all__ = ["Graph", "Run", "Runtime", "StateManager", "resume"]
