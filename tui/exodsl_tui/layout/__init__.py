"""Where things stand on a screen: boxes of a graph, folded chains, times on an axis. Pure: no terminal, no clock."""
