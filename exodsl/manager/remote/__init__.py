"""The state manager of a server elsewhere: exodsl's own protocol over HTTP, in one description for both sides."""
