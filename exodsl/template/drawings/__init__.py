"""Drawings of a template, alone or with the counts of a run: text, mermaid, dot, JSON."""

from exodsl.template.drawings.data import as_json as as_json
from exodsl.template.drawings.dot import as_dot as as_dot
from exodsl.template.drawings.mermaid import as_mermaid as as_mermaid
from exodsl.template.drawings.rails import RailRow as RailRow
from exodsl.template.drawings.rails import rail_rows as rail_rows
from exodsl.template.drawings.scene import Counts as Counts
from exodsl.template.drawings.scene import Scene as Scene
from exodsl.template.drawings.text import as_text as as_text

__all__ = ["Counts", "RailRow", "Scene", "as_dot", "as_json", "as_mermaid", "as_text", "rail_rows"]
