"""A database on a PostgreSQL server, shared by any number of machines (the only place with psycopg)."""
