"""The way to the database."""

import os

from sqlalchemy import URL, create_engine
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

engine = create_engine(
    URL.create(
        "postgresql+psycopg",
        username=os.environ["POSTGRES_USER"],
        password=os.environ["POSTGRES_PASSWORD"],
        host="db",
        port=5432,
        database=os.environ["POSTGRES_DB"],
    ),
    pool_pre_ping=True,
)
db_session = scoped_session(sessionmaker(bind=engine))


class Base(DeclarativeBase):
    pass


def init_db():
    """Makes the tables. To be run once, before the first start."""
    import models  # once the models are known, so are the tables

    Base.metadata.create_all(engine)
