/** Layers that say where objects are. Their results are the maps that Darknet has in memory; `decode` makes boxes of them. */
import { arange } from "../../ops/creation/ranges";
import { cat, stack } from "../../ops/shape/join";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type Builder, type Context, plain, type Shape } from "../plan";
import type { Section } from "../section";
import { Layer } from "./layer";

/** Boxes that a layer proposes, all of them. */
export interface Proposals {
  /** Center, width and height of each, as parts of the picture. Shape: [N, boxes, 4]. */
  readonly boxes: Tensor;
  /** How sure it is that there is something. Shape: [N, boxes]. */
  readonly objectness: Tensor;
  /** How sure it is of each class, if there is something. Shape: [N, boxes, classes]. */
  readonly classes: Tensor;
}

/** A layer whose results are boxes. */
export abstract class Head extends Layer {
  abstract readonly classes: number;
  /** @param size Height and width of the pictures that the network was given. */
  abstract decode(output: Tensor, size: readonly [height: number, width: number]): Proposals;
}

/** The maps of each anchor. Shape: [N, anchors · entries, h, w] → [N, anchors, entries, h, w]. */
function split(x: Tensor, anchors: number): Tensor {
  const [n, c, h, w] = x.shape as unknown as [number, number, number, number];
  return x.reshape([n, anchors, c / anchors, h, w]);
}

/** [N, anchors, entries, h, w] → [N, h · w · anchors, entries]: cells row by row, as Darknet lists boxes. */
const listed = (x: Tensor): Tensor => x.permute([0, 3, 4, 1, 2]).flatten(1, 3);

/** Centers as parts of the picture from their places in cells. Shape: [N, anchors, 2, h, w]. */
function centers(xy: Tensor): Tensor {
  const [h, w] = xy.shape.slice(-2) as [number, number];
  const x = xy.select(2, 0).add(arange(w)).div(w);
  const y = xy.select(2, 1).add(arange(h).unsqueeze(1)).div(h);
  return stack([x, y], 2);
}

/** Widths and heights of anchors. Shape: [anchors, 2, 1, 1]. */
const anchorTensor = (anchors: readonly (readonly [number, number])[], [x, y]: readonly [number, number]): Tensor =>
  tensor(anchors.map(([w, h]) => [w / x, h / y])).reshape([anchors.length, 2, 1, 1]);

type Anchors = readonly (readonly [width: number, height: number])[];

/** The anchors with the numbers in `mask`. */
function anchorsOf(section: Section, fallback: number): Anchors {
  const numbers = section.numbers("anchors");
  const count = section.integer("num", 1, 1, 1000);
  if (numbers.length !== 2 * count && section.has("anchors"))
    throw section.fail(`num=${count} needs ${2 * count} numbers in anchors, got ${numbers.length}`, "anchors");
  return Array.from({ length: count }, (_, i) => [numbers[2 * i] ?? fallback, numbers[2 * i + 1] ?? fallback]);
}

/** @throws FormatError unless the layer before has as many channels as boxes need. */
function checkChannels(section: Section, { input }: Context, anchors: number, entries: number): void {
  if (input[0] === anchors * entries) return;
  throw section.fail(
    `the layer before must have ${anchors} · ${entries} = ${anchors * entries} channels, got ${input[0]}: set its filters`,
  );
}

/** The entries of each anchor in order: x and y, width and height, objectness, classes. */
const parts = (x: Tensor): { xy: Tensor; wh: Tensor; objectness: Tensor; classes: Tensor } => ({
  xy: x.narrow(2, 0, 2),
  wh: x.narrow(2, 2, 2),
  objectness: x.narrow(2, 4, 1),
  classes: x.narrow(2, 5, x.shape[2]! - 5),
});

const proposals = (boxes: readonly [Tensor, Tensor], objectness: Tensor, classes: Tensor): Proposals => ({
  boxes: listed(cat([...boxes], 2)),
  objectness: listed(objectness).squeeze(-1),
  classes: listed(classes),
});

class Yolo extends Head {
  constructor(
    readonly classes: number,
    /** Those of this layer, in pixels. */
    readonly anchors: Anchors,
    private readonly scale: number,
    /** Whether the layer before has an activation, and sizes are squares: "Scaled YOLOv4". */
    private readonly isNew: boolean,
  ) {
    super();
  }

  override forward(input: Tensor): Tensor {
    const { xy, wh, objectness, classes } = parts(split(input, this.anchors.length));
    const on = (x: Tensor) => (this.isNew ? x : x.sigmoid());
    const scaled =
      this.scale === 1
        ? on(xy)
        : on(xy)
            .mul(this.scale)
            .sub((this.scale - 1) / 2);
    return cat([scaled, wh, on(objectness), on(classes)], 2).reshape(input.shape);
  }

  override decode(output: Tensor, [height, width]: readonly [number, number]): Proposals {
    const { xy, wh, objectness, classes } = parts(split(output, this.anchors.length));
    const sizes = this.isNew ? wh.mul(2).square() : wh.exp();
    return proposals([centers(xy), sizes.mul(anchorTensor(this.anchors, [width, height]))], objectness, classes);
  }

  override extraRepr(): string {
    return `yolo, classes=${this.classes}, anchors=${this.anchors.length}`;
  }
}

export const yolo: Builder = (section, context) => {
  const classes = section.integer("classes", 20, 1, 100_000);
  const all = anchorsOf(section, 0.5);
  const mask = section.has("mask") ? section.integers("mask", 0, all.length - 1) : all.map((_, i) => i);
  checkChannels(section, context, mask.length, 5 + classes);
  const anchors = mask.map((i) => all[i]!);
  const scale = section.number("scale_x_y", 1);
  const isNew = section.flag("new_coords");
  return plain(section, context, context.input, () => new Yolo(classes, anchors, scale, isNew));
};

class Region extends Head {
  constructor(
    readonly classes: number,
    /** In cells. */
    readonly anchors: Anchors,
    private readonly isSoftmax: boolean,
    private readonly hasBackground: boolean,
  ) {
    super();
  }

  override forward(input: Tensor): Tensor {
    const { xy, wh, objectness, classes } = parts(split(input, this.anchors.length));
    const joined = [xy.sigmoid(), wh];
    if (!this.isSoftmax) joined.push(this.hasBackground ? objectness : objectness.sigmoid(), classes.sigmoid());
    else if (this.hasBackground) joined.push(cat([objectness, classes], 2).softmax(2));
    else joined.push(objectness.sigmoid(), classes.softmax(2));
    return cat(joined, 2).reshape(input.shape);
  }

  override decode(output: Tensor): Proposals {
    const { xy, wh, objectness, classes } = parts(split(output, this.anchors.length));
    const [h, w] = output.shape.slice(2) as [number, number];
    const sizes = wh.exp().mul(anchorTensor(this.anchors, [w, h]));
    return proposals([centers(xy), sizes], this.hasBackground ? objectness.onesLike() : objectness, classes);
  }

  override extraRepr(): string {
    return `region, classes=${this.classes}, anchors=${this.anchors.length}`;
  }
}

export const region: Builder = (section, context) => {
  section.refuse("tree", "softmax_tree", "map");
  const classes = section.integer("classes", 20, 1, 100_000);
  section.integer("coords", 4, 4, 4);
  const anchors = anchorsOf(section, 0.5);
  checkChannels(section, context, anchors.length, 5 + classes);
  const [isSoftmax, hasBackground] = [section.flag("softmax"), section.flag("background")];
  return plain(section, context, context.input, () => new Region(classes, anchors, isSoftmax, hasBackground));
};

/** The first YOLO's: a vector of the classes of each cell, then how sure each box is, then the boxes. */
class Detection extends Head {
  constructor(
    readonly classes: number,
    private readonly side: number,
    private readonly num: number,
    private readonly isSquared: boolean,
    private readonly isSoftmax: boolean,
  ) {
    super();
  }

  override forward(input: Tensor): Tensor {
    if (!this.isSoftmax) return input;
    const flat = input.flatten(1);
    const cells = this.side ** 2;
    const classes = flat.narrow(1, 0, cells * this.classes).reshape([-1, cells, this.classes]);
    const rest = flat.narrow(1, cells * this.classes, flat.shape[1]! - cells * this.classes);
    return cat([classes.softmax(2).flatten(1), rest], 1).reshape(input.shape);
  }

  override decode(output: Tensor): Proposals {
    const { side, num, classes } = this;
    const cells = side ** 2;
    const flat = output.flatten(1);
    const n = flat.shape[0]!;
    const perCell = flat.narrow(1, 0, cells * classes).reshape([n, cells, 1, classes]);
    const objectness = flat.narrow(1, cells * classes, cells * num);
    const boxes = flat.narrow(1, cells * (classes + num), cells * num * 4).reshape([n, cells, num, 4]);
    const at = arange(cells).reshape([cells, 1]);
    const x = boxes.select(3, 0).add(at.remainder(side)).div(side);
    const y = boxes
      .select(3, 1)
      .add(at.div(side, { roundingMode: "floor" }))
      .div(side);
    const wh = boxes.narrow(3, 2, 2);
    return {
      boxes: cat([stack([x, y], 3), this.isSquared ? wh.square() : wh], 3).flatten(1, 2),
      objectness,
      classes: perCell.expand([n, cells, num, classes]).flatten(1, 2),
    };
  }

  override extraRepr(): string {
    return `detection, classes=${this.classes}, side=${this.side}, num=${this.num}`;
  }
}

export const detection: Builder = (section, context) => {
  const classes = section.integer("classes", 1, 1, 100_000);
  const [side, num] = [section.integer("side", 7, 1, 1000), section.integer("num", 1, 1, 1000)];
  section.integer("coords", 1, 4, 4);
  section.refuse("rescore_only");
  const needed = side * side * (num * 5 + classes);
  const given = (context.input as Shape).reduce((a, b) => a * b, 1);
  if (given !== needed)
    throw section.fail(`the layer before must give side² · (5 · num + classes) = ${needed} numbers, got ${given}`);
  const [isSquared, isSoftmax] = [section.flag("sqrt"), section.flag("softmax")];
  return plain(section, context, context.input, () => new Detection(classes, side, num, isSquared, isSoftmax));
};
