#!/usr/bin/env python3
"""Writes the files that the benchmark's account answers with.

    make_lists.py FOLDER SIZE...

FOLDER/SIZE/all.json holds so many lists; of the first thousand, each is in
FOLDER/SIZE/ID.json as well.
"""

import sys
from pathlib import Path

ITEM = ('{"id":%d,"name":"Каталог %d","created_by":504141,"created_at":%d,'
        '"sort":%d,"type":"regular","can_add_elements":true,'
        '"can_show_in_cards":%s,"can_link_multiple":true,'
        '"sdk_widget_code":null,"widgets":[],"_links":{"self":{"href":'
        '"/api/v2/catalogs?id=%d","method":"get"}}}')
ENVELOPE = ('{"_links":{"self":{"href":"/api/v2/catalogs","method":"%s"}},'
            '"_embedded":{"items":[%s]}}')


def item(number):
    flag = "true" if number % 3 else "false"
    return ITEM % (number, number, 1508930391 + number, number * 10, flag,
                   number)


def write(path, method, items):
    """One after the other, since there may be a million."""
    head, tail = (ENVELOPE % (method, "\0")).split("\0")
    with open(path, "w", encoding="utf-8") as file:
        file.write(head)
        for position, text in enumerate(items):
            file.write("," + text if position else text)
        file.write(tail)


def main(folder, *sizes):
    for size in map(int, sizes):
        place = Path(folder, str(size))
        place.mkdir(parents=True)
        write(place / "all.json", "get", map(item, range(1, size + 1)))
        if size <= 1000:
            for number in range(1, size + 1):
                write(place / f"{number}.json", "get", [item(number)])


main(*sys.argv[1:])
