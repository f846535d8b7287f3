"""Modules that the standard library imports when it first needs them.

What a component imports is imported when it is built; at run time there is no file left to import from. So these are
imported now: `Counter.most_common` wants `heapq`, `strptime` wants `_strptime`, `decode("latin-1")` its codec.
"""

import contextlib
import importlib

_LATE = (
    "_strptime bisect calendar copy datetime decimal encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 "
    "encodings.utf_16 encodings.utf_8_sig fractions heapq linecache numbers random string textwrap tokenize unicodedata"
)

for _name in _LATE.split():
    # Not every Python has all of them.
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)
