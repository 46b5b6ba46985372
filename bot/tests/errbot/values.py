"""What plugins of Errbot store, written by the real jsonpickle as the storage plugin for Redis does.

    python values.py fixture > values.json      what the tests of the decoder read
    python values.py fill HOST PORT             the same values under errbot:<plugin>:<key> of a Redis

Run it with the requirements pinned in e2e/sdks/python/requirements.txt. Each run gives the same text.
"""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import types
import uuid
import warnings
import zoneinfo

import jsonpickle

# What a hostile value would leave behind if it were run.
WITNESS = "touch errbot-value-ran"


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Task:
    title: str
    due: datetime.date
    done: bool = False


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, [2]


class WithState:
    def __getstate__(self):
        return {"kept": [1]}

    def __setstate__(self, state):
        pass


class Table(dict):
    pass


class Names(list):
    pass


class Tag(str):
    pass


class Node:
    pass


class RunsACommand:
    def __reduce__(self):
        return (os.system, (WITNESS,))


class StartsAProcess:
    def __reduce__(self):
        return (subprocess.Popen, (WITNESS,))


class EvaluatesSource:
    def __reduce__(self):
        return (eval, (f"__import__('os').system({WITNESS!r})",))


def cyclic_list():
    items = [1]
    items.append(items)
    return items


def cyclic_object():
    node = Node()
    node.name, node.itself = "n", node
    return node


def shared():
    owner, labels = {"name": "ann"}, ["a", "b"]
    moment = datetime.datetime(2020, 1, 2)
    return [owner, {"tasks": [owner, (labels, {1})]}, moment, labels, moment, owner]


def counted():
    """Something of each kind that takes a number, and a reference behind it."""
    first, last = ["first"], ["last"]
    zone = datetime.timezone(datetime.timedelta(hours=2))
    bag = collections.defaultdict(list)
    bag["x"].append(1)
    made = collections.defaultdict(lambda: [[0]])
    made["y"].append(2)
    task = Task("t", datetime.date(2020, 1, 2))
    kinds = [
        {"a": {}}, (1, [2]), {3}, b"4", uuid.UUID(int=5), decimal.Decimal("6"), bag, made, task,
        Point([7], {"eight": 8}), collections.OrderedDict(a=[9]), collections.Counter("aab"),
        collections.deque([[10]], 11), datetime.timedelta(12), datetime.datetime(2013, 1, 1, tzinfo=zone),
        datetime.datetime(2014, 1, 1, tzinfo=zone), Colour.RED, Table(a=[15]), Names([[16]]), Tag("17"),
        Slotted(), WithState(), frozenset([18]), re.compile("19"), types.SimpleNamespace(a=[20]),
        (n for n in [[21]]), last,
    ]
    return [first, kinds, first, zone, last]


def bomb():
    items = ["boom"]
    for _ in range(40):
        items = [items] * 10
    return items


def plain():
    yield "none", None
    yield "true", True
    yield "integer", -12
    yield "largest integer", 2**64 - 1
    yield "float", 0.30000000000000004
    yield "text", "žluťoučký kůň 🐎\n\0"
    yield "list", [1, [2, []]]
    yield "dict", {"a": {"b": None}, "py/x": 1, "json://x": 2}
    yield "keys that are no text", {1: "a", None: "b", (1, 2): "c", 2.5: "d"}
    yield "tuple", (1, (2,))
    yield "set", {1}
    yield "frozenset", frozenset([1])
    yield "ordered dict", collections.OrderedDict([("b", 1), ("a", [2])])
    yield "ordered dict with keys that are no text", collections.OrderedDict([(1, "a"), (None, "b")])
    yield "counter", collections.Counter("aab")
    yield "deque", collections.deque([1, [2]])
    yield "deque with a limit", collections.deque([1], 3)
    bag = collections.defaultdict(list)
    bag["a"].append(1)
    yield "defaultdict", bag
    made = collections.defaultdict(lambda: [5])
    made["a"].append(1)
    yield "defaultdict of a function", made
    yield "user dict", collections.UserDict(a=1)
    yield "array", array.array("i", [1, 2])
    yield "generator", (n for n in [1, 2])


def harmless():
    yield "datetime", datetime.datetime(2020, 1, 2, 3, 4, 5, 6)
    yield "datetime in utc", datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc)
    zone = datetime.timezone(datetime.timedelta(hours=-5, minutes=-30), "XST")
    yield "datetime with an offset", datetime.datetime(2020, 1, 2, 3, 4, tzinfo=zone)
    yield "datetime in berlin", datetime.datetime(2020, 1, 2, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    yield "date", datetime.date(2020, 1, 2)
    yield "time", datetime.time(1, 2, 3, 4)
    yield "timedelta", datetime.timedelta(days=1, seconds=2)
    yield "timedelta with microseconds", datetime.timedelta(microseconds=-1)
    yield "timezone", zone
    yield "decimal", decimal.Decimal("1.50")
    yield "fraction", fractions.Fraction(1, 3)
    yield "uuid", uuid.UUID("12345678-9abc-def0-1234-56789abcdef0")
    yield "bytes", b"\x00\xff"
    yield "path", pathlib.PurePosixPath("/srv/bot")
    yield "relative path", pathlib.PurePosixPath("a/b")
    yield "ipv4 address", ipaddress.ip_address("10.0.0.1")
    yield "ipv6 network", ipaddress.ip_network("fd00::/8")
    yield "pattern", re.compile("a+")
    yield "complex", 1 + 2j
    yield "enum", Colour.RED
    yield "enum of numbers", Level.HIGH
    yield "namedtuple", Point([1], 2)
    yield "dataclass", Task("water the plants", datetime.date(2020, 1, 2))
    yield "slots", Slotted()
    yield "state", WithState()
    yield "dict subclass", Table(a=1)
    yield "list subclass", Names([1, [2]])
    yield "str subclass", Tag("x")
    yield "namespace", types.SimpleNamespace(a=1)


def references():
    yield "shared", shared()
    yield "counted", counted()


def lost():
    yield "cyclic list", cyclic_list()
    yield "cyclic object", cyclic_object()
    yield "bomb of references", bomb()
    yield "class", {"kind": int}
    yield "function", [len]
    yield "module", sys
    yield "exception", ValueError("x")
    yield "bytearray", bytearray(b"ab")
    yield "range", range(3)
    yield "iterator", iter([1, 2])
    yield "ordered dict with a tuple as key", collections.OrderedDict([((1, 2), "a")])
    yield "nan", [float("nan")]
    yield "infinity", -float("inf")
    yield "large integer", 10**30
    yield "runs a command", RunsACommand()
    yield "starts a process", {"tasks": [StartsAProcess()]}
    yield "evaluates source", EvaluatesSource()


def by_hand():
    """Hostile texts that jsonpickle would read and never writes, or has not written for years."""
    yield "repr", {"py/repr": "os/os.system('%s')" % WITNESS}
    yield "object of a process", {"py/object": "subprocess.Popen", "py/newargs": {"py/tuple": [WITNESS]}}
    yield "object with a call in a field", {"py/object": "x.Y", "f": {"py/reduce": [{"py/function": "os.system"}, {"py/tuple": [WITNESS]}]}}
    yield "call without a tag", {"py/reduce": ["os.system", {"py/tuple": [WITNESS]}]}
    yield "enum that is none", {"py/reduce": [{"py/type": "subprocess.Popen"}, {"py/tuple": [WITNESS]}]}
    yield "state of a process", {"py/reduce": [{"py/function": "copyreg.__newobj__"}, {"py/tuple": [{"py/type": "subprocess.Popen"}]}, {"args": WITNESS}]}
    yield "lost content", {"py/object": "collections.defaultdict", "py/state": None}
    yield "dangling reference", [{"py/id": 7}]
    yield "reference that is no number", {"py/id": "x"}
    yield "tuple of nothing", {"py/tuple": None}
    yield "year 0", {"py/object": "datetime.date", "__reduce__": [{"py/type": "datetime.date"}, ["AAABAQ=="]]}


def texts():
    for plugin, values in ("Plain", plain()), ("Harmless Types", harmless()), ("References", references()), ("Lost", lost()):
        for key, value in values:
            yield plugin, key, jsonpickle.encode(value)
    for key, value in by_hand():
        yield "ByHand", key, json.dumps(value)
    yield "ByHand", "deep", "[" * 100_000 + "]" * 100_000
    down, up = "[" * 60, "]" * 60
    yield "ByHand", "deep references", f'[{down}{up}, {down}{{"py/id": 1}}{up}]'
    yield "ByHand", "no json", "\x80abc"
    yield "core", "configs", jsonpickle.encode({"Plain": {"TOKEN": "secret"}})


def fixture():
    # The deep one is made by the test: a megabyte of brackets tells nobody anything.
    values = [{"plugin": p, "key": k, "text": t} for p, k, t in texts() if len(t) < 20_000]
    head = {"jsonpickle": jsonpickle.__version__, "python": "%d.%d" % sys.version_info[:2]}
    print(json.dumps({**head, "values": values}, indent=1))


def fill(host, port):
    import redis

    server = redis.StrictRedis(host=host, port=int(port))
    for plugin, key, text in texts():
        server.set(f"errbot:{plugin}:{key}", text)
    server.rpush("errbot:Plain:no string", "a")
    server.set(b"errbot:Plain:bytes", b"\xff")
    server.set("errbot:Plain:passing", jsonpickle.encode("by"), ex=3600)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    {"fixture": fixture, "fill": fill}[sys.argv[1]](*sys.argv[2:])
