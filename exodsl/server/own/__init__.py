"""exodsl's own protocol, beside Exosphere's: every call of the state manager, for runtimes and programs elsewhere."""
