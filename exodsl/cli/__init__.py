"""The command line: one module per command, nothing heavy imported before it is needed."""

from exodsl.cli.app import main as main

__all__ = ["main"]
