"""What screens are made of: tables, lines, bars, tabs and the lines above and below."""
