"""Writes expected.json.gz: what the networks of this folder give, by an independent implementation in PyTorch.

    python3 test/darknet/write_expected.py

It follows Darknet's C sources loop by loop rather than the library's TypeScript. Weights and pictures are numbers that both sides compute from their
positions; the file holds the runs of ranges in which the numbers of a .weights file lie, and the results as float32.
"""
import base64, gzip, json, os, re
import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))


def uniform(count, seed):
    """Numbers in [0, 1) by position: the finalizer of MurmurHash3."""
    x = np.arange(count, dtype=np.uint32) + np.uint32(seed * 0x9E3779B1 & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float64) / 2**24


def read_cfg(path):
    blocks = []
    for line in open(path):
        line = re.sub(r"\s", "", line)
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            blocks.append((line[1:-1], {}))
        else:
            key, value = line.split("=")
            blocks[-1][1][key] = value
    return blocks


class Numbers:
    """The numbers of a .weights file, made as they are asked for."""

    def __init__(self):
        self.runs, self.parts, self.position = [], [], 0

    def take(self, shape, low, high):
        count = int(np.prod(shape))
        values = (low + (high - low) * uniform(count, 1 + len(self.runs))).astype(np.float32)
        self.runs.append([count, low, high])
        return torch.from_numpy(values.reshape(shape).astype(np.float64))


def activate(x, name):
    e = torch.exp
    return {
        "linear": lambda: x,
        "logistic": lambda: 1 / (1 + e(-x)),
        "leaky": lambda: torch.where(x > 0, x, 0.1 * x),
        "relu": lambda: torch.where(x > 0, x, 0 * x),
        "relu6": lambda: x.clamp(0, 6),
        "mish": lambda: x * torch.tanh(torch.log1p(e(x))),
        "hard_mish": lambda: torch.where(x > 0, x, torch.where(x > -2, x * x / 2 + x, 0 * x)),
        "swish": lambda: x / (1 + e(-x)),
        "tanh": lambda: (e(2 * x) - 1) / (e(2 * x) + 1),
        "elu": lambda: torch.where(x >= 0, x, e(x) - 1),
        "selu": lambda: torch.where(x >= 0, 1.0507 * x, 1.0507 * 1.6732 * (e(x) - 1)),
        "gelu": lambda: 0.5 * x * (1 + torch.tanh(0.797885 * x + 0.035677 * x**3)),
        "lhtan": lambda: torch.where(x < 0, 0.001 * x, torch.where(x > 1, 0.001 * (x - 1) + 1, x)),
        "plse": lambda: torch.where(x < -4, 0.01 * (x + 4), torch.where(x > 4, 0.01 * (x - 4) + 1, 0.125 * x + 0.5)),
        "ramp": lambda: x * (x > 0) + 0.1 * x,
    }[name]()


def norm(x, scale, mean, var, bias):
    v = lambda p: p.view(1, -1, *[1] * (x.dim() - 2))
    return (x - v(mean)) / torch.sqrt(v(var) + 0.00001) * v(scale) + v(bias)


def norm_numbers(numbers, n):
    bias = numbers.take([n], -0.3, 0.3)
    return bias, [numbers.take([n], 0.6, 1.4), numbers.take([n], -0.2, 0.2), numbers.take([n], 0.4, 1.6)]


def pool(x, o, mean=False):
    size, stride = int(o.get("size", o.get("stride", 1))), int(o.get("stride", 1))
    padding = int(o.get("padding", size - 1))
    n, c, h, w = x.shape
    oh, ow = (h + padding - size) // stride + 1, (w + padding - size) // stride + 1
    out = torch.zeros(n, c, oh, ow, dtype=x.dtype)
    for i in range(oh):
        for j in range(ow):
            top, left = i * stride - padding // 2, j * stride - padding // 2
            window = x[:, :, max(top, 0) : top + size, max(left, 0) : left + size]
            out[:, :, i, j] = window.mean((2, 3)) if mean else window.amax((2, 3))
    return out


def reorg(x, w, h, c, stride):
    """reorg_cpu(x, w, h, c, batch, stride, 0, out)"""
    flat = x.reshape(x.shape[0], -1)
    out = torch.zeros_like(flat)
    k, j, i = np.meshgrid(np.arange(c), np.arange(h), np.arange(w), indexing="ij")
    out_c = c // (stride * stride)
    in_index = i + w * (j + h * k)
    c2, offset = k % out_c, k // out_c
    w2, h2 = i * stride + offset % stride, j * stride + offset // stride
    out_index = w2 + w * stride * (h2 + h * stride * c2)
    out[:, in_index.ravel()] = flat[:, out_index.ravel()]
    return out


def shortcut(x, other, s1, s2):
    """shortcut_cpu(batch, w1, h1, c1, add, w2, h2, c2, s1, s2, out)"""
    out = x.clone()
    _, c2, h2, w2 = x.shape
    _, c1, h1, w1 = other.shape
    stride, sample = max(w1 // w2, 1), max(w2 // w1, 1)
    for k in range(min(c1, c2)):
        for j in range(min(h1, h2)):
            for i in range(min(w1, w2)):
                at = (slice(None), k, j * sample, i * sample)
                out[at] = s1 * out[at] + s2 * other[:, k, j * stride, i * stride]
    return out


def head(x, anchors, classes, scale, softmax):
    n, c, h, w = x.shape
    y = x.reshape(n, anchors, c // anchors, h, w).clone()
    y[:, :, 0:2] = (1 / (1 + torch.exp(-y[:, :, 0:2]))) * scale - 0.5 * (scale - 1)
    y[:, :, 4] = 1 / (1 + torch.exp(-y[:, :, 4]))
    p = y[:, :, 5:]
    y[:, :, 5:] = torch.softmax(p, 2) if softmax else 1 / (1 + torch.exp(-p))
    return y.reshape(n, c, h, w)


def boxes_of(y, anchors, classes, net, in_cells):
    """Center, size, probabilities of each box, cells row by row, by loops."""
    n, c, h, w = y.shape
    y = y.reshape(n, len(anchors), c // len(anchors), h, w).numpy()
    rows = []
    for row in range(h):
        for col in range(w):
            for a, (aw, ah) in enumerate(anchors):
                e = y[0, a, :, row, col]
                by = (w, h) if in_cells else (net[1], net[0])
                box = [(col + e[0]) / w, (row + e[1]) / h, np.exp(e[2]) * aw / by[0], np.exp(e[3]) * ah / by[1]]
                rows.append([*box, *(e[4] * e[5 : 5 + classes])])
    return rows


def run(name, batch):
    blocks = read_cfg(f"{HERE}/{name}.cfg")
    net = blocks[0][1]
    h, w, c = int(net["height"]), int(net["width"]), int(net["channels"])
    x = torch.from_numpy(uniform(batch * c * h * w, 1000).astype(np.float32).astype(np.float64).reshape(batch, c, h, w))
    numbers, outs, heads, found = Numbers(), [], [], []
    for index, (kind, o) in enumerate(blocks[1:]):
        resolve = lambda at: index + at if at < 0 else at
        if kind in ("convolutional", "deconvolutional"):
            n, k, s = int(o["filters"]), int(o.get("size", 1)), int(o.get("stride", 1))
            groups, dilation = int(o.get("groups", 1)), int(o.get("dilation", 1))
            padding = k // 2 if o.get("pad") == "1" else int(o.get("padding", 0))
            has_norm = o.get("batch_normalize") == "1"
            fan = x.shape[1] // groups * k * k
            bound = (3 / fan) ** 0.5 * 1.4
            if has_norm:
                bias, rest = norm_numbers(numbers, n)
            else:
                bias = numbers.take([n], -0.3, 0.3)
            if kind == "convolutional":
                weight = numbers.take([n, x.shape[1] // groups, k, k], -bound, bound)
                y = F.conv2d(x, weight, None, s, padding * dilation, dilation, groups)
            else:
                weight = numbers.take([x.shape[1], n, k, k], -bound, bound)
                y = F.conv_transpose2d(x, weight, None, s, padding)
            y = norm(y, *rest, bias) if has_norm else y + bias.view(1, -1, 1, 1)
            x = activate(y, o.get("activation", "logistic"))
        elif kind == "connected":
            flat, n = x.reshape(batch, -1), int(o["output"])
            bias = numbers.take([n], -0.3, 0.3)
            bound = (3 / flat.shape[1]) ** 0.5
            y = flat @ numbers.take([n, flat.shape[1]], -bound, bound).T
            if o.get("batch_normalize") == "1":
                y = norm(y, numbers.take([n], 0.6, 1.4), numbers.take([n], -0.2, 0.2), numbers.take([n], 0.4, 1.6), bias)
            else:
                y = y + bias
            x = activate(y, o.get("activation", "logistic")).view(batch, n, 1, 1)
        elif kind == "local":
            n, k, s = int(o["filters"]), int(o["size"]), int(o["stride"])
            oh, ow = (x.shape[2] - 1) // s + 1, (x.shape[3] - 1) // s + 1
            bias = numbers.take([n, oh, ow], -0.3, 0.3)
            fan = x.shape[1] * k * k
            weight = numbers.take([oh, ow, n, x.shape[1], k, k], -(3 / fan) ** 0.5, (3 / fan) ** 0.5)
            padded, y = F.pad(x, [1, 1, 1, 1]), torch.zeros(batch, n, oh, ow, dtype=x.dtype)
            for i in range(oh):
                for j in range(ow):
                    window = padded[:, :, i * s : i * s + k, j * s : j * s + k]
                    y[:, :, i, j] = torch.einsum("bcyx,ncyx->bn", window, weight[i, j])
            x = activate(y + bias, o["activation"])
        elif kind == "batchnorm":
            bias, rest = norm_numbers(numbers, x.shape[1])
            x = norm(x, *rest, bias)
        elif kind == "maxpool":
            x = pool(x, o)
        elif kind == "local_avgpool":
            x = pool(x, o, True)
        elif kind == "avgpool":
            x = x.mean((2, 3), keepdim=True)
        elif kind == "upsample":
            s = int(o["stride"])
            x = x.repeat_interleave(s, 2).repeat_interleave(s, 3) * float(o.get("scale", 1))
        elif kind == "reorg":
            s, (n, c, h_, w_) = int(o["stride"]), x.shape
            x = reorg(x, w_, h_, c, s).reshape(n, c * s * s, h_ // s, w_ // s)
        elif kind == "reorg3d":
            s, (n, c, h_, w_) = int(o["stride"]), x.shape
            x = reorg(x, w_ // s, h_ // s, c * s * s, s).reshape(n, c * s * s, h_ // s, w_ // s)
        elif kind == "route":
            groups, group = int(o.get("groups", 1)), int(o.get("group_id", 0))
            picked = [outs[resolve(int(at))] for at in o["layers"].split(",")]
            x = torch.cat([torch.chunk(p, groups, 1)[group] for p in picked], 1)
        elif kind == "shortcut":
            other = outs[resolve(int(o["from"]))]
            x = activate(shortcut(x, other, float(o.get("alpha", 1)), float(o.get("beta", 1))), o["activation"])
        elif kind == "scale_channels":
            x = x * outs[resolve(int(o["from"]))]
        elif kind == "activation":
            x = activate(x, o["activation"])
        elif kind == "l2norm":
            x = x / torch.sqrt((x * x).sum(1, keepdim=True))
        elif kind == "crop":
            ch, cw = int(o["crop_height"]), int(o["crop_width"])
            top, left = (x.shape[2] - ch) // 2, (x.shape[3] - cw) // 2
            x = x[:, :, top : top + ch, left : left + cw] * 2 - 1
        elif kind == "softmax":
            groups = int(o.get("groups", 1))
            x = torch.softmax(x.reshape(batch, groups, -1) / float(o.get("temperature", 1)), 2).reshape(x.shape)
        elif kind in ("dropout", "cost"):
            pass
        elif kind in ("yolo", "region"):
            classes = int(o["classes"])
            values = [float(a) for a in o["anchors"].split(",")]
            anchors = list(zip(values[::2], values[1::2]))
            if "mask" in o:
                anchors = [anchors[int(m)] for m in o["mask"].split(",")]
            x = head(x, len(anchors), classes, float(o.get("scale_x_y", 1)), o.get("softmax") == "1")
            heads.append(x)
            found += boxes_of(x, anchors, classes, (h, w), kind == "region")
        else:
            raise ValueError(kind)
        outs.append(x)
    pack = lambda a: base64.b64encode(np.asarray(a, dtype="<f4").tobytes()).decode()
    results = heads or [x]
    return {
        "runs": numbers.runs,
        "batch": batch,
        "shapes": [list(r.shape) for r in results],
        "outputs": [pack(r.numpy()) for r in results],
        "boxes": pack(np.array(found)),
    }


expected = {name: run(name, 2 if name == "odd" else 1) for name in ("yolov2-tiny", "yolov3-tiny", "yolov4-tiny", "odd")}
with gzip.GzipFile(f"{HERE}/expected.json.gz", "wb", mtime=0) as file:
    file.write(json.dumps(expected).encode())
