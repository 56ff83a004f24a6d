"""Writes files as PyTorch 0.1 did, `python3 tar_fixture.py > tar.json`: tape archives of sys_info, pickle, tensors and storages.

PyTorch still reads them, in torch.serialization._legacy_load: what it finds is written beside each file as what is expected.
"""
import base64
import gzip
import io
import json
import pickle
import struct
import sys
import tarfile
import tempfile
import warnings
from collections import OrderedDict

import torch
from torch import nn

CLASSES = {
    torch.float32: ("FloatTensor", "FloatStorage"),
    torch.float64: ("DoubleTensor", "DoubleStorage"),
    torch.float16: ("HalfTensor", "HalfStorage"),
    torch.int64: ("LongTensor", "LongStorage"),
    torch.int32: ("IntTensor", "IntStorage"),
    torch.int16: ("ShortTensor", "ShortStorage"),
    torch.int8: ("CharTensor", "CharStorage"),
    torch.uint8: ("ByteTensor", "ByteStorage"),
}


class Named:
    """Is pickled as the name of a class of torch."""

    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name


def dump(value, file):
    """A pickle of protocol 2, in which instances of Named are names of torch."""

    class Pickler(pickle._Pickler):
        def save(self, obj, save_persistent_id=True):
            if isinstance(obj, Named):
                self.write(pickle.GLOBAL + b"torch\n" + obj.name.encode() + b"\n")
            else:
                super().save(obj, save_persistent_id)

    Pickler(file, protocol=2).dump(value)


class Part:
    """A storage that is a part of another one, as slices of storages were."""

    def __init__(self, tensor, offset, numel):
        self.tensor, self.offset, self.numel = tensor, offset, numel


def archive(obj, location="cpu", parts=()):
    tensors, storages, views, classes = OrderedDict(), OrderedDict(), [], set()

    def storage_key(x):
        pointer = x.storage().data_ptr() or id(x)
        if pointer not in storages:
            storages[pointer] = (94_000_000_000_000 + 64 * len(storages), x)
        return storages[pointer][0]

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, type) and issubclass(value, nn.Module) and value not in classes:
                classes.add(value)
                return (value, None, None)
            if not isinstance(value, torch.Tensor) or isinstance(value, nn.Parameter):
                return None
            if id(value) not in tensors:
                tensors[id(value)] = (93_000_000_000_000 + 64 * len(tensors), value)
            return str(tensors[id(value)][0])

    pickled = io.BytesIO()
    Pickler(pickled, protocol=2).dump(obj)

    file = io.BytesIO()
    dump(len(tensors), file)
    for i, (key, x) in enumerate(tensors.values()):
        root = storage_key(x)
        offset = x.storage_offset()
        part = next((part for part in parts if part.tensor is x), None)
        if part is not None:
            view = 95_000_000_000_000 + 64 * i
            views.append((view, root, part.offset, part.numel))
            root, offset = view, offset - part.offset
        dump((key, root, Named(CLASSES[x.dtype][0])), file)
        file.write(struct.pack("<ii", x.dim(), 0))
        file.write(struct.pack(f"<{2 * x.dim()}q", *x.shape, *x.stride()))
        file.write(struct.pack("<q", offset))
    described = file.getvalue()

    file = io.BytesIO()
    dump(len(storages), file)
    for key, x in storages.values():
        dump((key, location, Named(CLASSES[x.dtype][1])), file)
        whole = torch.tensor([], dtype=x.dtype).set_(x.storage(), 0, (x.storage().size(),), (1,))
        file.write(struct.pack("<q", whole.numel()))
        file.write(whole.numpy().tobytes())
    dump(views, file)
    stored = file.getvalue()

    file = io.BytesIO()
    sizes = {"short": 2, "int": 4, "long": 8}
    dump({"protocol_version": 1000, "little_endian": True, "type_sizes": sizes}, file)

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:", format=tarfile.PAX_FORMAT) as tar:
        for name, content in (
            ("sys_info", file.getvalue()),
            ("pickle", pickled.getvalue()),
            ("tensors", described),
            ("storages", stored),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def described(value):
    if isinstance(value, torch.Tensor):
        values = value.detach().double().flatten().tolist()
        return {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "stride": list(value.stride()), "values": values}
    if isinstance(value, dict):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    return value


torch.manual_seed(0)
weight = torch.arange(12.0).reshape(3, 4)
base = torch.arange(10.0, dtype=torch.float64)
part = base[3:7]
state = OrderedDict(
    [
        ("weight", weight),
        ("transposed", weight.t()),
        ("row", weight[1]),
        ("same", weight),
        ("base", base),
        ("part", part),
        *((str(dtype)[6:], torch.tensor([[0, 1], [2, 3]]).to(dtype)) for dtype in CLASSES),
    ]
)
nested = {"epoch": 3, "best": 0.5, "arch": "alexnet", "list": [1, (2, torch.ones(2)), None], "state_dict": OrderedDict(x=torch.zeros(2, 2))}
model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
files = {
    "state": archive(state, parts=[Part(part, 3, 4)]),
    "nested": archive(nested),
    "cuda": archive({"x": torch.tensor([1.0, 2.0])}, location="cuda:0"),
    "model": archive(model),
}

result = {"version": torch.__version__, "files": {}}
for name, content in files.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Only real files may be of this format.
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            read = torch.load(file.name, map_location="cpu")
    if name == "state":
        assert read["part"].tolist() == part.tolist() and torch.equal(read["transposed"], weight.t())
    if name == "model":
        expected = {"state": described(read.state_dict()), "output": read(torch.ones(1, 3)).tolist()}
    else:
        expected = described(read)
    packed = base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
    result["files"][name] = {"file": packed, "expected": expected}
# The format that followed, of which the fuzzer makes damaged files.
result["legacy"] = []
for value in (state, nested, model):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    result["legacy"].append(base64.b64encode(gzip.compress(file.getvalue(), 9, mtime=0)).decode())
json.dump(result, sys.stdout, indent=1)
print()
