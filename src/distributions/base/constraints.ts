/** Sets of values that parameters and samples lie in; longer than other files, since it is the public namespace as it stands. @see torch.distributions.constraints */

import { checkArray, checkInteger } from "../../core/arguments";
import { classNameOf } from "../../core/className";
import { ArgumentError, checkOptions, describe, IndexError, KindlingError, ValueError } from "../../core/errors";
import { finfo } from "../../core/limits";
import { float } from "../../core/repr";
import { named } from "../../core/signature";
import { holds } from "../../ops/builders/checks";
import { isclose } from "../../ops/elementwise/compare";
import { choleskyEx } from "../../ops/linalg/decompositions";
import { eigvalsh } from "../../ops/linalg/spectra";
import { vectorNorm } from "../../ops/reduce/moments";
import { cat as catTensors, stack as stackTensors } from "../../ops/shape/join";
import { full } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor, readArguments, type Value } from "./arguments";
import { valueText } from "./utils";

/**
 * A set of values. Subclasses say in `check` which values lie in it.
 * @see torch.distributions.constraints.Constraint
 */
export class Constraint {
  /** Whether the set is discrete. */
  get isDiscrete(): boolean {
    return false;
  }

  /** How many of the last axes make up one event. */
  get eventDim(): number {
    return 0;
  }

  /** Which events of `value` lie in the set, as booleans without the axes of the event. */
  check(_value: Tensor): Tensor {
    throw new KindlingError(`check: ${classNameOf(this)} does not implement it`);
  }

  toString(): string {
    return `${classNameOf(this)}()`;
  }
}

type Check<P> = (value: Tensor, parameters: P) => Tensor;

/** What a constraint is, but for its parameters. */
interface Kind<P> {
  readonly name: string;
  readonly check: Check<P>;
  readonly eventDim?: number;
  readonly isDiscrete?: boolean;
}

/** Errors within speak of the check. */
const checkOf = named(
  "check",
  "self, value",
  (self: { test(value: Tensor): Tensor }, value: unknown): Tensor => self.test(checkTensor("check", "value", value)),
);

/** One class for each call, so that the registries tell constraints apart. */
function classOf<P extends object>({ name, check, eventDim = 0, isDiscrete = false }: Kind<P>) {
  return class extends Constraint {
    constructor(readonly parameters: P) {
      super();
      Object.assign(this, parameters);
    }
    override get isDiscrete(): boolean {
      return isDiscrete;
    }
    override get eventDim(): number {
      return eventDim;
    }
    override check(value: Tensor): Tensor {
      return checkOf.method.call(this, value) as Tensor;
    }
    /** @internal */
    test(value: Tensor): Tensor {
      return check(value, this.parameters);
    }
    override toString(): string {
      const show = (bound: unknown) => (typeof bound === "number" && !isDiscrete ? float(bound) : valueText(bound));
      const bounds = Object.entries(this.parameters).map(
        ([key, bound]) => `${key.replace("Bound", "_bound")}=${show(bound)}`,
      );
      return `${name}(${bounds.join(", ")})`;
    }
  };
}

/** A constraint without parameters. */
const one = (name: string, check: Check<object>, eventDim = 0, isDiscrete = false): Constraint =>
  new (classOf({ name, check, eventDim, isDiscrete }))({});

/** Makes constraints: a function that `instanceof` and the registries take for the class. */
export type Maker<A extends unknown[], C> = ((...args: A) => C) & { readonly prototype: C };

function maker<A extends unknown[], C extends object>(type: { prototype: C }, make: (...args: A) => C): Maker<A, C> {
  const result = (...args: A): C => make(...args);
  result.prototype = type.prototype;
  return result as Maker<A, C>;
}

/** A lower bound. */
export interface Lower {
  readonly lowerBound: Value;
}
/** An upper bound. */
export interface Upper {
  readonly upperBound: Value;
}
type Bounded<P> = Constraint & P;
type Two = [lowerBound: Value, upperBound: Value] | [Lower & Upper];

/** A family of constraints with bounds. */
function bounded<P extends object, A extends unknown[]>(op: string, signature: string, kind: Kind<P>) {
  const Type = classOf(kind);
  return maker<A, Bounded<P>>(
    Type as unknown as { prototype: Bounded<P> },
    (...args) => new Type(readArguments<P>(op, signature, args)) as unknown as Bounded<P>,
  );
}

const isInteger = (x: Tensor): Tensor => x.remainder(1).eq(0);
const isBoolean = (x: Tensor): Tensor => x.eq(0).logicalOr(x.eq(1));

/** A set that depends on other values, so that nothing can be said of it without them. */
class Dependent extends Constraint {
  constructor(private readonly known: { isDiscrete?: boolean | undefined; eventDim?: number | undefined } = {}) {
    super();
  }
  private tell<T>(name: string, value: T | undefined): T {
    if (value === undefined) throw new KindlingError(`${name}: cannot be determined statically`);
    return value;
  }
  override get isDiscrete(): boolean {
    return this.tell("isDiscrete", this.known?.isDiscrete);
  }
  override get eventDim(): number {
    return this.tell("eventDim", this.known?.eventDim);
  }
  override check(_value: Tensor): Tensor {
    throw new ValueError("check: cannot determine validity of dependent constraint");
  }
  override toString(): string {
    return "Dependent()";
  }
}

/**
 * A set that depends on other parameters; called with what is known of it, it gives another such constraint.
 * @see torch.distributions.constraints.dependent
 * @example constraints.dependent({ isDiscrete: true, eventDim: 1 })
 */
export const dependent: Constraint & ((known?: { isDiscrete?: boolean; eventDim?: number }) => Constraint) =
  Object.setPrototypeOf((known: { isDiscrete?: boolean; eventDim?: number } = {}) => {
    checkOptions("dependent", known, ["isDiscrete", "eventDim"]);
    return new Dependent(known);
  }, Dependent.prototype);

/** Whether a constraint depends on other values. @see torch.distributions.constraints.is_dependent */
export const isDependent = (constraint: unknown): boolean => constraint instanceof Dependent;

function checkConstraint(op: string, value: unknown): Constraint {
  if (value instanceof Constraint) return value;
  throw new ArgumentError(`${op}: takes constraints, got ${describe(value)}`);
}

const checkConstraints = (op: string, values: unknown): Constraint[] =>
  checkArray(op, "cseq", values, "constraints").map((value) => checkConstraint(op, value));

class IndependentConstraint extends Constraint {
  constructor(
    readonly baseConstraint: Constraint,
    readonly reinterpretedBatchNdims: number,
  ) {
    super();
  }
  override get isDiscrete(): boolean {
    return this.baseConstraint.isDiscrete;
  }
  override get eventDim(): number {
    return this.baseConstraint.eventDim + this.reinterpretedBatchNdims;
  }
  override check(value: Tensor): Tensor {
    const result = this.baseConstraint.check(value);
    const rest = result.ndim - this.reinterpretedBatchNdims;
    if (rest < 0) throw new ValueError(`check: Expected value.dim() >= ${this.eventDim} but got ${value.ndim}`);
    return result.reshape([...result.shape.slice(0, rest), -1]).all(-1);
  }
  override toString(): string {
    return `IndependentConstraint(${this.baseConstraint}, ${this.reinterpretedBatchNdims})`;
  }
}

/** A constraint on whole events of more axes: they lie in the set if all of their entries do. @see torch.distributions.constraints.independent */
export const independent: Maker<
  | [baseConstraint: Constraint, reinterpretedBatchNdims: number]
  | [{ baseConstraint: Constraint; reinterpretedBatchNdims: number }],
  Constraint & { readonly baseConstraint: Constraint; readonly reinterpretedBatchNdims: number }
> = maker(IndependentConstraint, (...args) => {
  const { baseConstraint, reinterpretedBatchNdims } = readArguments<{
    baseConstraint: unknown;
    reinterpretedBatchNdims: unknown;
  }>("independent", "baseConstraint, reinterpretedBatchNdims", args);
  return new IndependentConstraint(
    checkConstraint("independent", baseConstraint),
    checkInteger("independent", "reinterpretedBatchNdims", reinterpretedBatchNdims, 0),
  );
});

/** 0 and 1. @see torch.distributions.constraints.boolean */
export const boolean: Constraint = one("Boolean", isBoolean, 0, true);
/** Vectors of one 1 and zeros. @see torch.distributions.constraints.one_hot */
export const oneHot: Constraint = one("OneHot", (x) => isBoolean(x).all(-1).logicalAnd(x.sum(-1).eq(1)), 1, true);
const integersFrom = bounded<Lower, [lowerBound: number]>("integers", "lowerBound", {
  name: "IntegerGreaterThan",
  check: (x, { lowerBound }) => isInteger(x).logicalAnd(x.ge(lowerBound)),
  isDiscrete: true,
});
/** 0, 1, 2, … @see torch.distributions.constraints.nonnegative_integer */
export const nonnegativeInteger: Constraint = integersFrom(0);
/** 1, 2, 3, … @see torch.distributions.constraints.positive_integer */
export const positiveInteger: Constraint = integersFrom(1);
/** Integers from `lowerBound` to `upperBound`. @see torch.distributions.constraints.integer_interval */
export const integerInterval: Maker<Two, Bounded<Lower & Upper>> = bounded<Lower & Upper, Two>(
  "integerInterval",
  "lowerBound, upperBound",
  {
    name: "IntegerInterval",
    check: (x, { lowerBound, upperBound }) => isInteger(x).logicalAnd(x.ge(lowerBound)).logicalAnd(x.le(upperBound)),
    isDiscrete: true,
  },
);
/** All numbers but NaN. @see torch.distributions.constraints.real */
export const real: Constraint = one("Real", (x) => x.eq(x));
/** Vectors of numbers. @see torch.distributions.constraints.real_vector */
export const realVector: Constraint = new IndependentConstraint(real, 1);
/** Numbers above `lowerBound`. @see torch.distributions.constraints.greater_than */
export const greaterThan: Maker<[lowerBound: Value] | [Lower], Bounded<Lower>> = bounded("greaterThan", "lowerBound", {
  name: "GreaterThan",
  check: (x, { lowerBound }) => x.gt(lowerBound),
});
/** Numbers from `lowerBound` on. @see torch.distributions.constraints.greater_than_eq */
export const greaterThanEq: Maker<[lowerBound: Value] | [Lower], Bounded<Lower>> = bounded(
  "greaterThanEq",
  "lowerBound",
  { name: "GreaterThanEq", check: (x, { lowerBound }) => x.ge(lowerBound) },
);
/** Numbers below `upperBound`. @see torch.distributions.constraints.less_than */
export const lessThan: Maker<[upperBound: Value] | [Upper], Bounded<Upper>> = bounded("lessThan", "upperBound", {
  name: "LessThan",
  check: (x, { upperBound }) => x.lt(upperBound),
});
/** Positive numbers. @see torch.distributions.constraints.positive */
export const positive: Constraint = greaterThan(0);
/** Numbers that are not negative. */
export const nonnegative: Constraint = greaterThanEq(0);
/** Numbers from `lowerBound` to `upperBound`. @see torch.distributions.constraints.interval */
export const interval: Maker<Two, Bounded<Lower & Upper>> = bounded<Lower & Upper, Two>(
  "interval",
  "lowerBound, upperBound",
  {
    name: "Interval",
    check: (x, { lowerBound, upperBound }) => x.ge(lowerBound).logicalAnd(x.le(upperBound)),
  },
);
/** Numbers from `lowerBound` to below `upperBound`. @see torch.distributions.constraints.half_open_interval */
export const halfOpenInterval: Maker<Two, Bounded<Lower & Upper>> = bounded<Lower & Upper, Two>(
  "halfOpenInterval",
  "lowerBound, upperBound",
  {
    name: "HalfOpenInterval",
    check: (x, { lowerBound, upperBound }) => x.ge(lowerBound).logicalAnd(x.lt(upperBound)),
  },
);
/** Numbers from 0 to 1. @see torch.distributions.constraints.unit_interval */
export const unitInterval: Constraint = interval(0, 1);
/** Vectors of numbers that are not negative and sum to 1. @see torch.distributions.constraints.simplex */
export const simplex: Constraint = one(
  "Simplex",
  (x) => x.ge(0).all(-1).logicalAnd(x.sum(-1).sub(1).abs().lt(1e-6)),
  1,
);
/** Vectors of counts whose sum is at most `upperBound`. @see torch.distributions.constraints.multinomial */
export const multinomial: Maker<[upperBound: Value] | [Upper], Bounded<Upper>> = bounded("multinomial", "upperBound", {
  name: "Multinomial",
  check: (x, { upperBound }) => x.ge(0).all(-1).logicalAnd(x.sum(-1).le(upperBound)),
  eventDim: 1,
  isDiscrete: true,
});

const allOfMatrix = (x: Tensor): Tensor => x.flatten(-2).all(-1);
const isLower = (x: Tensor): Tensor => allOfMatrix(x.tril().eq(x));
const isLowerCholesky = (x: Tensor): Tensor => isLower(x).logicalAnd(x.diagonal({ dim1: -2, dim2: -1 }).gt(0).all(-1));
const isSquare = (x: Tensor): boolean => x.shape.at(-1) === x.shape.at(-2);
const unlessSquare = (rule: (x: Tensor) => Tensor) => (x: Tensor) =>
  isSquare(x) ? rule(x) : full(x.shape.slice(0, -2), false, { device: x.device });
const isSymmetric = (x: Tensor): Tensor => allOfMatrix(isclose(x, x.transpose(-2, -1), { atol: 1e-6 }));
/** The further rule is asked only where all are symmetric. */
const ifSymmetric = (rule: (x: Tensor) => Tensor) =>
  unlessSquare((x) => {
    const symmetric = isSymmetric(x);
    return holds(symmetric) ? rule(x) : symmetric;
  });

/** Lower triangular matrices. @see torch.distributions.constraints.lower_triangular */
export const lowerTriangular: Constraint = one("LowerTriangular", isLower, 2);
/** Lower triangular matrices with a positive diagonal. @see torch.distributions.constraints.lower_cholesky */
export const lowerCholesky: Constraint = one("LowerCholesky", isLowerCholesky, 2);
/** Cholesky factors of correlation matrices: their rows have the length 1. @see torch.distributions.constraints.corr_cholesky */
export const corrCholesky: Constraint = one(
  "CorrCholesky",
  (x) => {
    const tolerance = finfo(x.dtype).eps * x.shape.at(-1)! * 10;
    const isUnit = vectorNorm(x.detach(), 2, -1).sub(1).abs().le(tolerance).all(-1);
    return isLowerCholesky(x).logicalAnd(isUnit);
  },
  2,
);
/** Square matrices. @see torch.distributions.constraints.square */
export const square: Constraint = one(
  "Square",
  (x) => full(x.shape.slice(0, -2), isSquare(x), { device: x.device }),
  2,
);
/** Symmetric matrices. @see torch.distributions.constraints.symmetric */
export const symmetric: Constraint = one("Symmetric", unlessSquare(isSymmetric), 2);
/** Symmetric matrices without negative eigenvalues. @see torch.distributions.constraints.positive_semidefinite */
export const positiveSemidefinite: Constraint = one(
  "PositiveSemidefinite",
  ifSymmetric((x) => eigvalsh(x).ge(0).all(-1)),
  2,
);
/** Symmetric matrices with positive eigenvalues. @see torch.distributions.constraints.positive_definite */
export const positiveDefinite: Constraint = one(
  "PositiveDefinite",
  ifSymmetric((x) => choleskyEx(x).info.eq(0)),
  2,
);

/** Constraints side by side along an axis. */
abstract class Sequence extends Constraint {
  constructor(
    readonly op: string,
    readonly cseq: readonly Constraint[],
    readonly dim: number,
  ) {
    super();
  }
  override get isDiscrete(): boolean {
    return this.cseq.some((constraint) => constraint.isDiscrete);
  }
  override get eventDim(): number {
    return Math.max(...this.cseq.map((constraint) => constraint.eventDim));
  }
  protected checkDim(value: Tensor): void {
    checkTensor("check", "value", value);
    if (this.dim < -value.ndim || this.dim >= value.ndim)
      throw new IndexError(`${this.op}: dim ${this.dim} is out of range for a value of ${value.ndim} axes`);
  }
}

class Cat extends Sequence {
  constructor(
    cseq: readonly Constraint[],
    dim: number,
    readonly lengths: readonly number[],
  ) {
    super("cat", cseq, dim);
  }
  override check(value: Tensor): Tensor {
    this.checkDim(value);
    let start = 0;
    const checks = this.cseq.map((constraint, i) => {
      const length = this.lengths[i]!;
      start += length;
      return constraint.check(value.narrow(this.dim, start - length, length));
    });
    return catTensors(checks, this.dim);
  }
  override toString(): string {
    return "Cat()";
  }
}

class Stack extends Sequence {
  constructor(cseq: readonly Constraint[], dim: number) {
    super("stack", cseq, dim);
  }
  override get eventDim(): number {
    const dim = super.eventDim;
    return this.dim + dim < 0 ? dim + 1 : dim;
  }
  override check(value: Tensor): Tensor {
    this.checkDim(value);
    return stackTensors(
      this.cseq.map((constraint, i) => constraint.check(value.select(this.dim, i))),
      this.dim,
    );
  }
  override toString(): string {
    return "Stack()";
  }
}

/** The arguments of {@link cat}. */
export interface CatArguments {
  readonly cseq: readonly Constraint[];
  /** The axis. Default: 0. */
  readonly dim?: number | undefined;
  /** The sizes of the parts along the axis. Default: 1 each. */
  readonly lengths?: readonly number[] | undefined;
}

/** Constraints for the parts of a tensor along an axis. @see torch.distributions.constraints.cat */
export const cat: Maker<
  [cseq: readonly Constraint[], dim?: number, lengths?: readonly number[]] | [CatArguments],
  Constraint & Required<CatArguments>
> = maker(Cat as unknown as { prototype: Constraint & Required<CatArguments> }, (...args) => {
  const { cseq, dim = 0, lengths } = readArguments<CatArguments>("cat", "cseq; dim, lengths", args);
  const parts = checkConstraints("cat", cseq);
  if (lengths !== undefined && lengths.length !== parts.length)
    throw new ValueError(`cat: ${parts.length} constraints take as many lengths, got ${describe(lengths)}`);
  return new Cat(parts, checkInteger("cat", "dim", dim), lengths ?? parts.map(() => 1)) as any;
});

/** Constraints for the slices of a tensor along an axis. @see torch.distributions.constraints.stack */
export const stack: Maker<
  [cseq: readonly Constraint[], dim?: number] | [Omit<CatArguments, "lengths">],
  Constraint & { readonly cseq: readonly Constraint[]; readonly dim: number }
> = maker(Stack, (...args) => {
  const { cseq, dim = 0 } = readArguments<CatArguments>("stack", "cseq; dim", args);
  return new Stack(checkConstraints("stack", cseq), checkInteger("stack", "dim", dim));
});
