"""Writes images.json.gz, what the tests of pictures compare with: `python3 write_expected.py`, with PIL 9.4 and torchvision 0.14."""
import base64
import gzip
import hashlib
import io
import json
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torchvision.io.image import ImageReadMode, decode_image

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
H, W = 11, 13


def text(data):
    return base64.b64encode(bytes(data)).decode()


def digest(data):
    """Results are compared whole; a digest of each will do."""
    return hashlib.sha256(bytes(data)).hexdigest()[:16]


def smooth(bands, height=H, width=W):
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin(x / (3 + i) + y / (5 - i)) + 20 * rng.standard_normal((height, width)) for i in range(bands)]
    return np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)


def image(mode, height=H, width=W):
    if mode == "1":
        return Image.fromarray(smooth(1, height, width)[..., 0] > 128)
    if mode == "P":
        return image("RGB", height, width).quantize(7)
    if mode == "I;16":
        return Image.fromarray(smooth(1, height, width)[..., 0].astype(np.uint16) * 257 + 3)
    if mode == "I":
        return Image.fromarray(smooth(1, height, width)[..., 0].astype(np.int32) * 3 - 100)
    if mode == "F":
        return Image.fromarray(smooth(1, height, width)[..., 0].astype(np.float32) * 1.3 - 20.3)
    bands = len(mode)
    data = smooth(bands, height, width)
    return Image.fromarray(data[..., 0] if bands == 1 else data, mode=mode)


def save(im, format, **options):
    file = io.BytesIO()
    im.save(file, format, **options)
    return file.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(color, depth, interlaced, height=H, width=W, extra=()):
    """A file of random samples, filters and chunk borders, of any kind there is."""
    bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    samples = rng.integers(0, 7 if color == 3 and depth > 2 else 2**depth, (height, width, bands))
    raw = b""
    for x0, y0, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = samples[y0::dy, x0::dx]
        if part.size == 0:
            continue
        bits = ((part.reshape(part.shape[0], -1, 1) >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8)
        rows = np.packbits(bits.reshape(part.shape[0], -1), axis=1)
        raw += b"".join(bytes([rng.integers(0, 5)]) + bytes(row) for row in rows)
    packed = zlib.compress(raw)
    body = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))]
    if color == 3:
        body.append(chunk(b"PLTE", bytes(rng.integers(0, 256, 3 * min(7, 2**depth), dtype=np.uint8))))
    body += [chunk(*item) for item in extra]
    body += [chunk(b"IDAT", packed[i : i + 20]) for i in range(0, len(packed), 20)] + [chunk(b"IEND", b"")]
    return b"".join(body)


def files():
    for color, depths in {0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]}.items():
        for depth in depths:
            for interlaced in [0, 1]:
                yield f"png of type {color}, {depth} bits{', interlaced' if interlaced else ''}", png(color, depth, interlaced)
    yield "png of one pixel, interlaced", png(2, 8, 1, 1, 1)
    yield "png of one column, interlaced", png(6, 8, 1, 9, 1)
    yield "png with a transparent place", png(3, 4, 0, extra=[(b"tRNS", bytes([0, 128, 255]))])
    yield "png with a transparent gray", png(0, 2, 0, extra=[(b"tRNS", struct.pack(">H", 2))])
    yield "png with a transparent color", png(2, 8, 0, 3, 3, extra=[(b"tRNS", struct.pack(">HHH", 1, 2, 3))])
    yield "png with text", save(image("RGB"), "PNG", pnginfo=None, dpi=(72, 72))
    for subsampling in [0, 1, 2]:
        for progressive in [False, True]:
            kind = ["4:4:4", "4:2:2", "4:2:0"][subsampling] + (", progressive" if progressive else "")
            yield f"jpeg {kind}", save(image("RGB", 35, 42), "JPEG", subsampling=subsampling, progressive=progressive, quality=85)
            yield f"jpeg of inks {kind}", save(image("CMYK", 35, 42), "JPEG", subsampling=subsampling, progressive=progressive, quality=90)
    yield "jpeg gray", save(image("L", 21, 19), "JPEG")
    yield "jpeg gray, progressive", save(image("L", 21, 19), "JPEG", progressive=True)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg of orientation {orientation}", save(image("RGB", 5, 9), "JPEG", exif=exif)
    yield "jpeg of YCCK", ycck(save(image("CMYK", 35, 42), "JPEG", quality=90))


def ycck(file):
    """Says of four components that they are YCCK: Adobe's marker with transform 2."""
    at = file.index(b"Adobe")
    return file[: at + 11] + b"\x02" + file[at + 12 :]


def tensors(file):
    found = {}
    for mode in ImageReadMode:
        try:
            x = decode_image(torch.frombuffer(bytearray(file), dtype=torch.uint8), mode)
            found[mode.name] = [list(x.shape), digest(x.numpy().tobytes())]
        except RuntimeError as error:
            found[mode.name] = str(error).split("\n")[0]
    return found


def palette_bytes(im):
    return text(im.getpalette()) if im.mode == "P" else None


def opened(name, file):
    im = Image.open(io.BytesIO(file))
    upright = ImageOps.exif_transpose(im)
    return {
        "name": name,
        "file": text(file),
        "mode": im.mode,
        "size": list(im.size),
        "bytes": digest(im.tobytes()),
        "rgba": digest(im.convert("RGBA").tobytes()),
        "rgb": digest(im.convert("RGB").tobytes()),
        "upright": digest(upright.tobytes()),
        "tensors": tensors(file),
    }


MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"]


def conversions():
    for source in MODES:
        im = image(source)
        for target in MODES:
            for dither in [0, 3]:
                if dither == 0 and target not in "1P":
                    continue
                if (source, target) == ("RGBA", "P"):
                    continue  # a palette of its own, by octree
                case = {"from": source, "to": target, "dither": dither, "bytes": text(raw(im)), "palette": palette_bytes(im)}
                try:
                    out = im.convert(target, dither=dither)
                    case["result"] = text(raw(out))
                    if target == "P" and source != "P":
                        case["resultPalette"] = palette_bytes(out)
                except ValueError as error:
                    case["error"] = str(error)
                yield case


def raw(im):
    """Samples as our pictures hold them: those of mode 1 as bytes."""
    return im.convert("L").tobytes() if im.mode == "1" else im.tobytes()


def main():
    cases = list(files())
    im = image("RGBA")
    expected = {
        "files": [opened(*case) for case in cases],
        "size": [W, H],
        "conversions": list(conversions()),
        "moves": {
            "bytes": text(im.tobytes()),
            "crop": [[list(box), text(im.crop(box).tobytes())] for box in [(2, 3, 8, 9), (-3, -2, 5, 20), (20, 20, 22, 21), (1.5, 2.5, 7.4, 8.6)]],
            "transpose": [[name, text(im.transpose(getattr(Image.Transpose, name)).tobytes())] for name in Image.Transpose.__members__],
            "pixel": [[list(xy), list(im.getpixel(xy))] for xy in [(0, 0), (3, 4), (-1, -1), (-13, 2)]],
        },
    }
    path = Path(__file__).with_name("images.json.gz")
    path.write_bytes(gzip.compress(json.dumps(expected, separators=(",", ":")).encode(), 9, mtime=0))
    print(path.stat().st_size)


if __name__ == "__main__":
    main()
