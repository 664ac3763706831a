"""What a block does that hashing its inputs cannot see: unseeded randomness, the clock, the network.

Judged by names: a hint for the reader of the canvas, never part of a key.
"""

# ruff: noqa: SIM905 - lists of words read better as text

from __future__ import annotations

import ast

from .names import Aliases, path_of

# Names that notebooks import in an earlier block.
_USUAL = {
    "np": "numpy", "numpy": "numpy", "random": "random", "torch": "torch", "tf": "tensorflow",
    "time": "time", "datetime": "datetime.datetime", "date": "datetime.date", "pd": "pandas",
    "requests": "requests", "httpx": "httpx", "boto3": "boto3",
    "train_test_split": "sklearn.model_selection.train_test_split", "uuid": "uuid", "secrets": "secrets",
}  # fmt: skip

_RANDOM_FUNCTIONS = frozenset(
    "random betavariate choice choices expovariate gammavariate gauss getrandbits lognormvariate "
    "normalvariate paretovariate randbytes randint randrange sample shuffle triangular uniform "
    "vonmisesvariate weibullvariate SystemRandom".split()
)
_NUMPY_STATE = frozenset(
    "seed get_state set_state Generator BitGenerator PCG64 PCG64DXSM MT19937 Philox SFC64 "
    "SeedSequence".split()
)
_TORCH_FUNCTIONS = frozenset(
    "bernoulli multinomial normal poisson rand rand_like randint randint_like randn randn_like "
    "randperm".split()
)
_ESTIMATORS = frozenset(
    "BaggingClassifier BaggingRegressor ExtraTreesClassifier ExtraTreesRegressor IsolationForest "
    "KMeans MLPClassifier MLPRegressor MiniBatchKMeans RandomForestClassifier RandomForestRegressor "
    "ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RandomizedSearchCV TSNE train_test_split".split()
)
_CLOCK = frozenset((
    "time.time", "time.time_ns", "time.ctime", "time.localtime", "time.gmtime", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "pandas.Timestamp.now",
    "pandas.Timestamp.today", "pandas.Timestamp.utcnow", "pandas.to_datetime.now",
))  # fmt: skip
_NETWORK = (
    "aiohttp", "anthropic", "azure", "boto3", "botocore", "elasticsearch", "ftplib", "gcsfs",
    "google.cloud", "grpc", "http.client", "httplib2", "httpx", "huggingface_hub", "imaplib", "kafka",
    "kaggle", "mysql", "openai", "paramiko", "psycopg", "psycopg2", "pymongo", "pymysql", "redis",
    "requests", "s3fs", "smtplib", "snowflake", "socket", "sqlalchemy", "telnetlib", "tweepy",
    "urllib.request", "urllib3", "websocket", "websockets", "xmlrpc", "yfinance",
)  # fmt: skip
_REMOTE = ("http://", "https://", "ftp://", "s3://", "gs://", "gcs://", "abfs://", "az://")


def flags(tree: ast.Module, aliases: Aliases) -> list[str]:
    """Return the flags of a block in the order random, clock, network."""
    drawn: set[str] = set()
    seeded: set[str] = set()
    clock = False
    network = any(_within(module, name) for module in aliases.modules for name in _NETWORK)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            network = network or any(_within(one, name) for one in full for name in _NETWORK)
        if not isinstance(node, ast.Call):
            continue
        name = _full_name(node.func, aliases)
        last = name.rpartition(".")[2] if name else getattr(node.func, "attr", "")
        network = network or _reads_remote(node, last)
        clock = (
            clock
            or (name in _CLOCK)
            or (last in ("Timestamp", "datetime64", "to_datetime") and _says_now(node))
        )
        if last in ("set_seed", "seed_everything", "set_random_seed"):
            seeded.update(("random", "numpy", "torch"))
        elif name is not None:
            network = network or any(_within(name, one) for one in _NETWORK)
            _judge_random(name, last, node, drawn, seeded)
        elif last == "sample" and not _has_seed(node):
            drawn.add("numpy")
    found = ["random"] if drawn - seeded else []
    if clock:
        found.append("clock")
    if network:
        found.append("network")
    return found


def _judge_random(name: str, last: str, node: ast.Call, drawn: set[str], seeded: set[str]) -> None:
    if name in ("random.seed", "numpy.random.seed", "torch.manual_seed", "torch.random.manual_seed"):
        if node.args or node.keywords:
            seeded.add(name.partition(".")[0])
    elif name == "random.Random" or name in ("numpy.random.default_rng", "numpy.random.RandomState"):
        if not node.args and not node.keywords:
            drawn.add("system")
    elif name.startswith("random.") and last in _RANDOM_FUNCTIONS:
        drawn.add("system" if last == "SystemRandom" else "random")
    elif name.startswith("numpy.random.") and last not in _NUMPY_STATE:
        drawn.add("numpy")
    elif name.startswith("torch.") and last in _TORCH_FUNCTIONS:
        drawn.add("torch")
    elif name.startswith("secrets.") or name in ("uuid.uuid1", "uuid.uuid4", "os.urandom"):
        drawn.add("system")
    elif (name.startswith("sklearn.") and last in _ESTIMATORS and not _has_seed(node)) or (
        last == "sample" and not _has_seed(node) and not name.startswith("random.")
    ):
        drawn.add("numpy")


def _full_name(node: ast.AST, aliases: Aliases) -> str | None:
    dotted = aliases.dotted(node)
    if dotted is not None:
        return dotted
    path = path_of(node)
    if path is None:
        return None
    first, _, rest = path.partition(".")
    if first in aliases.bound or first not in _USUAL:
        return None
    return _USUAL[first] + ("." + rest if rest else "")


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def _has_seed(node: ast.Call) -> bool:
    for keyword in node.keywords:
        if keyword.arg in ("random_state", "seed") or keyword.arg is None:
            return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
    return False


def _says_now(node: ast.Call) -> bool:
    return (
        bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value in ("now", "today")
    )


def _reads_remote(node: ast.Call, last: str) -> bool:
    if (
        not (last.startswith(("read_", "scan_")) or last in ("urlopen", "urlretrieve", "open"))
        or not node.args
    ):
        return False
    first = node.args[0]
    return (
        isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.startswith(_REMOTE)
    )
