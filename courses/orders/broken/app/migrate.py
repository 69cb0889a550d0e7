"""Makes the table. Compose runs it before whatever needs the table."""

import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    db.execute("CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, dish text NOT NULL)")
print("migrated")
