"""The inspector: runs, states, fanouts and unites on the screen, and what to do about them."""
