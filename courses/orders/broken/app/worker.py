"""Takes orders off the queue, one after the other, cooks them, and writes down that they are done."""

import json
import os
import time

import psycopg
import redis

# Seconds that a dish takes.
COOKING = 2

QUEUE = os.environ["QUEUE"]
queue = redis.from_url(os.environ["REDIS_URL"])
queue.ping()
print(f"worker waits on {QUEUE}", flush=True)


def cook(order):
    dish = order["meal"]
    time.sleep(COOKING)
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        db.execute("INSERT INTO orders (id, dish) VALUES (%s, %s)", (order["id"], dish))


while True:
    # Two seconds, and once more: a call that waits for ever is cut off by the client after five.
    taken = queue.brpop([QUEUE], timeout=2)
    if taken is None:
        continue
    order = json.loads(taken[1])
    try:
        cook(order)
        print(f"done {order['id']}")
    except Exception as error:
        print(f"failed {order['id']}: {error!r}")
