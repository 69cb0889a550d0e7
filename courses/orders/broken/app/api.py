"""The page on which an order is placed, and the one that says what became of it."""

import json
import os
import uuid

import psycopg
import redis
from flask import Flask, redirect, request

app = Flask(__name__)
queue = redis.from_url(os.environ["REDIS_URL"])

MENU = """<!doctype html>
<title>The kitchen</title>
<h1>What would you like?</h1>
<form method="post" action="/orders">
  <label>Dish <input name="dish" required></label>
  <button>Order</button>
</form>
"""


@app.get("/")
def menu():
    return MENU


@app.post("/orders")
def place():
    order = {"id": uuid.uuid4().hex[:8], "dish": request.form["dish"]}
    queue.lpush(os.environ["QUEUE"], json.dumps(order))
    return redirect(f"/orders/{order['id']}")


@app.get("/orders/<order>")
def state(order):
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        done = db.execute("SELECT dish FROM orders WHERE id = %s", (order,)).fetchone()
    return f"order {order}: {'done' if done else 'queued'}"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)
