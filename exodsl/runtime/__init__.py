"""Who does the work: claim states, run node bodies, report what became of them."""
