"""Templates at random, for properties that hold for every one."""

from hypothesis import strategies as st

from exodsl.template.checks import HARMLESS, check
from exodsl.template.models import GraphTemplate
from tests.properties.shapes import Draw as Bytes
from tests.properties.shapes import draw_shape


@st.composite
def templates(draw: st.DrawFn) -> GraphTemplate:
    """Draw a template that passes the checks on its structure; some nodes do not say whether they fan out."""
    nodes = draw_shape(Bytes(draw(st.binary(min_size=160, max_size=160))))
    silent = draw(st.sets(st.sampled_from([node.identifier for node in nodes]), max_size=3))
    made = [node.model_copy(update={"fans_out": None}) if node.identifier in silent else node for node in nodes]
    template = GraphTemplate(nodes=tuple(made))
    if all(finding.code in HARMLESS for finding in check(template)):
        return template
    return GraphTemplate(nodes=tuple(nodes))
