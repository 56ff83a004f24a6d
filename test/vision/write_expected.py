"""Writes torchvision.json.gz, what `models.test.ts` compares with: `python3 write_expected.py`, with PyTorch 1.13 and torchvision 0.14."""
import gzip
import json
from pathlib import Path

import torch
from torch import nn
from torchvision import models

NAMES = """
alexnet mobilenet_v2 squeezenet1_0 squeezenet1_1 vit_b_16 vit_b_32
vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn
resnet18 resnet34 resnet50 resnet101 resnet152 resnext50_32x4d wide_resnet50_2
""".split()

# Networks that are built after manual_seed(0) and called: with their arguments and the size of the image.
CALLED = [
    ("alexnet", {}, 64),
    ("vgg11_bn", {"num_classes": 10, "init_weights": False}, 32),
    ("resnet18", {"zero_init_residual": True}, 64),
    ("resnet50", {"num_classes": 7, "replace_stride_with_dilation": [False, True, True]}, 64),
    ("mobilenet_v2", {"width_mult": 0.75}, 64),
    ("squeezenet1_0", {}, 64),
    ("squeezenet1_1", {"num_classes": 5}, 64),
    ("vit_b_16", {"image_size": 32, "representation_size": 12}, 32),
]


def structure(module):
    state = [[key, list(value.shape), str(value.dtype)[6:]] for key, value in module.state_dict().items()]
    return {"state": state, "repr": repr(module)}


def called(name, kwargs, size):
    torch.manual_seed(0)
    model = getattr(models, name)(**kwargs)
    then = torch.rand(3).tolist()
    weights = [(key, value.flatten()) for key, value in model.named_parameters() if value.ndim > 1]
    ends = {key: [value[0].item(), value[-1].item()] for key, value in weights}
    if name.startswith("vit"):
        nn.init.ones_(model.heads.head.weight)  # else the output is zero
    image = torch.linspace(-1, 1, 3 * size * size).reshape(1, 3, size, size)
    output = model.eval()(image).detach().flatten()[:5].tolist()
    return {"name": name, "options": kwargs, "size": size, "ends": ends, "then": then, "output": output}


def main():
    expected = {
        "structure": {name: structure(getattr(models, name)()) for name in NAMES},
        "transformer": structure(nn.Transformer(16, 4, 2, 2, 32)),
        "called": [called(*case) for case in CALLED],
    }
    text = json.dumps(expected, separators=(",", ":")).encode()
    path = Path(__file__).with_name("torchvision.json.gz")
    path.write_bytes(gzip.compress(text, 9, mtime=0))


if __name__ == "__main__":
    main()
