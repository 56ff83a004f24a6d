"""Writes families.json.gz, what `families.test.ts` compares with: `python3 write_families.py`, with PyTorch 1.13 and torchvision 0.14."""
import contextlib
import gzip
import hashlib
import json
import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torchvision import models
from torchvision.models import convnext, efficientnet, regnet, segmentation, swin_transformer
from torchvision.models.maxvit import MaxVit
from torchvision.transforms.functional import to_pil_image

warnings.simplefilter("ignore")


def small_efficientnet():
    fused, separate = efficientnet.FusedMBConvConfig, efficientnet.MBConvConfig
    setting = [fused(1, 3, 1, 8, 8, 1), fused(4, 3, 2, 8, 16, 2), separate(4, 3, 2, 16, 24, 2, 1.1, 1.2)]
    return models.EfficientNet(setting, 0.3, 0.4, 6, last_channel=40)


def small_regnet():
    params = regnet.BlockParams.from_init_params(5, 16, 9.5, 2.2, 8, se_ratio=0.25)
    return models.RegNet(params, 6, stem_width=16)


def small_convnext():
    setting = [convnext.CNBlockConfig(8, 16, 2), convnext.CNBlockConfig(16, None, 2)]
    return models.ConvNeXt(setting, 0.3, 0.5, 6)


def small_swin(**kwargs):
    return models.SwinTransformer([2, 2], 8, [2, 2], [2, 4], [4, 3], stochastic_depth_prob=0.3, num_classes=6, dropout=0.2, **kwargs)


def small_swin_v2():
    return small_swin(block=swin_transformer.SwinTransformerBlockV2, downsample_layer=swin_transformer.PatchMergingV2)


# Small members of each family: how each is built, and the shape of the images.
SMALL = {
    "densenet": (lambda: models.DenseNet(8, (2, 2, 2), 16, 2, 0.2, 6), [3, 3, 48, 40]),
    "googlenet": (lambda: models.GoogLeNet(6, True, True, True), [2, 3, 64, 64]),
    "inception": (lambda: models.Inception3(6, False, True, init_weights=True), [2, 3, 107, 96]),
    "mnasnet": (lambda: models.MNASNet(0.35, 6, 0.3), [3, 3, 64, 48]),
    "mobilenetv2": (lambda: models.MobileNetV2(6, 0.35), [3, 3, 64, 48]),
    "mobilenetv3 small": (lambda: models.mobilenet_v3_small(width_mult=0.5, num_classes=6, reduced_tail=True), [3, 3, 64, 48]),
    "mobilenetv3 large": (lambda: models.mobilenet_v3_large(width_mult=0.5, num_classes=6, dilated=True), [3, 3, 64, 48]),
    "shufflenetv2": (lambda: models.ShuffleNetV2([2, 2, 2], [8, 16, 32, 64, 48], 6), [3, 3, 64, 48]),
    "efficientnet": (small_efficientnet, [3, 3, 32, 40]),
    "regnet": (small_regnet, [3, 3, 64, 48]),
    "convnext": (small_convnext, [3, 3, 32, 40]),
    "resnet": (lambda: models.ResNet(models.resnet.Bottleneck, [1, 1, 1, 1], 6, groups=2, width_per_group=16), [3, 3, 64, 48]),
    "swin": (small_swin, [3, 3, 30, 22]),
    "swinv2": (small_swin_v2, [3, 3, 30, 22]),
    "maxvit": (
        lambda: MaxVit((32, 32), 8, 4, [16, 24], [2, 1], 8, 0.3, num_classes=6),
        [3, 3, 32, 32],
    ),
    "fcn": (lambda: segmentation.fcn_resnet50(weights_backbone=None, num_classes=4, aux_loss=True), [2, 3, 40, 33]),
    "deeplabv3": (lambda: segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None, num_classes=4, aux_loss=True), [2, 3, 64, 49]),
    "lraspp": (lambda: segmentation.lraspp_mobilenet_v3_large(weights_backbone=None, num_classes=4), [2, 3, 64, 49]),
}

# One member of each family, whose structure is kept whole; of the others, a digest.
WHOLE = """
densenet121 googlenet inception_v3 mnasnet0_5 mobilenet_v3_small shufflenet_v2_x0_5 efficientnet_b0 efficientnet_v2_s regnet_y_400mf
convnext_tiny swin_t swin_v2_t maxvit_t fcn_resnet50 deeplabv3_mobilenet_v3_large lraspp_mobilenet_v3_large
""".split()
DETECTION = ("rcnn", "retinanet", "fcos", "ssd", "keypoint", "raft")
VIDEO = ("r3d", "mc3", "r2plus1d", "mvit", "s3d", "swin3d")


def structure(module):
    state = [[key, list(value.shape), str(value.dtype)[6:]] for key, value in module.state_dict().items()]
    return {"state": state, "repr": repr(module)}


def digest(value):
    return hashlib.sha256(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


@contextlib.contextmanager
def without_init():
    """Initial values take most of the time of large models."""
    names = [name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")]
    saved = {name: getattr(nn.init, name) for name in names}
    for name in names:
        setattr(nn.init, name, lambda tensor, *args, **kwargs: tensor)
    yield
    for name, value in saved.items():
        setattr(nn.init, name, value)


def structures():
    result = {}
    for name in structures_names():
        builder = models.get_model_builder(name)
        kwargs = {"weights_backbone": None} if builder.__module__.startswith("torchvision.models.segmentation") else {}
        with without_init():
            model = builder(weights=None, **kwargs)
        found = structure(model)
        count = sum(parameter.numel() for parameter in model.parameters())
        result[name] = {"parameters": count, "structure": found if name in WHOLE else digest(found)}
        print(name, count, file=sys.stderr)
    return result


# Numbers repeat after so many, and sums are over so many at most: else they would take longer than the networks.
PERIOD = 10007
MOST = 2000


def noise(count, start):
    """Numbers between -1 and 1 that look random, the same in every language."""
    period = min(count, PERIOD)
    waves = torch.arange(period, dtype=torch.float64).mul(12.9898).add(start * 78.233).sin() * 43758.5453
    return ((waves - waves.floor()) * 2 - 1).repeat(-(-count // period))[:count]


def fill(module):
    """Values by a formula, such that signals keep their size."""
    for k, (key, x) in enumerate(module.state_dict().items()):
        if not x.is_floating_point():
            continue
        wave = noise(x.numel(), k).reshape(x.shape)
        if key.endswith("running_var"):
            wave = 1 + 0.2 * wave
        elif x.ndim > 1 and not key.endswith(("logit_scale", "layer_scale", "bias_table", "coords_table")):
            wave = wave * 2.4 / (x.numel() / x.shape[0]) ** 0.5
        elif key.endswith("coords_table"):
            continue
        elif key.endswith("weight"):
            wave = 1 + 0.1 * wave
        else:
            wave = 0.1 * wave
        x.copy_(wave)


def outputs(result):
    if isinstance(result, torch.Tensor):
        return [result]
    return list(result.values()) if isinstance(result, dict) else [x for x in result if x is not None]


def sums(x):
    flat = x.detach().double().flatten()
    flat = flat[:: -(-flat.numel() // MOST)]
    weights = torch.arange(flat.numel(), dtype=torch.float64).mul(0.7).cos()
    return [float("%.7g" % (flat * weights).sum()), float("%.7g" % flat.abs().sum())]


def without_attention_dropout(model, image):
    """Attention of Swin transformers has dropout in evaluation too, in this version of torchvision."""
    attentions = [m for m in model.modules() if isinstance(m, swin_transformer.ShiftedWindowAttention)]
    saved = [m.dropout for m in attentions]
    for m in attentions:
        m.dropout = 0
    result = model(image)
    for m, dropout in zip(attentions, saved):
        m.dropout = dropout
    return result


def small(create, shape):
    torch.manual_seed(0)
    model = create()
    then = torch.rand(2).tolist()
    initial = {key: sums(value) for key, value in model.named_parameters()}
    with torch.no_grad():
        fill(model)
    image = noise(torch.Size(shape).numel(), 1).float().reshape(shape)
    evaluated = [sums(x) for x in outputs(without_attention_dropout(model.eval(), image))]
    torch.manual_seed(1)
    trained = outputs(model.train()(image))
    sum((x * torch.linspace(-1, 1, x.numel()).reshape(x.shape)).sum() for x in trained).backward()
    gradients = {key: sums(value.grad) for key, value in model.named_parameters()}
    buffers = {key: sums(value) for key, value in model.named_buffers() if "running" in key}
    return {
        "shape": shape,
        "structure": structure(model),
        "then": then,
        "initial": initial,
        "evaluated": evaluated,
        "trained": [sums(x) for x in trained],
        "gradients": gradients,
        "buffers": buffers,
    }


def presets():
    """Transforms of published weights: their text, and the values for a picture."""
    names = ["ResNet50_Weights.IMAGENET1K_V2", "ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1", "VGG16_Weights.IMAGENET1K_FEATURES"]
    names += ["FCN_ResNet50_Weights.DEFAULT", "EfficientNet_B1_Weights.IMAGENET1K_V2"]
    picture = ((noise(3 * 50 * 40, 3) + 1) * 128).clamp(0, 255).to(torch.uint8).reshape(3, 50, 40)
    image = to_pil_image(picture)
    result = {}
    for name in names:
        preset = models.get_weight(name).transforms()
        values = [sums(preset(picture)), sums(preset(picture[None])), sums(preset(image))]
        result[name] = {"repr": repr(preset), "describe": preset.describe(), "values": values}
    return result


def published():
    """What is known of all published weights, by a digest."""
    rows = []
    for name in sorted(structures_names()):
        for key, weights in models.get_model_weights(name).__members__.items():
            meta = weights.meta
            rows.append([name, str(weights), weights.url, meta["num_params"], list(meta["min_size"]), meta["categories"]])
    return digest(rows)


def structures_names():
    for name in models.list_models():
        if any(name.startswith(word) or word in name for word in DETECTION + VIDEO) or name.startswith("quantized"):
            continue
        yield name


def main():
    expected = {"presets": presets(), "published": published(), "small": {name: small(*case) for name, case in SMALL.items()}, "builders": structures()}
    text = json.dumps(expected, separators=(",", ":")).encode()
    path = Path(__file__).with_name("families.json.gz")
    path.write_bytes(gzip.compress(text, 9, mtime=0))
    print(path.stat().st_size, file=sys.stderr)


if __name__ == "__main__":
    main()
