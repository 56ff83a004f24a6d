/** Layers that join others, or change nothing but values. */
import * as F from "../../nn/functional/index";
import { Dropout } from "../../nn/layers/dropout";
import { cat } from "../../ops/shape/join";
import type { Tensor } from "../../tensor/tensor";
import { type Builder, type Context, checkShape, plain, resolve, type Shape } from "../plan";
import type { Section } from "../section";
import { activationOf } from "./activations";
import { Layer, Step } from "./layer";

/** The channels of several layers, or a group of the channels of each, one after the other. */
export const route: Builder = (section, context) => {
  const given = section.integers("layers", -(2 ** 24));
  if (given.length === 0) throw section.fail("layers= names no layer");
  const sources = given.map((at) => resolve(section, context, "layers", at));
  const groups = section.integer("groups", 1, 1);
  const group = section.integer("group_id", 0, 0, groups - 1);
  const shapes = sources.map((at) => context.plans[at]!.shape);
  const [, height, width] = shapes[0]!;
  for (const [c, h, w] of shapes) {
    if (h !== height || w !== width)
      throw section.fail(`layers of ${width}×${height} and ${w}×${h} pixels cannot be joined`, "layers");
    if (c % groups !== 0) throw section.fail(`groups=${groups} does not divide ${c} channels`, "groups");
  }
  const channels = shapes.reduce((sum, [c]) => sum + c / groups, 0);
  const part = (x: Tensor) => (groups === 1 ? x : x.narrow(1, (group * x.shape[1]!) / groups, x.shape[1]! / groups));
  return {
    shape: checkShape(section, [channels, height, width]),
    count: 0,
    sources,
    make: () => new Step("route", (...inputs) => (inputs.length === 1 ? part(inputs[0]!) : cat(inputs.map(part), 1))),
  };
};

/**
 * `alpha · input + beta · other`, where the two have the same place: of other resolutions, every n-th row and column of the finer one, and of other numbers of
 * channels, the first.
 */
function added(input: Tensor, other: Tensor, alpha: number, beta: number): Tensor {
  const scaled = (x: Tensor, factor: number) => (factor === 1 ? x : x.mul(factor));
  const [, c, h] = input.shape as unknown as [number, number, number, number];
  const [, c1, h1] = other.shape as unknown as [number, number, number, number];
  if (c === c1 && h === h1) return scaled(input, alpha).add(scaled(other, beta));
  const stride = Math.max(1, Math.floor(h1 / h));
  const sample = Math.max(1, Math.floor(h / h1));
  const least = Math.min(c, c1);
  const every = (x: Tensor, step: number) => x.narrow(1, 0, least).slice(2, 0, null, step).slice(3, 0, null, step);
  const out = input.clone();
  const part = every(out, sample);
  part.copy_(scaled(every(input, sample), alpha).add(scaled(every(other, stride), beta)));
  return out;
}

function checkRatio(section: Section, [, height, width]: Shape, [, h, w]: Shape): void {
  const fits = (a: number, b: number) => a % b === 0 || b % a === 0;
  if (fits(height, h) && fits(width, w) && height * w === width * h) return;
  throw section.fail(`layers of ${width}×${height} and ${w}×${h} pixels cannot be added`, "from");
}

export const shortcut: Builder = (section, context) => {
  section.refuse("weights_type", "weights_normalization");
  const given = section.integers("from", -(2 ** 24));
  if (given.length === 0) throw section.fail("from= names no layer");
  const others = given.map((at) => resolve(section, context, "from", at));
  for (const at of others) checkRatio(section, context.input, context.plans[at]!.shape);
  const [alpha, beta] = [section.number("alpha", 1), section.number("beta", 1)];
  const { apply } = activationOf(section, "linear");
  return {
    shape: context.input,
    count: 0,
    sources: [context.index - 1, ...others],
    make: () =>
      new Step("shortcut", (input, ...rest) =>
        apply(rest.reduce((sum, other) => added(sum, other, alpha, beta), input)),
      ),
  };
};

/** The one other layer that `from=` names. */
function fromOf(section: Section, context: Context): number {
  const given = section.integers("from", -(2 ** 24));
  if (given.length !== 1) throw section.fail("from= must name one layer");
  return resolve(section, context, "from", given[0]!);
}

/** The other layer, times this one's value for each of its channels: what squeeze and excitation ends with. */
export const scaleChannels: Builder = (section, context) => {
  section.refuse("scale_wh");
  const from = fromOf(section, context);
  const { shape } = context.plans[from]!;
  const [channels, height, width] = context.input;
  if (channels !== shape[0] || height !== 1 || width !== 1)
    throw section.fail(`[${context.input.join(", ")}] does not scale the channels of [${shape.join(", ")}]`, "from");
  const { apply } = activationOf(section, "linear");
  return {
    shape,
    count: 0,
    sources: [context.index - 1, from],
    make: () => new Step("scale_channels", (input, other) => apply(input.mul(other!))),
  };
};

/** The other layer, times this one. */
export const sam: Builder = (section, context) => {
  const from = fromOf(section, context);
  if (context.plans[from]!.shape.join() !== context.input.join())
    throw section.fail(`[${context.input.join(", ")}] and [${context.plans[from]!.shape.join(", ")}] differ`, "from");
  const { apply } = activationOf(section, "linear");
  return {
    shape: context.input,
    count: 0,
    sources: [context.index - 1, from],
    make: () => new Step("sam", (input, other) => apply(input.mul(other!))),
  };
};

/** Drops elements while it trains. */
class Drop extends Layer {
  readonly dropout: Dropout;

  constructor(p: number) {
    super();
    this.dropout = new Dropout(p);
  }

  override forward(input: Tensor): Tensor {
    return this.dropout(input);
  }
}

export const dropout: Builder = (section, context) => {
  section.refuse("dropblock");
  const p = section.number("probability", 0.5);
  if (!(p >= 0 && p < 1)) throw section.fail(`probability must be at least 0 and below 1, got ${p}`, "probability");
  return plain(section, context, context.input, () => new Drop(p));
};

/** Over all elements of a picture, in groups if asked for, or over the channels of each place. */
export const softmax: Builder = (section, context) => {
  section.refuse("tree");
  const groups = section.integer("groups", 1, 1);
  const temperature = section.number("temperature", 1);
  if (!(temperature > 0)) throw section.fail(`temperature must be above 0, got ${temperature}`, "temperature");
  const isSpatial = section.flag("spatial");
  const [channels, height, width] = context.input;
  const size = isSpatial ? channels : channels * height * width;
  if (size % groups !== 0) throw section.fail(`groups=${groups} does not divide ${size}`, "groups");
  return plain(
    section,
    context,
    context.input,
    () =>
      new Step("softmax", (input) => {
        const x = input.div(temperature);
        if (isSpatial && groups === 1) return x.softmax(1);
        const { shape } = x;
        const split = isSpatial
          ? x.reshape([shape[0]!, groups, size / groups, shape[2]!, shape[3]!])
          : x.reshape([shape[0]!, groups, -1]);
        return split.softmax(2).reshape(shape);
      }),
  );
};

export const activation: Builder = (section, context) => {
  const { apply } = activationOf(section, "linear");
  return plain(section, context, context.input, () => new Step("activation", apply));
};

export const logistic: Builder = (section, context) =>
  plain(section, context, context.input, () => new Step("logistic", (x) => x.sigmoid()));

/** The channels of each place, of length 1. */
export const l2norm: Builder = (section, context) =>
  plain(section, context, context.input, () => new Step("l2norm", (x) => F.normalize(x, { dim: 1 })));

/** Layers that pass on what they are given: a loss, and one that does nothing. */
export const through: Builder = (section, context) =>
  plain(section, context, context.input, () => new Step(section.type, (x) => x));
