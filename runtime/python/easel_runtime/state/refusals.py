"""What must not be carried, and the sentence that says why and what to do instead.

A type is named by its qualified name, so that no library has to be imported to know it.
"""

from __future__ import annotations

from typing import Any

Sentence = tuple[str, str]  # why, and what to do instead

_CONNECTION = (
    "a live connection belongs to the process that opened it",
    "open it again in the block that uses it",
)
_CURSOR = (
    "a cursor stands somewhere in the result of a live connection",
    "fetch its rows (`fetchall()`, `.df()`) and store those",
)
_SESSION = "a session holds live connections", "make it in the block that uses it, and store what it returned"
_LOCK = "a lock only means something in the process that made it", "make it in the block that uses it"
_THREAD = "a thread or process ends with its block", "return its result into a variable instead"
_POOL = (
    "a pool's threads or processes end with its block",
    "make it in the block that uses it (`with ... as pool:`), and store the results",
)
_FUTURE = "a future is tied to the pool or loop that will fill it", "store its `.result()`"
_QUEUE = (
    "a queue is shared with threads or processes that end with the block",
    "store a list of what is in it",
)
_SHARED = (
    "it is memory shared between processes that end with the block",
    "copy its value into a number, list or array",
)
_FILE = (
    "an open file belongs to the process that opened it",
    "keep its path, and open it in the block that uses it",
)
_TEMPORARY = "it is deleted with the process that made it", "write into the canvas's files"
_GENERATOR = (
    "a generator is a half-run function and cannot be stored",
    "store `list(...)` of it, or a function that makes it",
)
_ITERATOR = (
    "an iterator knows its position, which nobody can read out of it",
    "store what it goes over (or `list(...)` of it), and call `iter` in the block that uses it",
)
_READER = (
    "a reader stands at a position in an open file",
    "read what you need into a frame or list, or keep the path and open it in the block that uses it",
)
_COROUTINE = "a coroutine is a half-run function and cannot be stored", "`await` it in the block that made it"
_LOOP = (
    "an event loop runs in the process that made it",
    "use `await` at the top of a block: it has a loop of its own",
)
_WEAK = "a weak reference does not keep its object alive", "keep the object itself"
_MEMORY = "it is memory of this process only", "copy the data into bytes or an array"
_POINTER = (
    "an address means nothing in another process",
    "copy what it points to into bytes, an array or a number",
)
_FUNCTION = (
    "a function of a C library has an address in this process only",
    "load the library in the block that calls it",
)
_MAPPED = (
    "it is a file mapped into this process, which may change under it",
    "keep the path and map it in the block that uses it, or copy it (`numpy.array(...)`)",
)
_DIGEST = (
    "a digest or compressor in progress cannot be read out",
    "store its result (`.hexdigest()`, the bytes)",
)
_DISPLAY = "it stands for an output of this run", "show the value itself in the block that makes it"
_PROGRESS = "a progress bar writes to the output of the block that made it", "store what it goes over instead"
_ANIMATION = (
    "an animation is tied to the timer of the figure that is shown",
    "store `animation.to_jshtml()` or write it into a file of the canvas",
)
_RELATION = "a relation is a query on a live connection", "store its result, e.g. with `.df()` or `.arrow()`"
_CONTEXT = "it is entered or left in the block that made it", "store the function that makes it"
_SERVER = "a server ends with the process that runs it", "start it in the block that uses it"

_NAMES: dict[Sentence, str] = {
    _LOCK: """_thread.lock _thread.RLock threading.Condition threading.Event threading.Semaphore threading.Barrier
        _thread._local threading.local multiprocessing.synchronize.SemLock multiprocessing.synchronize.Condition
        multiprocessing.synchronize.Event multiprocessing.synchronize.Barrier asyncio.locks.Lock asyncio.locks.Event
        asyncio.locks.Condition asyncio.locks.Semaphore asyncio.locks.Barrier filelock._api.BaseFileLock""",
    _THREAD: """threading.Thread multiprocessing.process.BaseProcess subprocess.Popen
        asyncio.subprocess.Process""",
    _POOL: """multiprocessing.pool.Pool concurrent.futures._base.Executor multiprocessing.managers.BaseManager
        joblib.parallel.Parallel""",
    _FUTURE: "concurrent.futures._base.Future _asyncio.Future _asyncio.Task multiprocessing.pool.ApplyResult",
    _QUEUE: """queue.Queue _queue.SimpleQueue multiprocessing.queues.Queue multiprocessing.queues.SimpleQueue
        asyncio.queues.Queue""",
    _SHARED: """multiprocessing.sharedctypes.SynchronizedBase multiprocessing.shared_memory.SharedMemory
        multiprocessing.managers.BaseProxy""",
    _CONNECTION: """multiprocessing.connection._ConnectionBase socket.socket _socket.socket ssl.SSLContext _ssl._SSLContext
        http.client.HTTPConnection http.client.HTTPResponse urllib.response.addinfourl ftplib.FTP smtplib.SMTP imaplib.IMAP4
        sqlite3.Connection sqlite3.Blob _duckdb.DuckDBPyConnection duckdb.DuckDBPyConnection
        duckdb.duckdb.DuckDBPyConnection psycopg2.extensions.connection psycopg.BaseConnection psycopg.Connection
        psycopg.AsyncConnection psycopg.connection.Connection psycopg._connection_base.BaseConnection
        pymysql.connections.Connection MySQLdb.connections.Connection mysql.connector.abstracts.MySQLConnectionAbstract
        oracledb.connection.Connection pyodbc.Connection redis.client.Redis redis.connection.ConnectionPool
        pymongo.mongo_client.MongoClient pymongo.synchronous.mongo_client.MongoClient snowflake.connector.connection.SnowflakeConnection
        google.cloud.client.Client google.cloud.bigquery.client.Client botocore.client.BaseClient paramiko.client.SSHClient
        sqlalchemy.engine.base.Connection sqlalchemy.engine.base.Engine sqlalchemy.pool.base.Pool
        sqlalchemy.ext.asyncio.engine.AsyncEngine selectors._BaseSelectorImpl selectors.EpollSelector select.epoll
        urllib3.poolmanager.PoolManager urllib3.connectionpool.ConnectionPool grpc._channel.Channel
        pyarrow._flight.FlightClient adbc_driver_manager.dbapi.Connection""",
    _CURSOR: """sqlite3.Cursor psycopg2.extensions.cursor psycopg.Cursor psycopg.cursor.Cursor pymysql.cursors.Cursor
        psycopg._cursor_base.BaseCursor sqlalchemy.engine.result.Result adbc_driver_manager.dbapi.Cursor pyodbc.Cursor
        oracledb.cursor.Cursor""",
    _SESSION: """requests.sessions.Session sqlalchemy.orm.session.Session httpx._client.BaseClient aiohttp.client.ClientSession""",
    _FILE: """io.TextIOWrapper _io.TextIOWrapper _io.BufferedReader _io.BufferedWriter _io.BufferedRandom
        _io.BufferedRWPair _io.FileIO gzip.GzipFile bz2.BZ2File lzma.LZMAFile zipfile.ZipFile zipfile.ZipExtFile
        tarfile.TarFile shelve.Shelf dbm.dumb._Database _dbm.dbm _gdbm.gdbm h5py._hl.files.File h5py._hl.base.HLObject
        tables.file.File pandas.io.pytables.HDFStore pandas.io.excel._base.ExcelFile pandas.ExcelFile pandas.HDFStore
        pandas.io.excel._base.ExcelWriter pandas.ExcelWriter codecs.StreamReaderWriter logging.FileHandler
        netCDF4._netCDF4.Dataset rasterio.io.DatasetReader pyarrow.lib.NativeFile
        pyarrow._parquet.ParquetReader pyarrow._parquet.ParquetWriter cv2.VideoCapture wave.Wave_read wave.Wave_write
        _csv.writer csv.DictWriter tempfile._TemporaryFileWrapper""",
    _TEMPORARY: """tempfile.TemporaryDirectory tempfile.SpooledTemporaryFile""",
    _READER: """_csv.reader csv.DictReader pandas.io.parsers.readers.TextFileReader pandas.io.json._json.JsonReader
        pandas.io.sas.sasreader.SASReader pandas.api.typing.SASReader pandas.io.stata.StataReader
        pandas.api.typing.StataReader pandas.api.typing.JsonReader pyarrow.lib.RecordBatchReader
        pyarrow.ipc.RecordBatchFileReader pyarrow.lib._RecordBatchFileReader pyarrow.lib._RecordBatchStreamReader
        pyarrow._csv.CSVStreamingReader pyarrow.parquet.core.ParquetFile polars.io.csv.batched_reader.BatchedCsvReader
        xml.etree.ElementTree.iterparse.<locals>.IterParseIterator posix.ScandirIterator os.ScandirIterator
        fileinput.FileInput""",
    _GENERATOR: "builtins.generator builtins.async_generator",
    _COROUTINE: "builtins.coroutine builtins.coroutine_wrapper types._GeneratorWrapper",
    _LOOP: "asyncio.events.AbstractEventLoop asyncio.runners.Runner asyncio.taskgroups.TaskGroup",
    _ITERATOR: """builtins.map builtins.filter builtins.zip builtins.enumerate builtins.reversed builtins.list_iterator
        builtins.list_reverseiterator builtins.tuple_iterator builtins.dict_keyiterator builtins.dict_valueiterator
        builtins.dict_itemiterator builtins.dict_reversekeyiterator builtins.dict_reversevalueiterator
        builtins.dict_reverseitemiterator builtins.set_iterator builtins.range_iterator builtins.longrange_iterator
        builtins.str_iterator builtins.str_ascii_iterator builtins.bytes_iterator builtins.bytearray_iterator
        builtins.callable_iterator builtins.iterator builtins.memory_iterator builtins.odict_iterator
        builtins.arrayiterator array.arrayiterator collections._deque_iterator _collections._deque_iterator
        collections._deque_reverse_iterator _collections._deque_reverse_iterator odict_iterator.odict_iterator
        numpy.nditer numpy.flatiter numpy.broadcast numpy.ndenumerate numpy.ndindex re.Scanner _sre.SRE_Scanner""",
    _WEAK: """builtins.weakref builtins.weakproxy builtins.weakcallableproxy weakref.ReferenceType weakref.ProxyType
        weakref.CallableProxyType weakref.WeakKeyDictionary weakref.WeakValueDictionary weakref.WeakMethod
        _weakrefset.WeakSet weakref.WeakSet weakref.finalize""",
    _MEMORY: "builtins.memoryview builtins.PyCapsule builtins.managedbuffer builtins.picklebuffer",
    _POINTER: "_ctypes._Pointer ctypes.c_void_p ctypes.c_char_p ctypes.c_wchar_p ctypes.py_object _cffi_backend._CDataBase",
    _FUNCTION: "_ctypes.CFuncPtr ctypes.CDLL",
    _MAPPED: "mmap.mmap numpy.memmap",
    _DIGEST: """_hashlib.HASH _hashlib.HASHXOF _hashlib.HMAC hmac.HMAC _md5.md5 _sha1.sha1 _sha256.sha256 _sha512.sha512
        _blake2.blake2b _blake2.blake2s _sha3.sha3_256 zlib.Compress zlib.Decompress _bz2.BZ2Compressor
        _bz2.BZ2Decompressor _lzma.LZMACompressor _lzma.LZMADecompressor""",
    _DISPLAY: "IPython.core.display_functions.DisplayHandle easel_runtime.display.DisplayHandle IPython.core.display.DisplayHandle",
    _PROGRESS: "tqdm.std.tqdm rich.progress.Progress alive_progress.core.progress._Handle",
    _ANIMATION: "matplotlib.animation.Animation matplotlib.backend_bases.TimerBase",
    _RELATION: """_duckdb.DuckDBPyRelation duckdb.DuckDBPyRelation duckdb.duckdb.DuckDBPyRelation
        duckdb._relation.DuckDBPyRelation""",
    _CONTEXT: """contextlib._GeneratorContextManagerBase contextlib.ExitStack contextlib.AsyncExitStack
        _contextvars.Context _contextvars.Token""",
    _SERVER: "socketserver.BaseServer http.server.HTTPServer",
    ("a frame ends with its call", "keep the values that you need from it"): "builtins.frame",
    (
        "a traceback holds the frames of a finished call",
        "store `traceback.format_exc()`",
    ): "builtins.traceback",
    (
        "a context variable belongs to the process that made it",
        "keep its value (`.get()`)",
    ): "_contextvars.ContextVar",
    ("a match points into the text that was searched", "store its `.groups()` or `.group()`"): "re.Match",
    (
        "a log handler writes to a stream of this process",
        "add the handler in the block that logs",
    ): "logging.Handler",
}
BY_TYPE: dict[str, Sentence] = {
    name: sentence for sentence, names in _NAMES.items() for name in names.split()
}
for _name in ("count", "cycle", "repeat", "chain", "islice", "takewhile", "dropwhile", "groupby", "tee", "zip_longest",
              "accumulate", "combinations", "permutations", "product", "starmap", "filterfalse", "compress", "pairwise",
              "_tee", "combinations_with_replacement", "_grouper", "batched"):  # fmt: skip
    BY_TYPE["itertools." + _name] = _ITERATOR
del _name


def type_name(cls: type) -> str:
    """The qualified name, e.g. `pandas.core.frame.DataFrame`; the block's own classes without `__main__`."""
    module = getattr(cls, "__module__", None)
    name = getattr(cls, "__qualname__", cls.__name__)
    if not isinstance(module, str) or module == "__main__":
        return str(name)
    return f"{module}.{name}"


class NotCarriedError(Exception):
    """A value cannot be kept: `reason` and `advice` are sentences without the variable's name.

    `culprit`: the object inside it that is at fault, if it is known; `sentence`: what there is to say of that alone.
    """

    def __init__(self, reason: str, advice: str, culprit: Any = None, sentence: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
        self.culprit = culprit
        self.sentence = sentence


class ChangesWhileStoredError(NotCarriedError):
    """Storing a value changes it, or what it shares objects with: nothing of that would come back as it was."""

    def __init__(self) -> None:
        super().__init__(
            "it changes while it is stored, so that nobody knows what would come back",
            "write a `__getstate__` or `__reduce__` that changes nothing",
        )


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
