"""The state manager over HTTP: Exosphere's API, for runtimes and programs that do not see the database."""
