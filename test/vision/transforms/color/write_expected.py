"""Writes torchvision.json.gz, what the tests beside it compare with: `python3 write_expected.py`, with PyTorch 1.13 and torchvision 0.14."""
import base64
import gzip
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional as F

SEEDS = 20
HEIGHT, WIDTH = 7, 8

# Classes, by position and by name; what they are shown: Images of RGB and L, tensors of bytes, floats, batches.
ALL, BYTES, TENSORS = ["image", "byte", "float"], ["image", "byte"], ["byte", "float"]
CLASSES = [
    ("ColorJitter", [], {"brightness": 0.6, "contrast": 0.5, "saturation": 0.7, "hue": 0.3}, ALL),
    ("ColorJitter", [(0.5, 2.5), 0, (0.0, 3.0), (-0.5, -0.1)], {}, ALL),
    ("Grayscale", [], {"num_output_channels": 3}, ALL),
    ("RandomGrayscale", [], {"p": 0.5}, ALL),
    ("GaussianBlur", [3], {}, ALL),
    ("GaussianBlur", [(5, 3)], {"sigma": (0.5, 4.0)}, ALL),
    ("RandomErasing", [], {"p": 0.8, "value": "random"}, TENSORS),
    ("RandomErasing", [1.0], {"scale": (0.1, 0.5), "ratio": (0.5, 2.0), "value": (7, 1, 0)}, TENSORS),
    ("RandomInvert", [], {}, ALL),
    ("RandomPosterize", [3], {"p": 0.7}, BYTES),
    ("RandomSolarize", [0.6], {"p": 0.7}, ["float"]),
    ("RandomSolarize", [120], {}, BYTES),
    ("RandomAdjustSharpness", [0.0], {}, ALL),
    ("RandomAdjustSharpness", [3], {"p": 0.9}, ALL),
    ("RandomAutocontrast", [], {"p": 0.8}, ALL),
    ("RandomEqualize", [], {"p": 0.8}, BYTES),
    ("AutoAugment", [], {}, BYTES),
    ("AutoAugment", ["cifar10"], {}, BYTES),
    ("AutoAugment", ["svhn"], {"fill": 128}, BYTES),
    ("RandAugment", [], {}, BYTES),
    ("RandAugment", [3, 20], {"num_magnitude_bins": 40, "fill": (1, 2, 3)}, BYTES),
    ("TrivialAugmentWide", [], {}, BYTES),
    ("TrivialAugmentWide", [], {"interpolation": "bilinear"}, BYTES),
    ("AugMix", [], {}, BYTES),
    ("AugMix", [5, 2, 2, 0.7, False], {"interpolation": "nearest"}, BYTES),
]

# Functions of Images of every mode; of those for which PIL makes a palette or two colors of a picture, nothing is kept.
FUNCTIONS = [
    ("adjust_brightness", [1.7]), ("adjust_brightness", [0.3]), ("adjust_contrast", [1.7]), ("adjust_contrast", [0.3]),
    ("adjust_saturation", [2.2]), ("adjust_saturation", [0.4]), ("adjust_hue", [0.23]), ("adjust_hue", [-0.41]),
    ("adjust_gamma", [0.6]), ("adjust_gamma", [2.2, 1.4]), ("adjust_sharpness", [0.2]), ("adjust_sharpness", [3.0]),
    ("rgb_to_grayscale", []), ("rgb_to_grayscale", [3]), ("gaussian_blur", [3]), ("gaussian_blur", [[3, 5], [0.7, 2.0]]),
    ("invert", []), ("posterize", [3]), ("posterize", [0]), ("solarize", [100]), ("autocontrast", []), ("equalize", []),
]  # fmt: skip
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I", "F"]


def samples(seed, count, low=0, high=255):
    """Numbers that the tests make in the same way."""
    state, out = seed * 7919 + 17, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(low + (state >> 16 & 255) * (high - low) // 255)
    return np.array(out, dtype=np.uint8)


def image_of(seed, mode):
    bands = {"LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}.get(mode, 1)
    values = samples(seed, HEIGHT * WIDTH * bands, 20, 230)
    pixels = values.reshape((HEIGHT, WIDTH) if bands == 1 else (HEIGHT, WIDTH, bands))
    if mode == "1":
        return Image.fromarray(pixels > 127)
    if mode == "P":
        image = Image.fromarray(pixels // 16, "L")
        image.putpalette(samples(99, 48).tolist())
        return image
    if mode == "I":
        return Image.fromarray(pixels.astype(np.int32) * 3 - 200)
    if mode == "F":
        return Image.fromarray(pixels.astype(np.float32) * np.float32(1.5) - np.float32(40.25))
    return Image.fromarray(pixels, mode)


def tensor_of(seed, kind):
    lead = (2,) if seed % 5 == 4 else ()
    shape = (*lead, 1 if seed % 7 == 6 else 3, HEIGHT, WIDTH)
    values = torch.from_numpy(samples(seed, int(np.prod(shape)), 20, 230)).reshape(shape)
    return values / 255 if kind == "float" else values


def packed(result):
    if isinstance(result, Image.Image):
        pixels = np.array(result)
        if result.mode == "1":
            pixels = (pixels != 0).astype(np.uint8)
        return [result.mode, base64.b64encode(pixels.tobytes()).decode()]
    if result.dtype == torch.float32:
        # Enough to tell values apart that differ by more than a rounding.
        result = np.round(result.numpy().astype(np.float64) * 4096).astype(np.int16)
        return ["float32", base64.b64encode(result.tobytes()).decode()]
    return [str(result.dtype)[6:], base64.b64encode(result.numpy().tobytes()).decode()]


def run_class(name, args, kwargs, kinds):
    args = [transforms.AutoAugmentPolicy(args[0])] if name == "AutoAugment" and args else args
    named = {k: transforms.InterpolationMode(v) if k == "interpolation" else v for k, v in kwargs.items()}
    transform = getattr(transforms, name)(*args, **named)
    case = {"name": name, "repr": repr(transform), "results": {}}
    for kind in kinds:
        results = []
        for seed in range(SEEDS):
            mode = "L" if seed % 4 == 3 and not isinstance(kwargs.get("fill"), tuple) else "RGB"
            three = isinstance(kwargs.get("fill"), tuple) or isinstance(kwargs.get("value"), tuple)
            own = seed + 100 if three and seed % 7 == 6 else seed
            picture = image_of(own, mode) if kind == "image" else tensor_of(own, kind)
            torch.manual_seed(seed)
            results.append([*packed(transform(picture)), round(torch.rand(1).item() * 2**24)])
        case["results"][kind] = results
    return case


def run_function(name, args, mode):
    try:
        return [name, args, mode, *packed(getattr(F, name)(image_of(3, mode), *args))]
    except Exception as error:  # noqa: BLE001
        return [name, args, mode, None, str(error)]


def main():
    expected = {
        "classes": [
            {**run_class(*case), "args": case[1], "kwargs": case[2]} for case in CLASSES
        ],
        "functions": [run_function(name, args, mode) for name, args in FUNCTIONS for mode in MODES],
    }
    text = json.dumps(expected, separators=(",", ":")).encode()
    Path(__file__).with_name("torchvision.json.gz").write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
