/** Pooling, and changes of resolution. */
import * as F from "../../nn/functional/index";
import type { Tensor } from "../../tensor/tensor";
import { type Builder, checkShape, plain, type Shape } from "../plan";
import type { Section } from "../section";
import { Step } from "./layer";

/** Where the windows of a pooling lie along one axis: `before` and `after` are what the axis lacks for them. */
interface Windows {
  readonly count: number;
  readonly before: number;
  readonly after: number;
}

/** Darknet's rule: `padding` is that of both ends together, half of it comes first, and what is left over is not used. */
function windowsAlong(length: number, size: number, stride: number, padding: number): Windows {
  const count = Math.floor((length + padding - size) / stride) + 1;
  const before = padding >> 1;
  return { count, before, after: Math.max(0, (count - 1) * stride + size - length - before) };
}

interface Pooling {
  readonly shape: Shape;
  readonly size: number;
  readonly stride: [number, number];
  readonly pad: number[];
  crop(x: Tensor): Tensor;
}

function poolingOf(section: Section, [channels, height, width]: Shape): Pooling {
  section.refuse("maxpool_depth", "antialiasing", "out_channels");
  const stride = section.integer("stride", 1, 1, 1024);
  const [strideY, strideX] = ["stride_y", "stride_x"].map((key) => section.integer(key, stride, 1, 1024)) as [
    number,
    number,
  ];
  const size = section.integer("size", stride, 1, 1024);
  // Beyond that, windows would hold nothing at all.
  const padding = section.integer("padding", size - 1, 0, 2 * (size - 1));
  const y = windowsAlong(height, size, strideY, padding);
  const x = windowsAlong(width, size, strideX, padding);
  return {
    shape: checkShape(section, [channels, y.count, x.count]),
    size,
    stride: [strideY, strideX],
    pad: [x.before, x.after, y.before, y.after],
    crop: (pooled) => pooled.slice(2, 0, y.count).slice(3, 0, x.count),
  };
}

/** Layers of other sizes of pictures pad as their own sizes need it. */
const forSize = (section: Section, input: Tensor): Pooling =>
  poolingOf(section, input.shape.slice(1) as unknown as [number, number, number]);

export const maxpool: Builder = (section, context) =>
  plain(
    section,
    context,
    poolingOf(section, context.input).shape,
    () =>
      new Step("maxpool", (input) => {
        const { pad, size, stride, crop } = forSize(section, input);
        const [left, right, top, bottom] = pad as [number, number, number, number];
        const isEven = left === right && top === bottom && left === top && 2 * left <= size;
        if (isEven) return crop(F.maxPool2d(input, size, { stride, padding: left }));
        return crop(F.maxPool2d(F.pad(input, pad, { value: Number.NEGATIVE_INFINITY }), size, { stride }));
      }),
  );

/** The mean of what lies inside of the picture. */
export const localAvgpool: Builder = (section, context) =>
  plain(
    section,
    context,
    poolingOf(section, context.input).shape,
    () =>
      new Step("local_avgpool", (input) => {
        const { pad, size, stride, crop } = forSize(section, input);
        const sums = (x: Tensor) => F.avgPool2d(F.pad(x, pad), size, { stride, divisorOverride: 1 });
        const ones = input
          .detach()
          .select(0, 0)
          .select(0, 0)
          .onesLike()
          .reshape([1, 1, ...input.shape.slice(2)]);
        return crop(sums(input).div(sums(ones)));
      }),
  );

export const avgpool: Builder = (section, context) =>
  plain(
    section,
    context,
    [context.input[0], 1, 1],
    () => new Step("avgpool", (input) => input.mean([2, 3], { keepdim: true })),
  );

/** Every pixel as a square of them; with a negative stride, the sums of squares. */
export const upsample: Builder = (section, context) => {
  const [channels, height, width] = context.input;
  const given = section.integer("stride", 2, -64, 64);
  if (given === 0) throw section.fail("stride must not be 0", "stride");
  const factor = given < 0 || section.flag("reverse") ? 1 / Math.abs(given) : given;
  const stride = Math.abs(given);
  const scale = section.number("scale", 1);
  const shape = [channels, height * factor, width * factor] as const;
  return plain(
    section,
    context,
    shape,
    () =>
      new Step("upsample", (input) => {
        const sized =
          factor >= 1
            ? F.interpolate(input, { scaleFactor: stride })
            : F.avgPool2d(input, stride, { stride, divisorOverride: 1 });
        return scale === 1 ? sized : sized.mul(scale);
      }),
  );
};

/** Squares of pixels as channels: what stands at the same place of the squares lies together. */
export const reorg3d: Builder = (section, context) => {
  const [channels, height, width] = context.input;
  const s = section.integer("stride", 1, 1, 64);
  section.refuse("reverse");
  const shape = [channels * s * s, height / s, width / s] as const;
  return plain(
    section,
    context,
    shape,
    () =>
      new Step("reorg3d", (input) => {
        const [n, c, h, w] = input.shape as unknown as [number, number, number, number];
        const parts = input.reshape([n, c, h / s, s, w / s, s]).permute([0, 3, 5, 1, 2, 4]);
        return parts.reshape([n, c * s * s, h / s, w / s]);
      }),
  );
};

/**
 * The same as YOLOv2 has it: the memory of the input is read as if it had stride² times fewer channels and larger pictures, and what comes out as if it had the shape
 * that it should have. Weights were trained with that.
 */
export const reorg: Builder = (section, context) => {
  const [channels, height, width] = context.input;
  const s = section.integer("stride", 1, 1, 64);
  section.refuse("flatten", "extra");
  const isReverse = section.flag("reverse");
  if (channels % (s * s) !== 0)
    throw section.fail(`stride=${s} needs a multiple of ${s * s} channels, got ${channels}`, "stride");
  const c = channels / (s * s);
  const shape: Shape = isReverse ? [c, height * s, width * s] : [channels * s * s, height / s, width / s];
  return plain(
    section,
    context,
    shape,
    () =>
      new Step("reorg", (input) => {
        const [n, , h, w] = input.shape as unknown as [number, number, number, number];
        if (isReverse)
          return input
            .reshape([n, s, s, c, h, w])
            .permute([0, 3, 4, 1, 5, 2])
            .reshape([n, c, h * s, w * s]);
        const parts = input.reshape([n, c, h, s, w, s]).permute([0, 3, 5, 1, 2, 4]);
        return parts.reshape([n, channels * s * s, h / s, w / s]);
      }),
  );
};

/** The middle of the pictures, with values from −1 to 1 unless `noadjust` is set. */
export const crop: Builder = (section, context) => {
  const [channels, height, width] = context.input;
  const h = section.integer("crop_height", 1, 1);
  const w = section.integer("crop_width", 1, 1);
  if (h > height || w > width) throw section.fail(`a part of ${w}×${h} pixels does not fit into ${width}×${height}`);
  context.fix();
  const isPlain = section.flag("noadjust");
  return plain(
    section,
    context,
    checkShape(section, [channels, h, w]),
    () =>
      new Step("crop", (input) => {
        const part = input.narrow(2, (height - h) >> 1, h).narrow(3, (width - w) >> 1, w);
        return isPlain ? part : part.mul(2).sub(1);
      }),
  );
};
