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
