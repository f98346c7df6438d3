"""A Dask cluster of this machine, until its stdin ends; prints the address of its scheduler."""

import sys

import dask  # pyright: ignore[reportMissingImports]
from distributed import LocalCluster  # pyright: ignore[reportMissingImports]


def main() -> None:
    """Start a scheduler and two workers, each a process."""
    dask.config.set({"distributed.scheduler.allowed-failures": 0})
    with LocalCluster(n_workers=2, threads_per_worker=2, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
