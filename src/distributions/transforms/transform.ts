/** The base of transforms, their inverses, and transforms made of others. */

import { explainAbsent } from "../../core/absent";
import { checkArray, checkInteger } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, KindlingError, ValueError } from "../../core/errors";
import type { Shape } from "../../core/shape";
import { type Declared, named } from "../../core/signature";
import { Callable } from "../../nn/module/callable";
import { zerosLike } from "../../ops/creation/like";
import type { Tensor } from "../../tensor/tensor";
import { type Arguments, checkSizes, checkTensor, readArguments, type Value } from "../base/arguments";
import { type Constraint, independent, real } from "../base/constraints";
import { sumRightmost } from "../base/utils";

/** The argument that all transforms take. */
export interface CacheSize {
  /** 1 keeps the latest input and output, so that the inverse of the output is the input itself. Default: 0. */
  readonly cacheSize?: number | undefined;
}

/** A transform is called with a tensor. */
export interface Transform {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class.
  (...given: Arguments<"x", { x: Tensor }>): Tensor;
}

/**
 * An invertible function with the logarithm of the determinant of its Jacobian. Subclasses have `domain` and `codomain`, and define `_call`,
 * `_inverse` and, if they are `bijective`, `logAbsDetJacobian`.
 * @see torch.distributions.transforms.Transform
 * @example const y = new torch.distributions.ExpTransform()(x);
 */
export class Transform extends Callable {
  /** Where the inputs lie. */
  declare domain: Constraint;
  /** Where the outputs lie. */
  declare codomain: Constraint;
  /** Whether each output has one input. */
  bijective = false;
  /** 1 if the output grows with the input, −1 if it falls; for transforms of numbers. */
  declare sign: Value | undefined;
  /** How many pairs of input and output are kept: 0 or 1. */
  readonly cacheSize: number;
  /** @internal */
  protected cached: readonly [x: Tensor, y: Tensor] | undefined;
  /** @internal */
  protected inverted: Transform | undefined;

  constructor(...given: Arguments<"; cacheSize", CacheSize>) {
    super();
    const { cacheSize = 0 } = readArguments<CacheSize>(this.name, "; cacheSize", given);
    this.cacheSize = checkInteger(this.name, "cacheSize", cacheSize);
    if (cacheSize !== 0 && cacheSize !== 1) throw new ValueError(`${this.name}: cacheSize must be 0 or 1`);
  }

  /** @internal The name of the class. */
  protected get name(): string {
    return classNameOf(this);
  }

  /** How many of the last axes make up one event, of the inputs as of the outputs. */
  get eventDim(): number {
    if (this.domain.eventDim === this.codomain.eventDim) return this.domain.eventDim;
    throw new ValueError("eventDim: Please use either .domain.eventDim or .codomain.eventDim");
  }

  /** The inverse. @see torch.distributions.transforms.Transform.inv */
  get inv(): Transform {
    this.inverted ??= new InverseTransform(this);
    return this.inverted;
  }

  /** The same transform with a cache of this size, 1 if none is given. */
  withCache(...given: Arguments<"; cacheSize", CacheSize>): this {
    const { cacheSize: size = 1 } = readArguments<CacheSize>("withCache", "; cacheSize", given);
    if (size === this.cacheSize) return this;
    const copy = Reflect.construct(Transform, [size], this.constructor);
    const parts = this.partsWithCache(size);
    return Object.assign(copy, this, { cacheSize: size, cached: undefined, inverted: undefined }, parts);
  }

  /** @internal The fields that hold transforms, with caches. */
  protected partsWithCache(_cacheSize: number): object {
    return {};
  }

  /** Whether another transform does the same, as far as can be told. */
  equals(other: unknown): boolean {
    return this === other;
  }

  protected override invoke(args: unknown[]): Tensor {
    return callOf(this.name).method.apply(this, args) as Tensor;
  }

  /** @internal The transform of a tensor, from the cache if it is there. */
  forward(x: Tensor): Tensor {
    if (this.cacheSize === 0) return this._call(x);
    if (x !== this.cached?.[0] || !this.cached[1].isAlive) this.cached = [x, this._call(x)];
    return this.cached[1];
  }

  /** @internal The inverse of a tensor, from the cache if it is there. */
  backward(y: Tensor): Tensor {
    if (this.cacheSize === 0) return this._inverse(y);
    if (y !== this.cached?.[1] || !this.cached[0].isAlive) this.cached = [this._inverse(y), y];
    return this.cached[0];
  }

  /** The output for `x`. */
  _call(_x: Tensor): Tensor {
    return this.missing("_call");
  }

  /** The input for `y`. */
  _inverse(_y: Tensor): Tensor {
    return this.missing("_inverse");
  }

  /** log |dy/dx| for an input and its output. @see torch.distributions.transforms.Transform.log_abs_det_jacobian */
  logAbsDetJacobian(
    x: Tensor | { readonly x: Tensor; readonly y: Tensor },
    y?: Tensor | { readonly y: Tensor },
  ): Tensor {
    const given = readArguments<{ x: unknown; y: unknown }>(
      "logAbsDetJacobian",
      "x, y",
      y === undefined ? [x] : [x, y],
    );
    return this.logDet(checkTensor("logAbsDetJacobian", "x", given.x), checkTensor("logAbsDetJacobian", "y", given.y));
  }

  /** The shape of the output for that of the input. @see torch.distributions.transforms.Transform.forward_shape */
  forwardShape(...given: Arguments<"shape", { shape: Shape }>): Shape {
    const { shape } = readArguments<{ shape: Shape }>("forwardShape", "shape", given);
    return this.shapeAfter(checkSizes("forwardShape", "shape", shape));
  }

  /** The shape of the input for that of the output. @see torch.distributions.transforms.Transform.inverse_shape */
  inverseShape(...given: Arguments<"shape", { shape: Shape }>): Shape {
    const { shape } = readArguments<{ shape: Shape }>("inverseShape", "shape", given);
    return this.shapeBefore(checkSizes("inverseShape", "shape", shape));
  }

  /** @internal */
  protected logDet(_x: Tensor, _y: Tensor): Tensor {
    return this.missing("logAbsDetJacobian");
  }

  /** @internal */
  protected shapeAfter(shape: Shape): Shape {
    return shape;
  }

  /** @internal */
  protected shapeBefore(shape: Shape): Shape {
    return shape;
  }

  /** @internal */
  protected missing(what: string): never {
    throw new KindlingError(`${this.name}: ${what}: ${this.name} does not implement it`);
  }

  /** The class and what it is made of, as PyTorch prints them. */
  override toString(): string {
    return `${this.name}()`;
  }
}

const calls = new Map<string, Declared>();

/** The call of a transform, within which errors speak of its class. */
function callOf(op: string): Declared {
  const known = calls.get(op);
  if (known !== undefined) return known;
  const call = named(op, "self, x", (self: Transform, x: unknown) => self.forward(checkTensor(op, "x", x)));
  calls.set(op, call);
  return call;
}

explainAbsent(Transform.prototype, "Transform", { fields: ["cacheSize"] });

class InverseTransform extends Transform {
  constructor(readonly base: Transform) {
    super(base.cacheSize);
    this.inverted = base;
    this.domain = base.codomain;
    this.codomain = base.domain;
    this.bijective = base.bijective;
    this.sign = base.sign;
  }
  override withCache(...given: Arguments<"; cacheSize", CacheSize>): this {
    return this.base.withCache(...given).inv as this;
  }
  override equals(other: unknown): boolean {
    return other instanceof InverseTransform && this.base.equals(other.base);
  }
  override forward(x: Tensor): Tensor {
    return this.base.backward(x);
  }
  override backward(y: Tensor): Tensor {
    return this.base.forward(y);
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    return this.base.logAbsDetJacobian(y, x).neg();
  }
  protected override shapeAfter(shape: Shape): Shape {
    return this.base.inverseShape(shape);
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.base.forwardShape(shape);
  }
  override toString(): string {
    return `_InverseTransform(${this.base})`;
  }
}

/** A transform. @throws ArgumentError for anything else. */
export function checkTransform(op: string, name: string, value: unknown): Transform {
  if (value instanceof Transform) return value;
  throw new ArgumentError(`${op}: ${name} must be a Transform, got ${describe(value)}`);
}

/** A list of transforms. @throws ArgumentError for anything else. */
export const checkTransforms = (op: string, name: string, values: unknown): Transform[] =>
  checkArray(op, name, values, "transforms").map((value, i) => checkTransform(op, `${name}[${i}]`, value));

/** The product of signs, undefined where one of them is. */
export const signOf = (transforms: readonly Transform[]): Value | undefined =>
  transforms.reduce<Value | undefined>((product, { sign }) => {
    if (product === undefined || sign === undefined) return undefined;
    if (typeof product !== "number") return product.mul(sign);
    return typeof sign === "number" ? product * sign : sign.mul(product);
  }, 1);

/** A constraint on events of at least `eventDim` axes. */
const widened = (constraint: Constraint, eventDim: number): Constraint =>
  eventDim > constraint.eventDim ? independent(constraint, eventDim - constraint.eventDim) : constraint;

/** The event axes that the first of these transforms sees, all of them considered. */
function eventDimBefore(parts: readonly Transform[]): number {
  return parts.reduceRight(
    (dim, { domain, codomain }) => Math.max(dim + domain.eventDim - codomain.eventDim, domain.eventDim),
    parts.at(-1)!.codomain.eventDim,
  );
}

interface ComposeArguments extends CacheSize {
  readonly parts: readonly Transform[];
}

/**
 * Transforms one after the other.
 * @see torch.distributions.transforms.ComposeTransform
 */
export class ComposeTransform extends Transform {
  readonly parts: readonly Transform[];

  constructor(...given: Arguments<"parts; cacheSize", ComposeArguments>) {
    const { parts, cacheSize } = readArguments<ComposeArguments>("ComposeTransform", "parts; cacheSize", given);
    super({ cacheSize });
    const checked = checkTransforms("ComposeTransform", "parts", parts);
    this.parts = cacheSize ? checked.map((part) => part.withCache(cacheSize)) : checked;
    const ends = this.parts.map(({ domain, codomain }) => ({ domain: codomain, codomain: domain }) as Transform);
    const [first, last] = [this.parts[0], this.parts.at(-1)];
    this.domain = first === undefined ? real : widened(first.domain, eventDimBefore(this.parts));
    this.codomain = last === undefined ? real : widened(last.codomain, eventDimBefore(ends.reverse()));
    this.bijective = this.parts.every((part) => part.bijective);
    this.sign = signOf(this.parts);
  }

  override get inv(): Transform {
    if (this.inverted === undefined) {
      const inverse = new ComposeTransform(this.parts.map((part) => part.inv).reverse());
      inverse.inverted = this;
      this.inverted = inverse;
    }
    return this.inverted;
  }

  protected override partsWithCache(cacheSize: number): object {
    return { parts: this.parts.map((part) => part.withCache(cacheSize)) };
  }

  override equals(other: unknown): boolean {
    return other instanceof ComposeTransform && sameTransforms(this.parts, other.parts);
  }

  override forward(x: Tensor): Tensor {
    return this.parts.reduce((y, part) => part.forward(y), x);
  }

  override backward(y: Tensor): Tensor {
    return this.parts.reduceRight((x, part) => part.backward(x), y);
  }

  protected override logDet(x: Tensor, y: Tensor): Tensor {
    if (this.parts.length === 0) return zerosLike(x);
    let eventDim = this.domain.eventDim;
    let input = x;
    let sum: Tensor | undefined;
    this.parts.forEach((part, i) => {
      const output = i === this.parts.length - 1 ? y : part.forward(input);
      const term = sumRightmost(part.logAbsDetJacobian(input, output), eventDim - part.domain.eventDim);
      sum = sum?.add(term) ?? term;
      eventDim += part.codomain.eventDim - part.domain.eventDim;
      input = output;
    });
    return sum!;
  }

  protected override shapeAfter(shape: Shape): Shape {
    return this.parts.reduce((size, part) => part.forwardShape(size), shape);
  }

  protected override shapeBefore(shape: Shape): Shape {
    return this.parts.reduceRight((size, part) => part.inverseShape(size), shape);
  }

  override toString(): string {
    return `${this.name}(\n    ${this.parts.join(",\n    ")}\n)`;
  }
}

/** Whether two lists of transforms do the same. */
export const sameTransforms = (a: readonly Transform[], b: readonly Transform[]): boolean =>
  a.length === b.length && a.every((part, i) => part.equals(b[i]));

/** The transform that changes nothing. @see torch.distributions.transforms.identity_transform */
export const identityTransform: Transform = new ComposeTransform([]);

interface IndependentArguments extends CacheSize {
  readonly baseTransform: Transform;
  readonly reinterpretedBatchNdims: number;
}

const independentSignature = "baseTransform, reinterpretedBatchNdims; cacheSize";

/**
 * A transform whose last `reinterpretedBatchNdims` axes of the batch count as parts of an event.
 * @see torch.distributions.transforms.IndependentTransform
 */
export class IndependentTransform extends Transform {
  readonly baseTransform: Transform;
  readonly reinterpretedBatchNdims: number;

  constructor(...given: Arguments<typeof independentSignature, IndependentArguments>) {
    const op = "IndependentTransform";
    const { baseTransform, reinterpretedBatchNdims, cacheSize } = readArguments<IndependentArguments>(
      op,
      independentSignature,
      given,
    );
    super({ cacheSize });
    this.baseTransform = checkTransform(op, "baseTransform", baseTransform).withCache(cacheSize ?? 0);
    this.reinterpretedBatchNdims = checkInteger(op, "reinterpretedBatchNdims", reinterpretedBatchNdims, 0);
    this.domain = independent(this.baseTransform.domain, reinterpretedBatchNdims);
    this.codomain = independent(this.baseTransform.codomain, reinterpretedBatchNdims);
    this.bijective = this.baseTransform.bijective;
    this.sign = this.baseTransform.sign;
  }

  protected override partsWithCache(cacheSize: number): object {
    return { baseTransform: this.baseTransform.withCache(cacheSize) };
  }

  private checkAxes(x: Tensor, { eventDim }: Constraint): void {
    if (x.ndim < eventDim)
      throw new ValueError(`${this.name}: Too few dimensions on input: got ${x.ndim}, at least ${eventDim} are needed`);
  }

  override _call(x: Tensor): Tensor {
    this.checkAxes(x, this.domain);
    return this.baseTransform.forward(x);
  }

  override _inverse(y: Tensor): Tensor {
    this.checkAxes(y, this.codomain);
    return this.baseTransform.backward(y);
  }

  protected override logDet(x: Tensor, y: Tensor): Tensor {
    return sumRightmost(this.baseTransform.logAbsDetJacobian(x, y), this.reinterpretedBatchNdims);
  }

  protected override shapeAfter(shape: Shape): Shape {
    return this.baseTransform.forwardShape(shape);
  }

  protected override shapeBefore(shape: Shape): Shape {
    return this.baseTransform.inverseShape(shape);
  }

  override toString(): string {
    return `${this.name}(${this.baseTransform}, ${this.reinterpretedBatchNdims})`;
  }
}
