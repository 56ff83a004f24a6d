/** A distribution seen through transforms. */

import { noGrad } from "../../autograd/scopes";
import { nameOf } from "../../core/className";
import { ValueError } from "../../core/errors";
import { type Shape, sameShape, shapeText } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import { type Arguments, readArguments, type ValidateArgs, type Value } from "../base/arguments";
import { type Constraint, dependent, independent, isDependent } from "../base/constraints";
import { checkDistribution, Distribution } from "../base/distribution";
import { sumRightmost } from "../base/utils";
import { Independent } from "../independent";
import { ComposeTransform, checkTransforms, signOf, Transform } from "./transform";

/** Arguments of {@link TransformedDistribution}. */
export interface TransformedDistributionArguments extends ValidateArgs {
  readonly baseDistribution: Distribution;
  /** What is applied to its samples, in this order. */
  readonly transforms: Transform | readonly Transform[];
}

const signature = "baseDistribution, transforms; validateArgs";

/** Fits the base to the transforms, and works out the shapes of the result. */
function arrange(op: string, given: TransformedDistributionArguments) {
  const base = checkDistribution(op, "baseDistribution", given.baseDistribution);
  const list = given.transforms instanceof Transform ? [given.transforms] : given.transforms;
  const transforms = checkTransforms(op, "transforms", list);
  const composed = new ComposeTransform(transforms);
  const baseShape = [...base.batchShape, ...base.eventShape];
  const baseEventDim = base.eventShape.length;
  const { eventDim } = composed.domain;
  if (baseShape.length < eventDim)
    throw new ValueError(
      `${op}: baseDistribution needs to have shape with size at least ${eventDim}, but got ${shapeText(baseShape)}.`,
    );
  const shape = composed.forwardShape(baseShape);
  const expanded = composed.inverseShape(shape);
  let baseDist = sameShape(baseShape, expanded) ? base : base.expand(expanded.slice(0, expanded.length - baseEventDim));
  if (eventDim > baseEventDim) baseDist = new Independent(baseDist, eventDim - baseEventDim);
  const cut = shape.length - composed.codomain.eventDim - Math.max(baseEventDim - eventDim, 0);
  return { batchShape: shape.slice(0, cut), eventShape: shape.slice(cut), fields: { baseDist, transforms } };
}

/**
 * The distribution of f(X), where X is of `baseDistribution` and f applies `transforms` in their order.
 * @see torch.distributions.TransformedDistribution
 * @example
 * // A logistic distribution.
 * new TransformedDistribution(new Uniform(0, 1), [new SigmoidTransform().inv, new AffineTransform(loc, scale)]);
 */
export class TransformedDistribution extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = {};
  static override readonly support: Constraint = dependent({ isDiscrete: false });
  /** The distribution whose samples are transformed. */
  declare readonly baseDist: Distribution;
  /** What is applied to them. */
  declare readonly transforms: readonly Transform[];

  constructor(...given: Arguments<typeof signature, TransformedDistributionArguments>) {
    const op = nameOf(new.target);
    const values = readArguments<TransformedDistributionArguments>(op, signature, given);
    const { batchShape, eventShape, fields } = arrange(op, values);
    super(batchShape, eventShape, values.validateArgs, fields);
  }

  /** @internal Parameters of a subclass: they are checked as those that a constructor of `Distribution` gets. */
  protected take(fields: object): void {
    Object.assign(this, fields);
    if (this.validates) this.checkParameters();
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    const shape = this.transforms.reduceRight<Shape>(
      (size, transform) => transform.inverseShape(size),
      [...batchShape, ...this.eventShape],
    );
    const baseBatch = shape.slice(0, shape.length - this.baseDist.eventShape.length);
    return { ...super.expandFields(batchShape), baseDist: this.baseDist.expand(baseBatch) };
  }

  override get support(): Constraint {
    const own = super.support;
    const last = this.transforms.at(-1);
    if (!isDependent(own)) return own;
    if (last === undefined) return this.baseDist.support;
    const extra = this.eventShape.length - last.codomain.eventDim;
    return extra > 0 ? independent(last.codomain, extra) : last.codomain;
  }

  override get hasRsample(): boolean {
    return super.hasRsample || this.baseDist.hasRsample;
  }

  private forward(x: Tensor): Tensor {
    return this.transforms.reduce((value, transform) => transform.forward(value), x);
  }

  private backward(y: Tensor): Tensor {
    return this.transforms.reduceRight((value, transform) => transform.backward(value), y);
  }

  protected override drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    return noGrad(() => this.forward(this.baseDist.sample(sampleShape)));
  }

  protected override drawReparameterized(_shape: Shape, sampleShape: Shape): Tensor {
    return this.forward(this.baseDist.rsample(sampleShape));
  }

  protected override logDensity(value: Tensor): Tensor {
    let eventDim = this.eventShape.length;
    let sum: Tensor | undefined;
    const subtract = (term: Tensor, count: number): void => {
      const part = sumRightmost(term, count);
      sum = sum?.sub(part) ?? part.neg();
    };
    const x = this.transforms.reduceRight((y, transform) => {
      const input = transform.backward(y);
      eventDim += transform.domain.eventDim - transform.codomain.eventDim;
      subtract(transform.logAbsDetJacobian(input, y), eventDim - transform.domain.eventDim);
      return input;
    }, value);
    const base = sumRightmost(this.baseDist.logProb(x), eventDim - this.baseDist.eventShape.length);
    return sum?.add(base) ?? base;
  }

  protected override validatesFor(op: string): boolean {
    return op !== "cdf" && super.validatesFor(op);
  }

  /** Where the transforms fall, probabilities count from the other end. */
  private monotonized(op: string, value: Tensor): Tensor {
    const sign: Value | undefined = signOf(this.transforms);
    if (sign === 1) return value;
    return value
      .sub(0.5)
      .mul(sign ?? this.missing(op))
      .add(0.5);
  }

  protected override cumulative(value: Tensor): Tensor {
    const x = this.backward(value);
    if (this.validates) this.baseDist.validateSample("cdf", x);
    return this.monotonized("cdf", this.baseDist.cdf(x));
  }

  protected override quantile(value: Tensor): Tensor {
    return this.forward(this.baseDist.icdf(this.monotonized("icdf", value)));
  }
}
