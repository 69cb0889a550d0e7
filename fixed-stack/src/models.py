"""What the shop remembers."""

from sqlalchemy import Column, DateTime, Integer, String

from database import Base


class Items(Base):
    __tablename__ = "items"

    id = Column(Integer, primary_key=True)
    name = Column(String(256))
    quantity = Column(Integer)
    description = Column(String(256))
    date_added = Column(DateTime)

    def __init__(self, name, quantity, description, date_added):
        self.name = name
        self.quantity = quantity
        self.description = description
        self.date_added = date_added

    def __repr__(self):
        return f"Item {self.id}: {self.name}, {self.quantity}, {self.description}, {self.date_added}"
