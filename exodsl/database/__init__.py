"""What is remembered: tables, transactions, and every SQL statement (the only room with peewee)."""
