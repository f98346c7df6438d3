"""Executors by name: where bodies run that are for another process, or for a cluster (semantics 10)."""
