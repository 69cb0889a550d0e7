"""The shop: one page to put an item up for sale, one page to see them all."""

import os
from datetime import datetime

from flask import Flask, redirect, render_template, url_for

from database import db_session
from forms import ItemForm
from models import Items

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]


@app.route("/", methods=["GET", "POST"])
def sell():
    form = ItemForm()
    if form.validate_on_submit():
        item = Items(form.name.data, form.quantity.data, form.description.data, datetime.now())
        db_session.add(item)
        db_session.commit()
        return redirect(url_for("success"))
    return render_template("index.html", form=form)


@app.route("/success")
def success():
    return str(db_session.query(Items).all())


@app.teardown_appcontext
def close_session(error=None):
    db_session.remove()


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=80)
