"""Writes expected.json.gz, what the tests beside it compare with: `python3 write_expected.py`, with PyTorch 1.13 and torchvision 0.14.

Inputs are drawn after `manual_seed(seed)` by recipes, which the tests draw again.
"""
import gzip
import json
import random
from pathlib import Path

import torch
from torch import nn
from torchvision import ops
from torchvision.ops import feature_pyramid_network as fpn
from torchvision.ops import misc

CASES = 20


def boxes(n, extent):
    corner = torch.rand(n, 2) * extent
    return torch.cat([corner, corner + torch.rand(n, 2) * (extent * 0.6)], 1)


def draw(recipe):
    kind, *args = recipe
    if kind == "rand":
        shape, scale, shift = args
        return torch.rand(shape) * scale + shift
    if kind == "boxes":
        return boxes(*args)
    if kind == "rois":
        n, images, extent = args
        return torch.cat([(torch.rand(n, 1) * images).floor(), boxes(n, extent)], 1)
    if kind == "mask":  # 0 or 1, and at least one of each row
        shape, share = args
        mask = (torch.rand(shape) < share).float()
        mask[:, 0, 0] = 1
        return mask
    dtype, inner = kind, args[0]
    return draw(inner).to(getattr(torch, dtype))


def rounded(x):
    return [v if v != v else float(f"{v:.7g}") for v in x.detach().double().flatten().tolist()]


def gradients(out, given, seed):
    """First gradients, and those of the sum of their squares."""
    wanted = [x for x in given if x.requires_grad]
    if not wanted or not out.requires_grad:
        return None, None
    torch.manual_seed(seed + 1)
    weight = torch.rand(out.shape).to(out.dtype)
    try:
        first = torch.autograd.grad((out * weight).sum(), wanted, create_graph=True, allow_unused=True)
    except RuntimeError:
        return None, None
    kept = [None if g is None else rounded(g) for g in first]
    try:
        total = sum((g * g).sum() for g in first if g is not None)
        second = torch.autograd.grad(total, wanted, allow_unused=True)
    except RuntimeError:
        return kept, None
    return kept, [None if g is None else rounded(g) for g in second]


def own_pool_gradient(given, options, seed):
    """The gradient of ps_roi_pool, which is linear: torchvision's spreads over the last row and column, where its pooling does not look."""
    x, rois = given["input"].detach().double(), given["boxes"]
    rois = [b.double() for b in rois] if isinstance(rois, list) else rois.double()
    pool = lambda image: ops.ps_roi_pool(image, rois, **options)
    torch.manual_seed(seed + 1)
    weight = torch.rand(pool(x).shape)
    basis = torch.eye(x.numel()).double().reshape(-1, *x.shape)
    return [rounded(torch.stack([(pool(unit) * weight).sum() for unit in basis]))]


def case(name, seed, inputs, options=None, differentiable=(), lists=None):
    """`lists` says into how many tensors an input is split."""
    options, lists = options or {}, lists or {}
    torch.manual_seed(seed)
    tensors = {key: draw(recipe) for key, recipe in inputs.items()}
    for key in differentiable:
        tensors[key].requires_grad_()
    given = {k: list(v.split(lists[k])) if k in lists else v for k, v in tensors.items()}
    out = getattr(ops, name)(**given, **options)
    first, second = gradients(out, [tensors[k] for k in differentiable], seed)
    if name == "ps_roi_pool":
        first = own_pool_gradient(given, options, seed)
    return {
        "name": name, "seed": seed, "inputs": inputs, "options": options, "differentiable": list(differentiable), "lists": lists,
        "shape": list(out.shape), "dtype": str(out.dtype)[6:], "out": rounded(out), "first": first, "second": second,
    }


def box_cases(rng, i):
    n, m = rng.choice([0, 1, 3, 4]), rng.choice([0, 1, 2, 3])
    cast = rng.choice(["float32", "float64", "int64", "int32", "int16", "uint8", "float16"]) if i % 3 == 0 else "float32"
    extent = 90 if cast == "int16" else 100 if cast != "float32" else rng.choice([1, 50])
    one, two = [cast, ["boxes", n, extent]], [cast, ["boxes", m, extent]]
    floats = cast.startswith("float") and cast != "float16"
    both = ("boxes1", "boxes2") if floats else ()
    yield "box_area", {"boxes": one}, {}, ("boxes",) if floats else ()
    yield "box_iou", {"boxes1": one, "boxes2": two}, {}, both
    yield "generalized_box_iou", {"boxes1": one, "boxes2": two}, {}, both
    yield "distance_box_iou", {"boxes1": one, "boxes2": two}, rng.choice([{}, {"eps": 0.01}]), both
    yield "complete_box_iou", {"boxes1": one, "boxes2": two}, rng.choice([{}, {"eps": 0.01}]), both
    pair = {"boxes1": one, "boxes2": [cast, ["boxes", n, extent]]}
    for loss in ["generalized_box_iou_loss", "distance_box_iou_loss", "complete_box_iou_loss"]:
        yield loss, pair, rng.choice([{}, {"reduction": "mean"}, {"reduction": "sum", "eps": 0.01}]), both
    forms = ["xyxy", "xywh", "cxcywh"]
    convert = {"in_fmt": rng.choice(forms), "out_fmt": rng.choice(forms)}
    yield "box_convert", {"boxes": one}, convert, ("boxes",) if floats else ()
    size = [40.5, 30] if floats and i % 2 else [25, 60]
    if cast != "float16":
        yield "clip_boxes_to_image", {"boxes": one}, {"size": size}, ("boxes",) if floats else ()
    yield "remove_small_boxes", {"boxes": one}, {"min_size": rng.choice([0, 5, 20.5])}, ()
    yield "masks_to_boxes", {"masks": ["mask", [n, rng.randint(1, 7), rng.randint(1, 7)], 0.2]}, {}, ()


def nms_cases(rng, i):
    n = rng.choice([0, 1, 5, 40, 200])
    cast = rng.choice(["float32", "float64"])
    threshold = rng.choice([0, 0.1, 0.3, 0.5, 0.7, 1, -0.5])
    given = {"boxes": [cast, ["boxes", n, 50]], "scores": [cast, ["rand", [n], 1, 0]]}
    if i % 4 == 0:  # equal scores
        given["scores"] = [cast, ["int32", ["rand", [n], 4, 0]]]
    yield "nms", given, {"iou_threshold": threshold}, ()
    if i % 5 == 0:
        n = 1100  # one category after the other
        given = {"boxes": [cast, ["boxes", n, 60]], "scores": [cast, ["rand", [n], 1, 0]]}
    idxs = ["int64", ["rand", [n], rng.choice([1, 4, 9]), 0]]
    yield "batched_nms", {**given, "idxs": idxs}, {"iou_threshold": threshold}, ()


def roi_cases(rng, i):
    images, channels = rng.choice([1, 2]), rng.choice([1, 2])
    h, w, k = rng.randint(1, 9), rng.randint(1, 9), rng.choice([0, 1, 3])
    cast = rng.choice(["float32", "float64"])
    size = rng.choice([1, 2, [2, 3]])
    ph, pw = size if isinstance(size, list) else (size, size)
    scale = rng.choice([1, 0.5, 0.25])
    rois = [cast, ["rois", k, images, rng.choice([4, 12, 30])]]
    plain = {"input": [cast, ["rand", [images, channels, h, w], 2, -1]], "boxes": rois}
    own = {"input": [cast, ["rand", [images, channels * ph * pw, h, w], 2, -1]], "boxes": rois}
    options = {"output_size": size, "spatial_scale": scale}
    ratio = {"sampling_ratio": rng.choice([-1, 0, 1, 2, 3])}
    yield "roi_align", plain, {**options, **ratio, "aligned": bool(i % 2)}, ("input",)
    yield "roi_pool", plain, options, ("input",)
    yield "ps_roi_align", own, {**options, **ratio}, ("input",)
    yield "ps_roi_pool", own, options, ("input",)


def deform_case(rng, i):
    images, groups, offset_groups = rng.choice([1, 2]), rng.choice([1, 2]), rng.choice([1, 2])
    channels, out = 2 * rng.choice([1, 2]), 2 * rng.choice([1, 2])
    kh, kw = rng.choice([(1, 1), (2, 3), (3, 3)])
    stride, padding, dilation = ([rng.randint(least, least + 1) for _ in range(2)] for least in (1, 0, 1))
    h, w = rng.randint(6, 8), rng.randint(6, 8)
    oh = (h + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (w + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    cast = "float64"
    given = {
        "input": [cast, ["rand", [images, channels, h, w], 2, -1]],
        "offset": [cast, ["rand", [images, 2 * offset_groups * kh * kw, oh, ow], rng.choice([0.5, 6]), -2]],
        "weight": [cast, ["rand", [out, channels // groups, kh, kw], 2, -1]],
    }
    if i % 3:
        given["bias"] = [cast, ["rand", [out], 1, 0]]
    if i % 2:
        given["mask"] = [cast, ["rand", [images, offset_groups * kh * kw, oh, ow], 1, 0]]
    return "deform_conv2d", given, {"stride": stride, "padding": padding, "dilation": dilation}, tuple(given)


def other_cases(rng, i):
    shape = rng.choice([[0], [7], [2, 3]])
    targets = ["rand", shape, 1, 0] if i % 2 else ["float32", ["int32", ["rand", shape, 2, 0]]]
    options = {"alpha": rng.choice([0.25, 0, -1]), "gamma": rng.choice([2, 0, 1.5]), "reduction": rng.choice(["none", "mean", "sum"])}
    yield "sigmoid_focal_loss", {"inputs": ["rand", shape, 8, -4], "targets": targets}, options, ("inputs", "targets")
    x = ["rand", rng.choice([[3, 2, 2], [4], [2, 1, 2, 3]]), 1, 0]
    depth = {"p": rng.choice([0.3, 0.5, 0, 1]), "mode": rng.choice(["row", "batch"]), "training": i % 5 != 4}
    yield "stochastic_depth", {"input": x}, depth, ("input",)
    block = {"p": rng.choice([0, 0.1, 0.4]), "block_size": rng.choice([1, 3, 5]), "training": i % 5 != 4}
    yield "drop_block2d", {"input": ["rand", [1, 2, 5, 6], 1, 0]}, block, ("input",)
    yield "drop_block3d", {"input": ["rand", [1, 1, 3, 3, 5], 1, 0]}, {**block, "eps": 0.01}, ("input",)


def list_cases():
    """Boxes as a list with a tensor for each image."""
    given = {"input": ["rand", [2, 4, 6, 6], 2, -1], "boxes": ["boxes", 3, 6]}
    for name in ["roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool"]:
        yield case(name, 5, given, {"output_size": 2}, ("input",), {"boxes": [1, 2]})


def all_cases():
    rng = random.Random(0)
    for i in range(CASES):
        for group in (box_cases, nms_cases, roi_cases, other_cases):
            for name, inputs, options, differentiable in group(rng, i):
                yield case(name, 100 * i + 7, inputs, options, differentiable)
        name, inputs, options, differentiable = deform_case(rng, i)
        yield case(name, 100 * i + 7, inputs, options, differentiable)
    yield from list_cases()


def structure(module):
    state = [[key, list(value.shape), str(value.dtype)[6:]] for key, value in module.state_dict().items()]
    return {"repr": repr(module), "state": state}


def modules():
    p6p7 = fpn.LastLevelP6P7(4, 4)
    return {
        "block2d": ops.Conv2dNormActivation(3, 8),
        "block2dPlain": ops.Conv2dNormActivation(4, 8, (3, 5), 2, groups=2, norm_layer=None, activation_layer=nn.GELU, dilation=2, inplace=None),
        "block2dBias": ops.Conv2dNormActivation(4, 8, padding="valid", activation_layer=None, bias=True),
        "block3d": ops.Conv3dNormActivation(3, 8, 1, activation_layer=nn.ReLU6, inplace=False),
        "blockAny": misc.ConvNormActivation(3, 8, norm_layer=nn.BatchNorm1d, conv_layer=nn.Conv1d),
        "squeeze": ops.SqueezeExcitation(8, 2),
        "squeezeOther": ops.SqueezeExcitation(8, 2, nn.SiLU, nn.Hardsigmoid),
        "mlp": ops.MLP(4, [8, 6, 3]),
        "mlpOther": ops.MLP(4, [8, 3], nn.LayerNorm, nn.GELU, None, False, 0.25),
        "permute": ops.Permute([0, 2, 1]),
        "frozen": ops.FrozenBatchNorm2d(5, 0.001),
        "depth": ops.StochasticDepth(0.25, "row"),
        "block2dDrop": ops.DropBlock2d(0.1, 3),
        "block3dDrop": ops.DropBlock3d(0.5, 5, True),
        "roiAlign": ops.RoIAlign(7, 1.0, 2),
        "roiAlignOther": ops.RoIAlign((7, 5), 0.25, -1, True),
        "roiPool": ops.RoIPool((3, 3), 0.5),
        "psRoiAlign": ops.PSRoIAlign(3, 1.0, 2),
        "psRoiPool": ops.PSRoIPool(3, 0.5),
        "multiScale": ops.MultiScaleRoIAlign(["a", "b"], 7, 2),
        "deform": ops.DeformConv2d(4, 6, 3),
        "deformOther": ops.DeformConv2d(4, 6, (3, 1), 2, 1, 2, 2, False),
        "pyramid": ops.FeaturePyramidNetwork([2, 3], 4),
        "pyramidOther": ops.FeaturePyramidNetwork([2, 3], 4, p6p7, nn.BatchNorm2d),
        "pyramidPool": ops.FeaturePyramidNetwork([2], 4, fpn.LastLevelMaxPool()),
    }


def first_values(module):
    return [value.flatten()[0].item() for value in module.state_dict().values() if value.is_floating_point() and value.numel()]


def called():
    """Modules that are built and called after manual_seed(0)."""
    out = {}
    torch.manual_seed(0)
    net = ops.FeaturePyramidNetwork([2, 3, 4], 4, fpn.LastLevelP6P7(4, 4))
    maps = {f"f{i}": torch.rand(1, 2 + i, 16 >> i, 12 >> i) for i in range(3)}
    result = net(maps)
    out["pyramid"] = {"initial": first_values(net), "out": {key: [list(x.shape), rounded(x)[:8]] for key, x in result.items()}}
    torch.manual_seed(0)
    pool = ops.MultiScaleRoIAlign(["f0", "f2"], 2, 2, canonical_scale=32, canonical_level=3)
    maps = {f"f{i}": torch.rand(2, 2, 32 >> i, 32 >> i).requires_grad_() for i in range(3)}
    lists = [boxes(4, 50), boxes(3, 50)]
    x = pool(maps, lists, [(64, 60), (50, 64)])
    x.sum().backward()
    out["multiScale"] = {"scales": pool.scales, "out": rounded(x), "grads": [rounded(maps[k].grad)[:40] for k in ("f0", "f2")]}
    torch.manual_seed(0)
    conv = ops.DeformConv2d(4, 6, 3, padding=1, groups=2)
    x = conv(torch.rand(1, 4, 5, 5), torch.rand(1, 36, 5, 5), torch.rand(1, 18, 5, 5))
    out["deform"] = {"initial": first_values(conv), "out": rounded(x)[:30]}
    torch.manual_seed(0)
    net = nn.Sequential(ops.SqueezeExcitation(4, 2), ops.Permute([0, 2, 3, 1]), ops.MLP(4, [6, 3], nn.LayerNorm, dropout=0.5))
    x = net(torch.rand(2, 4, 3, 3))
    out["blocks"] = {"initial": first_values(net), "out": rounded(x)}
    frozen = ops.FrozenBatchNorm2d(3)
    torch.manual_seed(0)
    for value in frozen.buffers():
        value.copy_(torch.rand(3) + 0.5)
    out["frozen"] = {"out": rounded(frozen(torch.rand(1, 3, 2, 2)))}
    return out


def main():
    expected = {
        "cases": list(all_cases()),
        "structure": {name: structure(module) for name, module in modules().items()},
        "called": called(),
    }
    text = json.dumps(expected, separators=(",", ":")).encode()
    path = Path(__file__).with_name("expected.json.gz")
    path.write_bytes(gzip.compress(text, 9, mtime=0))
    print(len(expected["cases"]), "cases,", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
