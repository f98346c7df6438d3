"""A Ray cluster of this machine, until its stdin ends; prints its address."""

import logging
import sys

import ray  # pyright: ignore[reportMissingImports]


def main() -> None:
    """Start a head whose workers are up to two processes at once."""
    ray.init(num_cpus=2, include_dashboard=False, logging_level=logging.ERROR)
    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
    ray.shutdown()


if __name__ == "__main__":
    main()
