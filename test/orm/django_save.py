"""Saves lists as a Django application does; prints what it has done."""

import os

import django
from django.conf import settings
from django.db import models

settings.configure(
    DATABASES={"default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ["PGPORT"],
        "NAME": "postgres",
    }},
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()


class Catalog(models.Model):
    name = models.TextField()
    type = models.TextField(null=True)
    can_add_elements = models.BooleanField(null=True)
    can_show_in_cards = models.BooleanField(null=True)
    can_link_multiple = models.BooleanField(null=True)
    sort = models.IntegerField(null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(null=True)
    request_id = models.BigIntegerField(null=True)

    class Meta:
        app_label = "test"
        db_table = "catalogs"
        managed = False


Catalog.objects.get(id=4223).save()
print("saved as it was")

changed = Catalog.objects.get(id=4223)
changed.name = "Goods"
changed.save()
print("saved", Catalog.objects.get(id=4223).name)

found, created = Catalog.objects.update_or_create(
    id=4230, defaults={"name": "Rates"})
print("updated", found.id, found.name, created)

found, created = Catalog.objects.update_or_create(
    name="Books", defaults={"type": "regular"})
print("created", found.name, created)

for catalog in Catalog.objects.all():
    catalog.save()
print("saved all")

added = Catalog.objects.bulk_create(
    Catalog(name=f"List {n}", type="regular") for n in range(1, 101))
print("added", len({catalog.id for catalog in added}), "lists")
