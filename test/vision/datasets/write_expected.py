"""Writes files.json.gz: small files as Python writes them, and what torchvision 0.14 makes of them. Run with a Python that has torchvision
(Debian: python3-torchvision), and scipy for the MATLAB files: `python3 test/vision/datasets/write_expected.py`."""
import base64, bz2, gzip, io, json, os, pickle, tempfile
from unittest import mock

import numpy as np
import torch
from torchvision import datasets

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.RandomState(0)
b64 = lambda data: base64.b64encode(data).decode()
out = {}


def save_mat(**arrays):
    from scipy.io import savemat

    results = {}
    for compressed in (False, True):
        file = io.BytesIO()
        savemat(file, arrays, do_compression=compressed)
        results["packed" if compressed else "plain"] = b64(file.getvalue())
    return results


# CIFAR: batches of three pictures at every protocol; as Python 2 wrote them, the texts are bytes of latin1.
pixels = rng.randint(0, 256, (3, 3072)).astype(np.uint8)
labels = [9, 0, 5]
names = "airplane automobile bird cat deer dog frog horse ship truck".split()
batch = {"data": pixels, "labels": labels, "batch_label": "testing batch 1 of 1", "filenames": ["a.png", "ä.png", "c.png"]}
out["cifar"] = {
    "pixels": b64(pixels.tobytes()),
    "labels": labels,
    "batches": [b64(pickle.dumps(batch, protocol)) for protocol in range(6)],
    "meta": b64(pickle.dumps({"label_names": names, "num_cases_per_batch": 3, "num_vis": 3072}, 2)),
}
# What Python 2's pickle of protocol 2 looks like: the same program, with SHORT_BINSTRING and BINSTRING for texts and bytes.
two = b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05(K\x01K\x03M\x00\x0c\x86"
two += b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + (9216).to_bytes(4, "little")
two += pixels.tobytes() + b"tbU\x06labels](K\x09K\x00K\x05eu."
assert (pickle.loads(two, encoding="latin1")["data"] == pixels).all()
out["cifar"]["python2"] = b64(two)

# Values of every kind, and what refuses.
values = {
    "none": None, "flags": [True, False], "ints": [0, 255, 65535, -1, 2**31, 2**53 - 1], "float": 0.1, "text": "ä😀", "bytes": b"\x00\xff",
    "tuple": (1, (2, 3), ()), "nested": {"a": {"b": [1]}}, 7: "seven", "f4": np.arange(6, dtype="f4").reshape(2, 3), "scalar": np.float64(2.5),
    "i8": np.array([[1, -2]], dtype="i8"), "set": {1}, "fortran": np.asfortranarray(np.arange(6, dtype="i2").reshape(2, 3)),
}
out["pickles"] = [b64(pickle.dumps(values, protocol)) for protocol in range(6)]
out["refused"] = {
    "os.system": b64(b"cos\nsystem\n(S'true'\ntR."),
    "builtins.eval": b64(b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R."),
    "numpy.core.multiarray._reconstruct object": b64(pickle.dumps(np.array([{}], dtype=object), 2)),
}

# USPS: two lines of text.
lines = []
for label in (3, 10):
    row = (rng.randint(-1000, 1001, 256) / 1000).tolist()
    lines.append(f"{label} " + " ".join(f"{i + 1}:{value:g}" for i, value in enumerate(row)) + " \n")
text = "".join(lines).encode()
with tempfile.TemporaryDirectory() as root:
    with open(f"{root}/usps.bz2", "wb") as file:
        file.write(bz2.compress(text, 1))
    usps = datasets.USPS(root)
out["usps"] = {"file": b64(bz2.compress(text, 1)), "data": usps.data.reshape(-1).tolist(), "targets": usps.targets}
out["bzip2"] = [
    [b64(bz2.compress(data, level)), b64(gzip.compress(data, mtime=0))]
    for data, level in [
        (b"", 1), (b"a", 9), (b"a" * 100_000, 1), (bytes(range(256)) * 8, 5), (b"abcd" * 3 + b"aaaa", 1), (b"banana" * 40_000, 1),
        (bytes(rng.randint(0, 3, 5000).astype(np.uint8)), 2),
    ]
] + [[b64(bz2.compress(b"one") + bz2.compress(b"two")), b64(gzip.compress(b"onetwo", mtime=0))]]

# FakeData.
fake = datasets.FakeData(size=3, image_size=(3, 5, 4), num_classes=10, random_offset=2)
out["fake"] = [[list(image.getdata()), target] for image, target in fake]

# MATLAB files.
try:
    digits = rng.randint(0, 256, (32, 32, 3, 2)).astype(np.uint8)
    out["svhn"] = {"files": save_mat(X=digits, y=np.array([[1], [10]], dtype=np.uint8)), "pixels": b64(np.transpose(digits, (3, 0, 1, 2)).tobytes())}
    out["setid"] = save_mat(trnid=np.array([[2]], dtype=np.uint16), valid=np.array([[1, 3]], dtype=np.uint16), tstid=np.array([[4]], dtype=np.uint16))
    out["imagelabels"] = save_mat(labels=np.array([[77, 1, 102, 5]], dtype=np.uint8))
    out["outline"] = save_mat(box_coord=np.array([[30, 137, 49, 349]], dtype=np.uint16), obj_contour=np.array([[1.5, 2, 3], [4, 5, 6.25]]))
    out["numbers"] = save_mat(a=np.array([[1.5, -2]]), b=np.array([[1, 2], [3, 4]], dtype=np.int32), text="abc", z=np.array([[1 + 2j]]), f=np.float32([[0.5]]))
except ImportError:
    print("scipy is missing: the MATLAB files of before stay")
    with gzip.open(f"{here}/files.json.gz") as file:
        before = json.load(file)
    out.update({key: before[key] for key in ("svhn", "setid", "imagelabels", "outline", "numbers")})

with open(f"{here}/files.json.gz", "wb") as file:
    file.write(gzip.compress(json.dumps(out).encode(), 9, mtime=0))
print(os.path.getsize(f"{here}/files.json.gz"), "bytes")
