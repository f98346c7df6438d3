"""What an inspector asks, answered by the embedded manager: lists that search, and explanations."""
