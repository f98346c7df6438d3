"""What Exosphere's HTTP API asks of the embedded manager: registered nodes, lent states, its own views of runs."""
