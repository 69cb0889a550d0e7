"""The form on the front page."""

from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange


class ItemForm(FlaskForm):
    name = StringField("Name", validators=[InputRequired(), Length(max=256)])
    quantity = IntegerField("Quantity", validators=[InputRequired(), NumberRange(min=1, max=1_000_000)])
    description = StringField("Description", validators=[InputRequired(), Length(max=256)])
