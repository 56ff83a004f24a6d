"""Writes classes.json, PyTorch's signatures of its classes and of the calls of its modules: `python3 write_signatures.py`, with PyTorch 1.13."""
import inspect
import json
from pathlib import Path

import torch
from torch import nn
from torch.optim import lr_scheduler, swa_utils
from torch.utils import data

SPACES = {
    "nn": nn,
    "optim": torch.optim,
    "optim.lr_scheduler": lr_scheduler,
    "optim.swa_utils": swa_utils,
    "utils.data": data,
}


def text(function, skip):
    """The parameters with their defaults where these are plain values; `?` stands for any other."""
    parts = []
    star = False
    for parameter in list(inspect.signature(function).parameters.values())[skip:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            return None
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        name = ("*" if parameter.kind is parameter.VAR_POSITIONAL else "") + parameter.name
        star = star or name.startswith("*")
        default = parameter.default
        if default is not parameter.empty:
            plain = default is None or isinstance(default, (bool, int, float, str, tuple))
            name += f"={default!r}" if plain else "=?"
        parts.append(name)
    return f"({', '.join(parts)})"


def recurrent(cls):
    """Recurrent layers pass their arguments on, behind the kind of layer; what not all of them take is given by name."""
    signature = text(nn.RNNBase.__init__, 2)
    if cls is nn.LSTM:
        return signature
    names = "*, nonlinearity='tanh', " if cls is nn.RNN else "*, "
    return signature.replace("proj_size=0, ", names)


signatures = {}
for prefix, space in SPACES.items():
    for name, cls in sorted(vars(space).items()):
        if not inspect.isclass(cls) or name.startswith("_") or not cls.__module__.startswith(space.__name__):
            continue
        path = f"{prefix}.{name}"
        signatures[path] = recurrent(cls) if issubclass(cls, nn.RNNBase) and cls is not nn.RNNBase else text(cls.__init__, 1)
        forward = vars(cls).get("forward") or (issubclass(cls, nn.Module) and cls.forward)
        if forward:
            signatures[f"{path}.forward"] = text(forward, 1)

known = {path: signature for path, signature in signatures.items() if signature is not None}
Path(__file__).with_name("classes.json").write_text(json.dumps(known, indent=1) + "\n")
