"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

TARGET_HELP = "A workflow: file.py, file.py:graph, package.module:graph, or a template.json with --nodes."
Target = Annotated[str, typer.Argument(metavar="TARGET", help=TARGET_HELP)]
RunId = Annotated[
    str,
    typer.Argument(metavar="RUN", help="The id of a run, or any unique start or end of it."),
]
Nodes = Annotated[
    str | None,
    typer.Option(metavar="MODULE", help="Where the nodes of a template.json are: file.py or package.module."),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URI",
        help="sqlite:///path, a path, :memory:, postgresql://user@host/database, or http://host:port of a server; by"
        " default exodsl.db in the nearest .exodsl folder upwards.",
        show_default=False,
    ),
]
Workers = Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many bodies run at once.")]
ExecutorOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--executor",
        metavar="NAME=WHERE",
        help="Where bodies run that ask for executor NAME: process:4, dask:tcp://host:8786, ray:auto. Repeat it.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="How many to list.")]
Cursor = Annotated[str | None, typer.Option(metavar="CURSOR", help="Where to go on; the end of a page says it.")]
Namespace = Annotated[str | None, typer.Option(metavar="NAME", help="Only runs of graphs in this namespace.")]
