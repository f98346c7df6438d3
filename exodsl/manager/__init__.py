"""The state manager: one protocol, embedded over a database."""
