"""Writes drawings.json.gz, what the tests of `vision.utils` compare with: `python3 write_expected.py`, with PIL 9.4 and torchvision 0.14."""
import base64
import gzip
import hashlib
import json
import warnings
from pathlib import Path

import torch
from PIL import ImageColor
from torchvision import utils

warnings.simplefilter("ignore")
torch.manual_seed(0)
H, W = 40, 50


def digest(x):
    return hashlib.sha256(x.contiguous().numpy().tobytes()).hexdigest()[:16]


def number_list(x):
    return [round(v, 6) for v in x.flatten().tolist()]


def boxes(count, low=-10, high=60):
    a = torch.randint(low, high, (count, 2, 2))
    return torch.cat([a.min(1).values, a.max(1).values], 1)


def box_cases(image):
    for i in range(40):
        count = 1 + i % 4
        options = {"width": [1, 2, 3, 7, 40, 0][i % 6], "fill": i % 3 == 0}
        options["colors"] = [None, "red", [255, 128, 7], ["#1f77b4", "gold", "hsl(120, 50%, 30%)", "rgb(1, 2, 3)"]][i % 4]
        given = dict(options)
        if isinstance(given["colors"], list) and isinstance(given["colors"][0], int):
            given["colors"] = tuple(given["colors"])
        b = boxes(count) if i % 5 else boxes(count).float() + 0.7
        x = image[:1] if i % 7 == 3 else image
        yield {"boxes": b.tolist(), "options": options, "grey": i % 7 == 3, "result": digest(utils.draw_bounding_boxes(x, b, **given))}


def mask_cases(image):
    for i in range(12):
        masks = torch.rand(1 + i % 3, H, W) > 0.7
        options = {"alpha": [0.8, 0.5, 0.0, 1.0][i % 4], "colors": [None, ["blue", "#0f0", "cyan"]][i % 2]}
        yield {"masks": base64.b64encode(masks.numpy().tobytes()).decode(), "count": 1 + i % 3, "options": options,
               "result": digest(utils.draw_segmentation_masks(image, masks, **options))}


def keypoint_cases(image):
    for i in range(60):
        points = torch.randint(-8, 58, (1 + i % 3, 4, 2))
        if i % 11 == 0:
            points[:, 1] = points[:, 0]
        options = {"radius": i % 9, "width": [3, 1, 2, 0, 4, 5, 8, 13][i % 8], "colors": [None, "red", "rgb(10%, 20%, 30%)"][i % 3]}
        options["connectivity"] = [[0, 1], [1, 2], [3, 0]] if i % 4 else None
        yield {"points": points.tolist(), "options": options, "result": digest(utils.draw_keypoints(image, points, **options))}


def flow_cases():
    for i in range(6):
        shape = [(2, 9, 11), (3, 2, 8, 7)][i % 2]
        flow = torch.randn(shape) * [1, 30, 0.01][i % 3]
        x = flow.numpy()
        out = utils.flow_to_image(flow)
        yield {"shape": shape, "flow": base64.b64encode(x.tobytes()).decode(), "result": base64.b64encode(out.numpy().tobytes()).decode()}


def grid_cases():
    x = torch.rand(7, 3, 6, 5) * 3 - 1
    yield {"shape": list(x.shape), "input": number_list(x)}
    cases = []
    for options in [{}, {"nrow": 3}, {"nrow": 2, "padding": 1, "pad_value": 0.5}, {"normalize": True}, {"normalize": True, "scale_each": True},
                    {"normalize": True, "value_range": (0, 1)}, {"padding": 0, "nrow": 20}]:
        y = utils.make_grid(torch.tensor(number_list(x)).view(x.shape), **options)
        cases.append([options, list(y.shape), number_list(y)])
    yield cases


def colors():
    names = ["red", "REBECCAPURPLE", "#abc", "#abcd", "#a1b2c3", "#a1b2c3d4", "rgb(1, 22,255)", "rgb(10%,50%, 99%)", "hsl(200, 30%, 70%)",
             "hsv(300,100%,50%)", "hsb(59.5, 33.3%, 66%)", "rgba(1,2,3,4)", "hsl(0,0%,0%)", "hsl(359, 100%, 50%)", "lightgoldenrodyellow"]
    return [[name, list(ImageColor.getrgb(name))[:3]] for name in names]


def main():
    image = torch.randint(0, 256, (3, H, W), dtype=torch.uint8)
    grid_input, grids = grid_cases()
    expected = {
        "image": base64.b64encode(image.numpy().tobytes()).decode(),
        "boxes": list(box_cases(image)),
        "masks": list(mask_cases(image)),
        "keypoints": list(keypoint_cases(image)),
        "flows": list(flow_cases()),
        "grid": {**grid_input, "cases": grids},
        "colors": colors(),
    }
    path = Path(__file__).with_name("drawings.json.gz")
    path.write_bytes(gzip.compress(json.dumps(expected, separators=(",", ":")).encode(), 9, mtime=0))
    print(path.stat().st_size)


if __name__ == "__main__":
    main()
