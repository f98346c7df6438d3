"""Whatever a graph may be given as its secrets."""

from pydantic import SecretStr

from exodsl import Graph, env, stored

VALUES: dict[str, str] = {"llm_key": "value"}

Graph("text", secrets={"llm_key": "value"})
Graph("texts", secrets=VALUES)
Graph("hidden", secrets={"llm_key": SecretStr("value")})
Graph("variable", secrets={"llm_key": env("LLM_KEY")})
Graph("mixed", secrets={"a": "value", "b": SecretStr("value"), "c": env("C"), "d": stored()})
