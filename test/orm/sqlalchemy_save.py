"""Saves lists as a program with SQLAlchemy does; prints what it has done."""

import os

from sqlalchemy import (BigInteger, Boolean, Column, DateTime, Integer, Text,
                        create_engine)
from sqlalchemy.orm import Session, declarative_base
from sqlalchemy.orm.attributes import flag_modified

Base = declarative_base()


class Catalog(Base):
    __tablename__ = "catalogs"

    id = Column(BigInteger, primary_key=True)
    name = Column(Text)
    type = Column(Text)
    can_add_elements = Column(Boolean)
    can_show_in_cards = Column(Boolean)
    can_link_multiple = Column(Boolean)
    sort = Column(Integer)
    created_by = Column(BigInteger)
    created_at = Column(DateTime(timezone=True))
    request_id = Column(BigInteger)


KEYS = [column.name for column in Catalog.__table__.columns]

engine = create_engine("postgresql+psycopg2://@/postgres", connect_args={
    "host": os.environ["PGHOST"], "port": os.environ["PGPORT"]})

with Session(engine) as session:
    catalog = session.get(Catalog, 4223)
    for key in KEYS:
        if key != "id":
            flag_modified(catalog, key)
    session.commit()
    print("saved as it was")

    session.refresh(catalog)
    catalog.name = "Goods"
    for key in KEYS:
        if key != "id":
            flag_modified(catalog, key)
    session.commit()
    print("saved", catalog.name)

    # one that comes from elsewhere, whole
    given = {key: getattr(session.get(Catalog, 4230), key) for key in KEYS}
    session.expunge_all()
    session.merge(Catalog(**{**given, "name": "Rates"}))
    session.commit()
    print("merged", session.get(Catalog, 4230).name)

    added = Catalog(name="Books", type="regular")
    session.add(added)
    session.commit()
    print("added", added.id, added.name, added.sort)

    several = [Catalog(name=f"List {n}", type="regular") for n in range(1, 101)]
    session.add_all(several)
    session.commit()
    print("added", len({catalog.id for catalog in several}), "lists")
