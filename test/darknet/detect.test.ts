/** Boxes: from maps to pixels, and training. */
import * as torch from "kindling";
import { darknet, StateError } from "kindling";
import { describe, expect, test } from "vitest";
import { expectClose } from "../helpers/close";

/** One cell is what the picture's pixel says: the network has no weights but those of a 1×1 convolution. */
const cfg = (size: readonly [height: number, width: number], classes = 2) => `[net]
height=${size[0]}
width=${size[1]}
channels=3
[convolutional]
filters=${5 + classes}
size=1
activation=linear
[yolo]
mask=1
anchors=1,1, 2,4
num=2
classes=${classes}
`;

/** A network whose maps are constant: its weights are 0, its bias is given. */
async function constant(size: readonly [number, number], bias: readonly number[]) {
  const model = await darknet.load(cfg(size, bias.length - 5));
  const state = model.stateDict();
  torch.noGrad(() => {
    state["module_list.0.Conv2d.weight"]!.zero_();
    state["module_list.0.Conv2d.bias"]!.copy_(torch.tensor([...bias]));
  });
  return model;
}

const log = Math.log;

describe("detect", () => {
  test("brings boxes back from within gray borders", async () => {
    // A grid of 4×4 cells; boxes of the anchor's 2×4 pixels, in the middle of each cell.
    const model = await constant([4, 4], [0, 0, 0, 0, 4, 4, -9]);
    // The picture fills 2 rows of 4; a pixel of the network is two of its own.
    const { boxes, labels, scores } = model.detect(torch.zeros(3, 4, 8, { dtype: "uint8" }), { nms: 1 });
    expect(boxes.shape).toEqual([16, 4]);
    expect(new Set(labels.tolist() as number[])).toEqual(new Set([0]));
    const s = 1 / (1 + Math.exp(-4));
    expectClose(scores.at(0).item() as number, s * s);
    // The second row of cells is at y = 1.5 in the network: 0.5 below the upper border, 1 pixel of the picture; cut off at its edges.
    const rows = (boxes.tolist() as number[][]).filter(([left]) => left === 1);
    expect(rows).toContainEqual([1, 0, 5, 4]);
  });

  test("stretches without letterbox", async () => {
    const model = await constant([4, 4], [0, 0, 0, log(0.25), 4, 4, -9]);
    const { boxes } = model.detect({ images: torch.zeros(3, 4, 8), letterbox: false, nms: 1 });
    // One pixel high, and two of the network's four wide.
    expectClose((boxes.tolist() as number[][]).find(([x, y]) => x === 1 && y === 1)!, [1, 1, 5, 2]);
  });

  test("keeps the surest of boxes that overlap, class by class, at most so many", async () => {
    const model = await constant([1, 1], [0, 0, 0, 0, 9, 3, 2]);
    const { labels, boxes } = model.detect(torch.zeros(3, 1, 1));
    expect(labels.tolist()).toEqual([0, 1]);
    expect(boxes.tolist()).toEqual([
      [0, 0, 1, 1],
      [0, 0, 1, 1],
    ]);
    expect(model.detect(torch.zeros(3, 1, 1), { maxDetections: 1 }).labels.tolist()).toEqual([0]);
    expect(model.detect(torch.zeros(3, 1, 1), { thresh: 0.99 }).boxes.shape).toEqual([0, 4]);
  });

  test("takes several pictures of different sizes, and leaves the modes as they are", async () => {
    const model = await constant([4, 4], [0, 0, 0, 0, 4, 4, -9]);
    model.train();
    const results = model.detect([torch.zeros(3, 2, 2), torch.zeros(3, 9, 3)]);
    expect(results.map(({ boxes }) => boxes.shape[1])).toEqual([4, 4]);
    expect(model.modules().every(({ training }) => training)).toBe(true);
    expect(results[0]!.boxes.requiresGrad).toBe(false);
  });

  test("refuses what is no picture, and networks without boxes", async () => {
    const model = await constant([4, 4], [0, 0, 0, 0, 4, 4, -9]);
    const wrong = model as any;
    expect(() => wrong.detect("street.jpg")).toThrow(/^detect: images must be an array of pictures/);
    expect(() => wrong.detect(torch.zeros(1, 4, 4))).toThrow(
      /^detect: images must have the shape \[3, height, width\]/,
    );
    expect(() => wrong.detect(torch.zeros(3, 4, 4, { dtype: "int32" }))).toThrow(
      /^detect: images must be uint8, or float32/,
    );
    expect(() => wrong.detect(torch.zeros(3, 4, 4), { thresh: 2 })).toThrow(
      /^detect: thresh must be from 0 to 1, got 2/,
    );
    expect(() => wrong.decode([])).toThrow(/^decode: outputs must be the 1 results of the network, got 0/);
    expect(() => model(torch.zeros(3, 4, 4))).toThrow(
      /^DarknetModule: takes pictures of shape \[N, 3, 4, 4\], got \[3, 4, 4\]/,
    );
    const plain = await darknet.load("[net]\nheight=1\nwidth=1\n[convolutional]\nfilters=1\n");
    expect(() => plain.detect(torch.zeros(3, 1, 1))).toThrow(StateError);
  });
});

test("new coordinates are squares of what the layer before gives", async () => {
  const text = cfg([1, 1]).replace("num=2", "num=2\nnew_coords=1\nscale_x_y=2").replace("linear", "logistic");
  const model = await darknet.load(text);
  model.stateDict()["module_list.0.Conv2d.weight"]!.zero_();
  model.stateDict()["module_list.0.Conv2d.bias"]!.copy_(torch.tensor([0, 0, 0, 0, log(3), 0, 0]));
  const { boxes, scores } = torch.noGrad(() => model.decode(model(torch.zeros(1, 3, 1, 1))));
  // σ(0) = 0.5: the middle stays, and (2 · 0.5)² anchors are the size.
  expectClose(boxes, [[[0.5, 0.5, 2, 4]]]);
  expectClose(scores, [[[0.375, 0.375]]]);
});

test("the first YOLO's layer lists classes, then confidences, then boxes", async () => {
  const text =
    "[net]\nheight=1\nwidth=1\nchannels=1\n[connected]\noutput=28\nactivation=linear\n[detection]\nclasses=2\nside=2\nnum=1\ncoords=4\nsqrt=1\n";
  const model = await darknet.load(text);
  const values = [...Array.from({ length: 8 }, (_, i) => i / 10), 0.5, 0.6, 0.7, 0.8];
  for (let cell = 0; cell < 4; cell++) values.push(0.5, 0.25, 0.5, 0.1 * (cell + 1));
  const { boxes, scores } = model.decode([torch.tensor(values).reshape(1, 28, 1, 1)]);
  expectClose(boxes, [
    [
      [0.25, 0.125, 0.25, 0.01],
      [0.75, 0.125, 0.25, 0.04],
      [0.25, 0.625, 0.25, 0.09],
      [0.75, 0.625, 0.25, 0.16],
    ],
  ]);
  expectClose(scores, [
    [
      [0, 0.05],
      [0.12, 0.18],
      [0.28, 0.35],
      [0.48, 0.56],
    ],
  ]);
});

test("a network is fine-tuned: gradients reach all weights, and boxes come to where they should be", async () => {
  torch.manualSeed(1);
  const layer = "[convolutional]\nbatch_normalize=1\nfilters=8\nsize=3\nstride=2\npad=1\nactivation=mish\n";
  const text = cfg([8, 8]).replace("[convolutional]", `${layer}[shortcut]\nfrom=-1\n${layer}[convolutional]`);
  const model = await darknet.load(text);
  const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.02 });
  const images = torch.rand(2, 3, 8, 8);
  const target = torch.tensor([0.4, 0.6, 0.3, 0.5]);
  let last = Number.POSITIVE_INFINITY;
  let first = 0;
  for (let step = 0; step < 60; step++) {
    const { boxes, scores } = model.decode(model(images));
    const loss = boxes
      .select(1, 0)
      .sub(target)
      .square()
      .sum()
      .add(scores.select(1, 0).select(1, 1).sub(0.9).square().sum());
    optimizer.zeroGrad();
    loss.backward();
    if (step === 0) {
      first = loss.item() as number;
      for (const [name, p] of model.namedParameters()) expect(p.grad!.abs().sum().item(), name).toBeGreaterThan(0);
    }
    optimizer.step();
    last = loss.item() as number;
  }
  expect(last).toBeLessThan(0.05 * first);
});
