"""What must not be carried, and the sentence that says why and what to do instead.

A type is named by its qualified name, so that no library has to be imported to know it.
"""

from __future__ import annotations

_CONNECTION = (
    "a live connection belongs to the process that opened it",
    "open it again in the block that uses it",
)
_LOCK = "a lock only means something in the process that made it", "make it in the block that uses it"
_THREAD = "a thread or process ends with its block", "return its result into a variable instead"
_FILE = (
    "an open file belongs to the process that opened it",
    "keep its path, and open it in the block that uses it",
)
_GENERATOR = (
    "a generator is a half-run function and cannot be stored",
    "store `list(...)` of it, or a function that makes it",
)
_COROUTINE = "a coroutine is a half-run function and cannot be stored", "`await` it in the block that made it"
_WEAK = "a weak reference does not keep its object alive", "keep the object itself"
_FOREIGN = "it is memory of this process only", "copy the data into bytes or an array"

BY_TYPE: dict[str, tuple[str, str]] = {
    "_thread.lock": _LOCK,
    "_thread.RLock": _LOCK,
    "threading.Condition": _LOCK,
    "threading.Event": _LOCK,
    "threading.Semaphore": _LOCK,
    "threading.BoundedSemaphore": _LOCK,
    "threading.Barrier": _LOCK,
    "threading.Thread": _THREAD,
    "threading.Timer": _THREAD,
    "_thread._local": _LOCK,
    "multiprocessing.context.Process": _THREAD,
    "multiprocessing.context.ForkProcess": _THREAD,
    "multiprocessing.context.SpawnProcess": _THREAD,
    "multiprocessing.pool.Pool": _THREAD,
    "multiprocessing.synchronize.Lock": _LOCK,
    "multiprocessing.synchronize.RLock": _LOCK,
    "multiprocessing.synchronize.Semaphore": _LOCK,
    "multiprocessing.connection.Connection": _CONNECTION,
    "concurrent.futures.thread.ThreadPoolExecutor": _THREAD,
    "concurrent.futures.process.ProcessPoolExecutor": _THREAD,
    "concurrent.futures._base.Future": _THREAD,
    "subprocess.Popen": _THREAD,
    "easel_runtime._easel.Mapping": _FOREIGN,
    "socket.socket": _CONNECTION,
    "ssl.SSLSocket": _CONNECTION,
    "ssl.SSLContext": _CONNECTION,
    "http.client.HTTPConnection": _CONNECTION,
    "http.client.HTTPSConnection": _CONNECTION,
    "http.client.HTTPResponse": _CONNECTION,
    "sqlite3.Connection": _CONNECTION,
    "sqlite3.Cursor": _CONNECTION,
    "_duckdb.DuckDBPyConnection": _CONNECTION,
    "duckdb.DuckDBPyConnection": _CONNECTION,
    "duckdb.duckdb.DuckDBPyConnection": _CONNECTION,
    "_duckdb.DuckDBPyRelation": (
        "a relation is a query on a live connection",
        "store its result, e.g. with `.df()` or `.arrow()`",
    ),
    "duckdb.duckdb.DuckDBPyRelation": (
        "a relation is a query on a live connection",
        "store its result, e.g. with `.df()` or `.arrow()`",
    ),
    "psycopg2.extensions.connection": _CONNECTION,
    "psycopg2.extensions.cursor": _CONNECTION,
    "psycopg.Connection": _CONNECTION,
    "pymysql.connections.Connection": _CONNECTION,
    "sqlalchemy.engine.base.Connection": _CONNECTION,
    "sqlalchemy.engine.base.Engine": _CONNECTION,
    "sqlalchemy.orm.session.Session": _CONNECTION,
    "io.TextIOWrapper": _FILE,
    "_io.TextIOWrapper": _FILE,
    "_io.BufferedReader": _FILE,
    "_io.BufferedWriter": _FILE,
    "_io.BufferedRandom": _FILE,
    "_io.FileIO": _FILE,
    "gzip.GzipFile": _FILE,
    "bz2.BZ2File": _FILE,
    "lzma.LZMAFile": _FILE,
    "zipfile.ZipFile": _FILE,
    "tarfile.TarFile": _FILE,
    "h5py._hl.files.File": _FILE,
    "tempfile._TemporaryFileWrapper": _FILE,
    "tempfile.TemporaryDirectory": (
        "it is deleted with the process that made it",
        "write into the canvas's files",
    ),
    "csv.reader": _GENERATOR,
    "_csv.reader": _GENERATOR,
    "_csv.writer": _FILE,
    "os.ScandirIterator": _GENERATOR,
    "posix.ScandirIterator": _GENERATOR,
    "builtins.generator": _GENERATOR,
    "builtins.async_generator": _GENERATOR,
    "builtins.coroutine": _COROUTINE,
    "builtins.map": _GENERATOR,
    "builtins.filter": _GENERATOR,
    "builtins.zip": _GENERATOR,
    "builtins.enumerate": _GENERATOR,
    "builtins.reversed": _GENERATOR,
    "builtins.list_iterator": _GENERATOR,
    "builtins.list_reverseiterator": _GENERATOR,
    "builtins.tuple_iterator": _GENERATOR,
    "builtins.dict_keyiterator": _GENERATOR,
    "builtins.dict_valueiterator": _GENERATOR,
    "builtins.dict_itemiterator": _GENERATOR,
    "builtins.set_iterator": _GENERATOR,
    "builtins.range_iterator": _GENERATOR,
    "builtins.str_iterator": _GENERATOR,
    "builtins.str_ascii_iterator": _GENERATOR,
    "builtins.bytes_iterator": _GENERATOR,
    "builtins.callable_iterator": _GENERATOR,
    "builtins.iterator": _GENERATOR,
    "builtins.frame": ("a frame ends with its call", "keep the values that you need from it"),
    "builtins.traceback": (
        "a traceback holds the frames of a finished call",
        "store `traceback.format_exc()`",
    ),
    "builtins.memoryview": _FOREIGN,
    "mmap.mmap": _FOREIGN,
    "builtins.weakref": _WEAK,
    "builtins.weakproxy": _WEAK,
    "weakref.ReferenceType": _WEAK,
    "weakref.ProxyType": _WEAK,
    "weakref.WeakKeyDictionary": _WEAK,
    "weakref.WeakValueDictionary": _WEAK,
    "weakref.WeakSet": _WEAK,
    "asyncio.locks.Lock": _LOCK,
    "asyncio.locks.Event": _LOCK,
    "asyncio.queues.Queue": _LOCK,
    "queue.Queue": _LOCK,
    "_queue.SimpleQueue": _LOCK,
    "_asyncio.Task": _COROUTINE,
    "_asyncio.Future": _COROUTINE,
    "selectors.EpollSelector": _CONNECTION,
    "requests.sessions.Session": _CONNECTION,
    "ctypes.CDLL": _FOREIGN,
    "builtins.PyCapsule": _FOREIGN,
}
for _name in ("count", "cycle", "repeat", "chain", "islice", "takewhile", "dropwhile", "groupby", "tee", "zip_longest",
              "accumulate", "combinations", "permutations", "product", "starmap", "filterfalse", "compress", "pairwise",
              "_tee", "combinations_with_replacement"):  # fmt: skip
    BY_TYPE["itertools." + _name] = _GENERATOR
del _name


def type_name(cls: type) -> str:
    """The qualified name, e.g. `pandas.core.frame.DataFrame`; the block's own classes without `__main__`."""
    module = getattr(cls, "__module__", None)
    name = getattr(cls, "__qualname__", cls.__name__)
    if not isinstance(module, str) or module == "__main__":
        return str(name)
    return f"{module}.{name}"


class NotCarriedError(Exception):
    """A value cannot be kept: `reason` and `advice` are sentences without the variable's name."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice


_checked: dict[type, tuple[str, str, str] | None] = {}


def refusal_of(cls: type) -> tuple[str, str, str] | None:
    """(type name, reason, advice) if `cls` or a base of it must not be carried."""
    try:
        return _checked[cls]
    except KeyError:
        pass
    found = None
    for base in cls.__mro__:
        name = f"{base.__module__}.{base.__qualname__}"
        if name in BY_TYPE:
            found = (type_name(cls), *BY_TYPE[name])
            break
    _checked[cls] = found
    return found
