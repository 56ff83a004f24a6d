/** Transforms of each element by itself. */
import { checkInteger } from "../../core/arguments";
import { ArgumentError, describe } from "../../core/errors";
import { finfo } from "../../core/limits";
import { broadcastShapes, type Shape } from "../../core/shape";
import { fullLike } from "../../ops/creation/like";
import { softplus } from "../../ops/elementwise/activation";
import { Tensor } from "../../tensor/tensor";
import { type CacheSize, Transform } from "../transforms/transform";
import { type Arguments, readArguments, type Value } from "./arguments";
import { type Constraint, independent, interval, positive, real, unitInterval } from "./constraints";
import { asTensors } from "./utils";

/** Transforms without parameters are equal if they are of one class. */
abstract class Plain extends Transform {
  override bijective = true;
  override sign: Value = 1;
  override domain: Constraint = real;

  override equals(other: unknown): boolean {
    return other instanceof Plain && other.constructor === this.constructor;
  }
}

/** y = eˣ. @see torch.distributions.transforms.ExpTransform */
export class ExpTransform extends Plain {
  override codomain: Constraint = positive;

  override _call(x: Tensor): Tensor {
    return x.exp();
  }
  override _inverse(y: Tensor): Tensor {
    return y.log();
  }
  protected override logDet(x: Tensor): Tensor {
    return x;
  }
}

/** 1 / (1 + e⁻ˣ), never 0 or 1. */
export function clippedSigmoid(x: Tensor): Tensor {
  const { tiny, eps } = finfo(x.dtype);
  return x.sigmoid().clamp(tiny, 1 - eps);
}

/** y = 1 / (1 + e⁻ˣ). @see torch.distributions.transforms.SigmoidTransform */
export class SigmoidTransform extends Plain {
  override codomain: Constraint = unitInterval;

  override _call(x: Tensor): Tensor {
    return clippedSigmoid(x);
  }
  override _inverse(y: Tensor): Tensor {
    const { tiny, eps } = finfo(y.dtype);
    const inside = y.clamp(tiny, 1 - eps);
    return inside.log().sub(inside.neg().log1p());
  }
  protected override logDet(x: Tensor): Tensor {
    return softplus(x.neg()).neg().sub(softplus(x));
  }
}

/** y = log(1 + eˣ). @see torch.distributions.transforms.SoftplusTransform */
export class SoftplusTransform extends Plain {
  override codomain: Constraint = positive;

  override _call(x: Tensor): Tensor {
    return softplus(x);
  }
  override _inverse(y: Tensor): Tensor {
    return y.neg().expm1().neg().log().add(y);
  }
  protected override logDet(x: Tensor): Tensor {
    return softplus(x.neg()).neg();
  }
}

/** y = tanh(x). The cache (`cacheSize: 1`) keeps inverses of ±1 finite. @see torch.distributions.transforms.TanhTransform */
export class TanhTransform extends Plain {
  override codomain: Constraint = interval(-1, 1);

  override _call(x: Tensor): Tensor {
    return x.tanh();
  }
  override _inverse(y: Tensor): Tensor {
    return y.atanh();
  }
  protected override logDet(x: Tensor): Tensor {
    return softplus(x.mul(-2)).neg().sub(x).add(Math.log(2)).mul(2);
  }
}

/** y = |x|, whose inverse is the input that is not negative. @see torch.distributions.transforms.AbsTransform */
export class AbsTransform extends Transform {
  override domain: Constraint = real;
  override codomain: Constraint = positive;

  override equals(other: unknown): boolean {
    return other instanceof AbsTransform;
  }
  override _call(x: Tensor): Tensor {
    return x.abs();
  }
  override _inverse(y: Tensor): Tensor {
    return y;
  }
}

const shapeOf = (value: Value): Shape => (typeof value === "number" ? [] : value.shape);

function checkValue(op: string, name: string, value: unknown): Value {
  if (typeof value === "number" || value instanceof Tensor) return value;
  throw new ArgumentError(`${op}: ${name} must be a number or a Tensor, got ${describe(value)}`);
}

const sameValue = (a: Value, b: Value): boolean => {
  if (typeof a === "number") return typeof b === "number" ? a === b : sameValue(b, a);
  return !!a.eq(b).all().item();
};

interface PowerArguments extends CacheSize {
  readonly exponent: Value;
}

/** y = x to the power of `exponent`. @see torch.distributions.transforms.PowerTransform */
export class PowerTransform extends Transform {
  override bijective = true;
  override sign: Value = 1;
  override domain: Constraint = positive;
  override codomain: Constraint = positive;
  readonly exponent: Tensor;

  constructor(...given: Arguments<"exponent; cacheSize", PowerArguments>) {
    const { exponent, cacheSize } = readArguments<PowerArguments>("PowerTransform", "exponent; cacheSize", given);
    super({ cacheSize });
    this.exponent = asTensors("PowerTransform", [exponent])[0]!;
  }

  override equals(other: unknown): boolean {
    return other instanceof PowerTransform && sameValue(this.exponent, other.exponent);
  }
  override _call(x: Tensor): Tensor {
    return x.pow(this.exponent);
  }
  override _inverse(y: Tensor): Tensor {
    return y.pow(this.exponent.reciprocal());
  }
  protected override logDet(x: Tensor, y: Tensor): Tensor {
    return this.exponent.mul(y).div(x).abs().log();
  }
  protected override shapeAfter(shape: Shape): Shape {
    return broadcastShapes("PowerTransform", shape, this.exponent.shape);
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}

interface AffineArguments extends CacheSize {
  readonly loc: Value;
  readonly scale: Value;
  /** How many of the last axes make up one event. Default: 0. */
  readonly eventDim?: number | undefined;
}

const affineSignature = "loc, scale; eventDim, cacheSize";

/** y = loc + scale · x. @see torch.distributions.transforms.AffineTransform */
export class AffineTransform extends Transform {
  override bijective = true;
  readonly loc: Value;
  readonly scale: Value;

  constructor(...given: Arguments<typeof affineSignature, AffineArguments>) {
    const op = "AffineTransform";
    const { loc, scale, eventDim = 0, cacheSize } = readArguments<AffineArguments>(op, affineSignature, given);
    super({ cacheSize });
    this.loc = checkValue(op, "loc", loc);
    this.scale = checkValue(op, "scale", scale);
    checkInteger(op, "eventDim", eventDim, 0);
    this.domain = eventDim === 0 ? real : independent(real, eventDim);
    this.codomain = this.domain;
    this.sign = typeof this.scale === "number" ? Math.sign(this.scale) : this.scale.sign();
  }

  override equals(other: unknown): boolean {
    return other instanceof AffineTransform && sameValue(this.loc, other.loc) && sameValue(this.scale, other.scale);
  }
  override _call(x: Tensor): Tensor {
    return x.mul(this.scale).add(this.loc);
  }
  override _inverse(y: Tensor): Tensor {
    return y.sub(this.loc).div(this.scale);
  }
  protected override logDet(x: Tensor): Tensor {
    const { scale, eventDim } = this;
    const each = typeof scale === "number" ? fullLike(x, Math.log(Math.abs(scale))) : scale.abs().log();
    if (eventDim === 0) return each.expand(x.shape);
    return each
      .reshape([...each.shape.slice(0, -eventDim), -1])
      .sum(-1)
      .expand(x.shape.slice(0, -eventDim));
  }
  protected override shapeAfter(shape: Shape): Shape {
    return broadcastShapes("AffineTransform", shape, shapeOf(this.loc), shapeOf(this.scale));
  }
  protected override shapeBefore(shape: Shape): Shape {
    return this.shapeAfter(shape);
  }
}
