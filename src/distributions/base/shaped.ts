/** Transforms of vectors and matrices, and of the parts of tensors. */
import { checkInteger, checkIntegers, MAX_COUNT } from "../../core/arguments";
import { describe, IndexError, ShapeError, ValueError } from "../../core/errors";
import { finfo } from "../../core/limits";
import { type Shape, sameShape, shapeText, sizeOfShape } from "../../core/shape";
import { arange, eye } from "../../ops/creation/ranges";
import { logSigmoid, softplus } from "../../ops/elementwise/activation";
import { diagEmbed } from "../../ops/shape/diagonal";
import { cat, stack } from "../../ops/shape/join";
import { constantPadNd as pad } from "../../ops/shape/pad";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { type CacheSize, checkTransforms, Transform } from "../transforms/transform";
import { type Arguments, readArguments } from "./arguments";
import {
  type Constraint,
  cat as catOf,
  corrCholesky,
  independent,
  lowerCholesky,
  real,
  realVector,
  simplex,
  stack as stackOf,
  unitInterval,
} from "./constraints";
import { checkDistribution, type Distribution } from "./distribution";
import { clippedSigmoid } from "./elementwise";
import { sumRightmost, trilMatrixToVec, vecToTrilMatrix } from "./utils";

/** @throws ShapeError unless a shape has at least `count` axes. */
function checkAxes(shape: Shape, count: number): void {
  if (shape.length < count)
    throw new ShapeError(`forwardShape: Too few dimensions on input: got ${shapeText(shape)}, ${count} are needed`);
}

interface ReshapeArguments extends CacheSize {
  readonly inShape: Shape;
  readonly outShape: Shape;
}

/** Events of another shape with as many elements. @see torch.distributions.transforms.ReshapeTransform */
export class ReshapeTransform extends Transform {
  override bijective = true;
  readonly inShape: Shape;
  readonly outShape: Shape;

  constructor(...given: Arguments<"inShape, outShape; cacheSize", ReshapeArguments>) {
    const op = "ReshapeTransform";
    const values = readArguments<ReshapeArguments>(op, "inShape, outShape; cacheSize", given);
    super({ cacheSize: values.cacheSize });
    this.inShape = checkIntegers(op, "inShape", values.inShape, 0, MAX_COUNT);
    this.outShape = checkIntegers(op, "outShape", values.outShape, 0, MAX_COUNT);
    if (sizeOfShape(this.inShape) !== sizeOfShape(this.outShape))
      throw new ValueError(`${op}: inShape, outShape have different numbers of elements`);
    this.domain = independent(real, this.inShape.length);
    this.codomain = independent(real, this.outShape.length);
  }

  override _call(x: Tensor): Tensor {
    return x.reshape(this.shapeAfter(x.shape));
  }
  override _inverse(y: Tensor): Tensor {
    return y.reshape(this.shapeBefore(y.shape));
  }
  protected override logDet(x: Tensor): Tensor {
    return zeros(x.shape.slice(0, x.ndim - this.inShape.length), { dtype: x.dtype, device: x.device });
  }
  protected override shapeAfter(shape: Shape): Shape {
    return replaceEnd(shape, this.inShape, this.outShape);
  }
  protected override shapeBefore(shape: Shape): Shape {
    return replaceEnd(shape, this.outShape, this.inShape);
  }
}

function replaceEnd(shape: Shape, from: Shape, to: Shape): Shape {
  checkAxes(shape, from.length);
  const cut = shape.length - from.length;
  if (!sameShape(shape.slice(cut), from))
    throw new ShapeError(
      `ReshapeTransform: Shape mismatch: expected ${shapeText(from)} but got ${shapeText(shape.slice(cut))}`,
    );
  return [...shape.slice(0, cut), ...to];
}

/** What lies before each element along the last axis, the first of them 1. */
const before = (x: Tensor): Tensor => pad(x.narrow(-1, 0, x.shape.at(-1)! - 1), [1, 0], 1);

/**
 * From vectors of D·(D−1)/2 numbers to the Cholesky factors of D×D correlation matrices.
 * @see torch.distributions.transforms.CorrCholeskyTransform
 */
export class CorrCholeskyTransform extends Transform {
  override bijective = true;
  override domain: Constraint = realVector;
  override codomain: Constraint = corrCholesky;

  override _call(x: Tensor): Tensor {
    const { eps } = finfo(x.dtype);
    const r = vecToTrilMatrix(x.tanh().clamp(-1 + eps, 1 - eps), -1);
    const rest = r.pow(2).neg().add(1).sqrt().cumprod(-1);
    return r.add(eye(r.shape.at(-1)!, { dtype: r.dtype, device: r.device })).mul(before(rest));
  }
  override _inverse(y: Tensor): Tensor {
    const rest = before(y.mul(y).cumsum(-1).neg().add(1));
    const t = trilMatrixToVec(y, -1).div(trilMatrixToVec(rest, -1).sqrt());
    return t.add(1).div(t.neg().add(1)).log().div(2);
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    const rest = trilMatrixToVec(y.mul(y).cumsum(-1).neg().add(1), -2);
    const tanh = x.add(softplus(x.mul(-2))).sub(Math.log(2));
    return rest.log().sum(-1).mul(0.5).add(tanh.sum(-1).mul(-2));
  }
  protected override shapeAfter(shape: Shape): Shape {
    checkAxes(shape, 1);
    const n = shape.at(-1)!;
    const d = Math.round(Math.sqrt(0.25 + 2 * n) + 0.5);
    if ((d * (d - 1)) / 2 !== n)
      throw new ShapeError(`forwardShape: Input is not a flattened lower-diagonal number: ${n}`);
    return [...shape.slice(0, -1), d, d];
  }
  protected override shapeBefore(shape: Shape): Shape {
    checkAxes(shape, 2);
    const [rows, d] = shape.slice(-2) as [number, number];
    if (rows !== d) throw new ShapeError(`inverseShape: Input is not square: ${shapeText(shape)}`);
    return [...shape.slice(0, -2), (d * (d - 1)) / 2];
  }
}

/** From vectors to the simplex by the softmax, which is not bijective. @see torch.distributions.transforms.SoftmaxTransform */
export class SoftmaxTransform extends Transform {
  override domain: Constraint = realVector;
  override codomain: Constraint = simplex;

  override equals(other: unknown): boolean {
    return other instanceof SoftmaxTransform;
  }
  override _call(x: Tensor): Tensor {
    const probs = x.sub(x.amax(-1, { keepdim: true })).exp();
    return probs.div(probs.sum(-1, { keepdim: true }));
  }
  override _inverse(y: Tensor): Tensor {
    return y.log();
  }
  protected override shapeAfter(shape: Shape): Shape {
    checkAxes(shape, 1);
    return shape;
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}

/**
 * From vectors to the simplex of one dimension more, by breaking a part off a stick again and again.
 * @see torch.distributions.transforms.StickBreakingTransform
 */
export class StickBreakingTransform extends Transform {
  override bijective = true;
  override domain: Constraint = realVector;
  override codomain: Constraint = simplex;

  override equals(other: unknown): boolean {
    return other instanceof StickBreakingTransform;
  }
  /** The logarithms of n, n − 1, …, 1. */
  private offset(n: number, { dtype, device }: Tensor): Tensor {
    return arange(n, 0, -1, { dtype, device }).log();
  }
  override _call(x: Tensor): Tensor {
    const z = clippedSigmoid(x.sub(this.offset(x.shape.at(-1)!, x)));
    return pad(z, [0, 1], 1).mul(pad(z.neg().add(1).cumprod(-1), [1, 0], 1));
  }
  override _inverse(y: Tensor): Tensor {
    const n = y.shape.at(-1)! - 1;
    const parts = y.narrow(-1, 0, n);
    // What is left may come out below 0 by rounding where the last part is next to nothing.
    const left = parts.cumsum(-1).neg().add(1).clamp(finfo(y.dtype).tiny);
    return parts.log().sub(left.log()).add(this.offset(n, y));
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    const n = x.shape.at(-1)!;
    const shifted = x.sub(this.offset(n, x));
    return logSigmoid(shifted)
      .sub(shifted)
      .add(y.narrow(-1, 0, n).log())
      .sum(-1);
  }
  protected override shapeAfter(shape: Shape): Shape {
    checkAxes(shape, 1);
    return [...shape.slice(0, -1), shape.at(-1)! + 1];
  }
  protected override shapeBefore(shape: Shape): Shape {
    checkAxes(shape, 1);
    return [...shape.slice(0, -1), shape.at(-1)! - 1];
  }
}

/** A matrix below its diagonal, and a function of its diagonal. */
const withDiagonal = (x: Tensor, rule: (diagonal: Tensor) => Tensor): Tensor =>
  x.tril(-1).add(diagEmbed(rule(x.diagonal({ dim1: -2, dim2: -1 }))));

/**
 * From square matrices to lower triangular ones with a positive diagonal.
 * @see torch.distributions.transforms.LowerCholeskyTransform
 */
export class LowerCholeskyTransform extends Transform {
  override domain: Constraint = independent(real, 2);
  override codomain: Constraint = lowerCholesky;

  override equals(other: unknown): boolean {
    return other instanceof LowerCholeskyTransform;
  }
  override _call(x: Tensor): Tensor {
    return withDiagonal(x, (diagonal) => diagonal.exp());
  }
  override _inverse(y: Tensor): Tensor {
    return withDiagonal(y, (diagonal) => diagonal.log());
  }
}

interface SequenceArguments extends CacheSize {
  readonly tseq: readonly Transform[];
  /** The axis. Default: 0. */
  readonly dim?: number | undefined;
}

type Rule = (transform: Transform, ...parts: Tensor[]) => Tensor;

/** One transform for each part of a tensor along an axis. */
abstract class SequenceTransform extends Transform {
  readonly transforms: readonly Transform[];
  readonly dim: number;

  constructor(op: string, { tseq, dim = 0, cacheSize }: SequenceArguments) {
    super({ cacheSize });
    const checked = checkTransforms(op, "tseq", tseq);
    this.transforms = cacheSize ? checked.map((part) => part.withCache(cacheSize)) : checked;
    this.dim = checkInteger(op, "dim", dim);
    this.bijective = this.transforms.every((part) => part.bijective);
  }

  protected override partsWithCache(cacheSize: number): object {
    return { transforms: this.transforms.map((part) => part.withCache(cacheSize)) };
  }

  /** The size along the axis. */
  protected abstract get total(): number;
  protected abstract slice(x: Tensor, i: number): Tensor;
  protected abstract join(parts: Tensor[]): Tensor;

  /** What a rule makes of each part of some tensors. */
  protected each(rule: Rule, ...tensors: Tensor[]): Tensor[] {
    for (const { ndim, shape } of tensors) {
      if (this.dim < -ndim || this.dim >= ndim)
        throw new IndexError(`${this.name}: dim ${this.dim} is out of range for a tensor of ${ndim} axes`);
      if (shape.at(this.dim) !== this.total)
        throw new ShapeError(
          `${this.name}: takes ${this.total} elements along dim ${this.dim}, got shape ${shapeText(shape)}`,
        );
    }
    return this.transforms.map((part, i) => rule(part, ...tensors.map((x) => this.slice(x, i))));
  }
  override _call(x: Tensor): Tensor {
    return this.join(this.each((part, slice) => part.forward(slice!), x));
  }
  override _inverse(y: Tensor): Tensor {
    return this.join(this.each((part, slice) => part.backward(slice!), y));
  }
}

interface CatArguments extends SequenceArguments {
  /** The sizes of the parts along the axis. Default: 1 each. */
  readonly lengths?: readonly number[] | undefined;
}

const catSignature = "tseq; dim, lengths, cacheSize";

/** Transforms of the parts of a tensor along an axis. @see torch.distributions.transforms.CatTransform */
export class CatTransform extends SequenceTransform {
  readonly lengths: readonly number[];

  constructor(...given: Arguments<typeof catSignature, CatArguments>) {
    const values = readArguments<CatArguments>("CatTransform", catSignature, given);
    super("CatTransform", values);
    const { lengths = this.transforms.map(() => 1) } = values;
    this.lengths = checkIntegers("CatTransform", "lengths", lengths, 0, MAX_COUNT);
    if (lengths.length !== this.transforms.length)
      throw new ValueError(
        `CatTransform: ${this.transforms.length} transforms take as many lengths, got ${describe(lengths)}`,
      );
    this.domain = catOf(
      this.transforms.map((part) => part.domain),
      this.dim,
      this.lengths,
    );
    this.codomain = catOf(
      this.transforms.map((part) => part.codomain),
      this.dim,
      this.lengths,
    );
  }

  override get eventDim(): number {
    return Math.max(...this.transforms.map((part) => part.eventDim));
  }
  protected get total(): number {
    return sizeSum(this.lengths);
  }
  protected slice(x: Tensor, i: number): Tensor {
    return x.narrow(this.dim, sizeSum(this.lengths.slice(0, i)), this.lengths[i]!);
  }
  protected join(parts: Tensor[]): Tensor {
    return cat(parts, this.dim);
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    const { eventDim } = this;
    const terms = this.each(
      (part, a, b) => sumRightmost(part.logAbsDetJacobian(a!, b!), eventDim - part.eventDim),
      x,
      y,
    );
    // The axis may lie within the event, where the terms are of one determinant.
    const dim = (this.dim >= 0 ? this.dim - x.ndim : this.dim) + eventDim;
    return dim < 0 ? cat(terms, dim) : terms.reduce((sum, term) => sum.add(term));
  }
}

const sizeSum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

/** Transforms of the slices of a tensor along an axis. @see torch.distributions.transforms.StackTransform */
export class StackTransform extends SequenceTransform {
  constructor(...given: Arguments<"tseq; dim, cacheSize", SequenceArguments>) {
    super("StackTransform", readArguments<SequenceArguments>("StackTransform", "tseq; dim, cacheSize", given));
    this.domain = stackOf(
      this.transforms.map((part) => part.domain),
      this.dim,
    );
    this.codomain = stackOf(
      this.transforms.map((part) => part.codomain),
      this.dim,
    );
  }

  protected get total(): number {
    return this.transforms.length;
  }
  protected slice(x: Tensor, i: number): Tensor {
    return x.select(this.dim, i);
  }
  protected join(parts: Tensor[]): Tensor {
    return stack(parts, this.dim);
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    return this.join(this.each((part, a, b) => part.logAbsDetJacobian(a!, b!), x, y));
  }
}

interface CumulativeArguments extends CacheSize {
  readonly distribution: Distribution;
}

/**
 * From the support of a distribution to (0, 1), by its cumulative distribution function.
 * @see torch.distributions.transforms.CumulativeDistributionTransform
 */
export class CumulativeDistributionTransform extends Transform {
  override bijective = true;
  override sign = 1;
  override codomain: Constraint = unitInterval;
  readonly distribution: Distribution;

  constructor(...given: Arguments<"distribution; cacheSize", CumulativeArguments>) {
    const op = "CumulativeDistributionTransform";
    const { distribution, cacheSize } = readArguments<CumulativeArguments>(op, "distribution; cacheSize", given);
    super({ cacheSize });
    this.distribution = checkDistribution(op, "distribution", distribution);
    this.domain = distribution.support;
  }

  override _call(x: Tensor): Tensor {
    return this.distribution.cdf(x);
  }
  override _inverse(y: Tensor): Tensor {
    return this.distribution.icdf(y);
  }
  protected override logDet(x: Tensor): Tensor {
    return this.distribution.logProb(x);
  }
}
