"""How torch tensors in main memory are stored: their storage out of band, once for all tensors that look into it.

torch's own way copies the storage into the stream, forgets gradients, and gives each component's tensors to itself.
"""

from __future__ import annotations

import gc
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

from . import links
from .refusals import NotCarriedError

_HISTORY = (
    "it is part of a computation that gradients flow through",
    "store `.detach()` of it, or the parameters that it was computed from",
)

_MOST = 50_000
_CODE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.CodeType,
    str,
    int,
    float,
    bytes,
)


def is_tensor(kind: type) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and kind in (torch.Tensor, torch.nn.Parameter)


def storage_of(tensor: Any) -> int | None:
    """The address of the memory that a tensor looks into; None if it has none of its own in main memory."""
    torch = sys.modules["torch"]
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    if tensor.is_conj() or tensor.is_neg():
        return None
    return int(tensor.untyped_storage().data_ptr()) or None


def share_storage(roots: list[Any]) -> list[list[int]]:
    """Numbers of the roots that hold tensors of one storage, by storage; at most 50,000 objects of each are looked at."""
    if "torch" not in sys.modules:
        return []
    users: dict[int, dict[int, None]] = {}
    for number, root in enumerate(roots):
        stack, seen = [root], {id(root)}
        while stack and len(seen) < _MOST:
            obj = stack.pop()
            if is_tensor(type(obj)):
                address = storage_of(obj)
                if address is not None:
                    users.setdefault(address, {})[number] = None
            for part in gc.get_referents(obj):
                if id(part) not in seen and not issubclass(type(part), _CODE):
                    seen.add(id(part))
                    stack.append(part)
    return [list(numbers) for numbers in users.values() if len(numbers) > 1]


def reduce_tensor(tensor: Any, storages: dict[int, Any]) -> Any:
    """`storages`: one object per memory of the component, so that the stream says which tensors share it.

    Raises NotCarriedError for a tensor with autograd history.
    """
    if tensor.requires_grad and not tensor.is_leaf:
        raise NotCarriedError(f"it holds a `torch.Tensor`: {_HISTORY[0]}", _HISTORY[1], tensor, _HISTORY[0])
    address = storage_of(tensor)
    if address is None:
        return NotImplemented
    storage = storages.setdefault(address, Storage(tensor.untyped_storage()))
    args = (
        storage, str(tensor.dtype).removeprefix("torch."), tensor.storage_offset(), tuple(tensor.size()),
        tuple(tensor.stride()), tensor.requires_grad, type(tensor) is not sys.modules["torch"].Tensor,
    )  # fmt: skip
    state = {"grad": tensor.grad, "dict": dict(tensor.__dict__)}
    if state["grad"] is None and not state["dict"]:
        return links.tensor, args
    return links.tensor, args, state, None, None, links.set_tensor


class Storage:
    """Stands for a torch storage in a dump."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage


def reduce_storage(stands_for: Storage) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    torch: Any = sys.modules["torch"]
    memory = torch.empty(0, dtype=torch.uint8).set_(stands_for.storage).numpy()
    return links.tensor_storage, (pickle.PickleBuffer(memory),)
