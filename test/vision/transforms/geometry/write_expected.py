"""Writes torchvision.json.gz, what the tests beside it compare with: `python3 write_expected.py`, with PyTorch 1.13, torchvision 0.14, Pillow 9.4."""
import gzip
import json
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional as F

warnings.simplefilter("ignore")
SEEDS = 20
HEIGHT, WIDTH = 13, 16
BANDS = {"LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
IMAGE, TENSORS, ALL = ["image"], ["byte", "float"], ["image", "byte", "float"]

# Classes, by position and by name, and what they are shown.
CLASSES = [
    ("Resize", [(7, 9)], {}, ALL),
    ("Resize", [19], {"interpolation": "bicubic"}, ALL),
    ("Resize", [9], {"max_size": 10}, ALL),
    ("Resize", [(5, 20)], {"interpolation": "lanczos"}, IMAGE),
    ("Resize", [8], {"antialias": True}, ALL),
    ("Resize", [6], {"antialias": True, "interpolation": "bicubic"}, TENSORS),
    ("Resize", [(20, 9)], {"interpolation": "nearest"}, ALL),
    ("CenterCrop", [(8, 9)], {}, ALL),
    ("CenterCrop", [17], {}, ALL),
    ("Pad", [3], {}, ALL),
    ("Pad", [(2, 5)], {"fill": 7, "padding_mode": "constant"}, ALL),
    ("Pad", [(1, 2, 3, 4)], {"fill": (5, 6, 7)}, IMAGE),
    ("Pad", [(1, 2, 3, 4)], {"padding_mode": "edge"}, ALL),
    ("Pad", [4], {"padding_mode": "reflect"}, ALL),
    ("Pad", [(5, 3)], {"padding_mode": "symmetric"}, ALL),
    ("RandomCrop", [10], {}, ALL),
    ("RandomCrop", [(13, 16)], {"padding": 4}, ALL),
    ("RandomCrop", [(15, 12)], {"pad_if_needed": True, "fill": 9, "padding_mode": "reflect"}, ALL),
    ("RandomResizedCrop", [8], {}, ALL),
    ("RandomResizedCrop", [(12, 9), (0.3, 0.6), (0.5, 2.0)], {"interpolation": "bicubic"}, ALL),
    ("RandomResizedCrop", [6], {"antialias": True}, TENSORS),
    ("FiveCrop", [(6, 7)], {}, ALL),
    ("TenCrop", [5], {}, ALL),
    ("TenCrop", [5], {"vertical_flip": True}, ALL),
    ("RandomHorizontalFlip", [], {}, ALL),
    ("RandomVerticalFlip", [0.7], {}, ALL),
    ("RandomRotation", [40], {}, ALL),
    ("RandomRotation", [(-170, 90)], {"interpolation": "bilinear", "expand": True}, ALL),
    ("RandomRotation", [30], {"interpolation": "bilinear", "center": (3, 5), "fill": 77}, ALL),
    ("RandomRotation", [30], {"interpolation": "bicubic", "fill": (3, 99, 200)}, IMAGE),
    ("RandomAffine", [20], {}, ALL),
    ("RandomAffine", [(0, 50), (0.2, 0.1), (0.6, 1.7), 20], {"interpolation": "bilinear", "fill": 30}, ALL),
    ("RandomAffine", [10], {"shear": (-10, 10, -20, 20), "interpolation": "bicubic", "center": (2, 9)}, IMAGE),
    ("RandomAffine", [0], {"translate": (0.3, 0.3)}, ALL),
    ("RandomPerspective", [0.4], {"p": 0.9}, ALL),
    ("RandomPerspective", [0.4], {"p": 1.0, "interpolation": "nearest", "fill": 44}, ALL),
    ("ElasticTransform", [], {"alpha": 40.0, "sigma": 1.0}, ALL),
    ("ElasticTransform", [(30.0, 60.0), (1.2, 0.8)], {"interpolation": "nearest", "fill": 5}, ALL),
]

# Functions of Images of every mode.
FUNCTIONS = [
    ("hflip", []), ("vflip", []), ("crop", [2, 3, 7, 8]), ("crop", [-2, 5, 20, 30]), ("crop", [20, 30, 4, 4]),
    ("center_crop", [9]), ("center_crop", [[20, 7]]), ("pad", [[1, 2, 3, 4]]), ("pad", [[-2, 3]]),
    ("pad", [2, 100]), ("pad", [30, 0, "reflect"]), ("pad", [30, 0, "symmetric"]), ("pad", [[-2, 3, 4, -5], 0, "edge"]),
    ("resize", [[5, 7], "nearest"]), ("resize", [[5, 7], "box"]), ("resize", [[5, 7], "bilinear"]),
    ("resize", [[5, 7], "hamming"]), ("resize", [[5, 7], "bicubic"]), ("resize", [[5, 7], "lanczos"]),
    ("resize", [[31, 37], "nearest"]), ("resize", [[31, 37], "box"]), ("resize", [[31, 37], "bilinear"]),
    ("resize", [[31, 37], "hamming"]), ("resize", [[31, 37], "bicubic"]), ("resize", [[31, 37], "lanczos"]),
    ("resize", [[13, 5], "bilinear"]), ("resize", [[40, 16], "bicubic"]), ("resize", [1, "lanczos"]),
    ("resized_crop", [1, 2, 9, 10, [6, 6], "bilinear"]), ("resized_crop", [-3, -2, 12, 14, [6, 6], "bicubic"]),
    ("rotate", [90]), ("rotate", [90, "bilinear", True]), ("rotate", [180]), ("rotate", [270, "nearest", True]),
    ("rotate", [-450, "nearest", True]), ("rotate", [360]), ("rotate", [33.3]), ("rotate", [33.3, "bilinear", True]),
    ("rotate", [33.3, "bicubic", False, [0, 0], 120]), ("rotate", [90, "nearest", False, [1, 2], 9]),
    ("affine", [0, [0, 0], 1, [0, 0]]), ("affine", [0, [3, -2], 1, 0, "nearest", 11]),
    ("affine", [0, [0, 0], 0.37, 0, "nearest", 11]), ("affine", [25, [3, -2], 1.3, [10, -5], "nearest", 200]),
    ("affine", [25, [3, -2], 1.3, [10, -5], "bilinear"]), ("affine", [25, [3, -2], 0.7, 30, "bicubic", 66, [1, 2]]),
    ("affine", [10, [3, -2], 1e-5, 0]),
]  # fmt: skip
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"]


def samples(seed, count):
    """Bytes that the tests make in the same way."""
    state, out = seed * 7919 + 17, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(state >> 16 & 255)
    return np.array(out, dtype=np.uint8)


def image_of(seed, mode):
    bands = BANDS.get(mode, 1)
    values = samples(seed, HEIGHT * WIDTH * bands)
    pixels = values.reshape((HEIGHT, WIDTH) if bands == 1 else (HEIGHT, WIDTH, bands))
    if mode == "1":
        return Image.fromarray(pixels > 127)
    if mode == "P":
        image = Image.fromarray(pixels // 16, "L")
        image.putpalette(samples(99, 48).tolist())
        return image
    if mode == "I;16":
        return Image.fromarray(pixels.astype(np.uint16) * 257)
    if mode == "I":
        return Image.fromarray(pixels.astype(np.int32) * 30000 - 2000000)
    if mode == "F":
        return Image.fromarray(pixels.astype(np.float32) * np.float32(1.5) - np.float32(40.25))
    return Image.fromarray(pixels, mode)


def tensor_of(seed, kind):
    lead = (2,) if seed % 5 == 4 else ()
    shape = (*lead, 1 if seed % 7 == 6 else 3, HEIGHT, WIDTH)
    values = torch.from_numpy(samples(seed, int(np.prod(shape)))).reshape(shape)
    return values / 255 if kind == "float" else values


def perspective_coeffs(startpoints, endpoints):
    """torchvision's coefficients on a processor that fuses multiplications: which pixel is nearest depends on their last bits."""
    f, fma = np.float32, lambda a, b, c: np.float32(np.float64(a) * np.float64(b) + np.float64(c))
    a, b = np.zeros((8, 8), f), np.array(startpoints, f).reshape(8)
    for i, (p, q) in enumerate(zip(endpoints, startpoints)):
        a[2 * i] = [p[0], p[1], 1, 0, 0, 0, -q[0] * p[0], -q[0] * p[1]]
        a[2 * i + 1] = [0, 0, 0, p[0], p[1], 1, -q[1] * p[0], -q[1] * p[1]]
    for i in range(8):
        below = a[i + 1 :, i].astype(np.float64)
        alpha, norm = a[i, i], f(np.sqrt(below @ below))
        if norm == 0:
            continue
        large, small = max(abs(alpha), norm), min(abs(alpha), norm)
        ratio = f(small / large)
        length = large if small == 0 else f(large * f(np.sqrt(f(f(1) + f(ratio * ratio)))))
        beta = -length if not np.signbit(alpha) else length
        v = np.concatenate([[f(1)], a[i + 1 :, i] * f(f(1) / f(alpha - beta))]).astype(f)
        tau = f(f(beta - alpha) / beta)
        for column in [a[i:, j] for j in range(i + 1, 8)] + [b[i:]]:
            used = np.flatnonzero(v)[-1] + 1
            lanes, rest, whole = [f(0)] * 4, f(0), used // 4 * 4
            for k in range(whole):
                lanes[k % 4] = fma(column[k], v[k], lanes[k % 4])
            for k in range(whole, used):
                rest = fma(column[k], v[k], rest)
            dot = f(f(f(lanes[0] + lanes[1]) + f(lanes[2] + lanes[3])) + rest)
            for k in range(8 - i):
                column[k] = fma(f(-tau * dot), v[k], column[k])
        a[i, i], a[i + 1 :, i] = beta, v[1:]
    for k in range(7, -1, -1):
        b[k] = f(b[k] / a[k, k])
        for i in range(k):
            b[i] = fma(-b[k], a[i, k], b[i])
    return [float(x) for x in b]


# They differ from those of the processor here in the last bits only.
for ends in [[[1, 1], [9, 0], [10, 7], [2, 8]], [[0, 2], [8, 1], [7, 8], [1, 6]]]:
    starts = [[0, 0], [10, 0], [10, 8], [0, 8]]
    assert np.allclose(perspective_coeffs(starts, ends), F._get_perspective_coeffs(starts, ends), atol=1e-5)
F._get_perspective_coeffs = perspective_coeffs


def weights(count, which):
    """Numbers from 0 to 1, other ones for each sum."""
    return (np.arange(1, count + 1, dtype=np.int64) * (7919 + 104729 * which) % 1009) / 1009


def packed(result):
    """The kind, the size, a checksum of the bytes, and three weighted sums for what may be rounded otherwise."""
    if isinstance(result, Image.Image):
        kind, values = result.mode, np.array(result)
        size = [result.height, result.width]
        if kind == "1":
            values = values.astype(np.uint8) * 255
    else:
        kind, values, size = str(result.dtype)[6:], result.numpy(), list(result.shape)
    flat = np.ascontiguousarray(values).reshape(-1)
    sums = [round(float(weights(flat.size, k) @ flat.astype(np.float64)), 4) for k in range(3)]
    return [kind, size, zlib.crc32(flat.tobytes()), sums]


def given(values):
    """Words as the modes they name."""
    modes = {mode.value: mode for mode in transforms.InterpolationMode}
    return [modes.get(value, value) if isinstance(value, str) else value for value in values]


def run_class(name, args, kwargs, kinds):
    named = dict(zip(kwargs, given(kwargs.values())))
    transform = getattr(transforms, name)(*args, **named)
    case = {"name": name, "args": args, "kwargs": kwargs, "repr": repr(transform), "results": {}}
    for kind in kinds:
        results = []
        for seed in range(SEEDS):
            three = isinstance(kwargs.get("fill"), tuple)
            picture = image_of(seed, "L" if seed % 4 == 3 and not three else "RGB") if kind == "image" else tensor_of(seed, kind)
            torch.manual_seed(seed)
            result = transform(picture)
            parts = result if isinstance(result, tuple) else [result]
            results.append([[packed(part) for part in parts], round(torch.rand(1).item() * 2**24)])
        case["results"][kind] = results
    return case


def run_function(name, args, mode):
    try:
        return [name, args, mode, packed(getattr(F, name)(image_of(3, mode), *given(args)))]
    except (ValueError, TypeError, OSError, KeyError):
        return [name, args, mode, None]


expected = {
    "classes": [run_class(*case) for case in CLASSES],
    "functions": [run_function(name, args, mode) for name, args in FUNCTIONS for mode in MODES],
    "draws": [],
}
for seed in range(SEEDS):
    torch.manual_seed(seed)
    image = image_of(seed, "RGB")
    crop, resized = transforms.RandomCrop.get_params(image, (5, 6)), transforms.RandomResizedCrop.get_params(image, (0.08, 1), (0.75, 1.3))
    affine = transforms.RandomAffine.get_params([-30, 40], [0.2, 0.3], [0.5, 2], [-5, 5, -7, 7], [16, 13])
    perspective = transforms.RandomPerspective.get_params(16, 13, 0.6)
    expected["draws"].append([crop, resized, affine, perspective, transforms.RandomRotation.get_params([-10, 60])])
path = Path(__file__).with_name("torchvision.json.gz")
path.write_bytes(gzip.compress(json.dumps(expected, separators=(",", ":")).encode(), 9, mtime=0))
print(path.stat().st_size, "bytes")
