/** Transforms that lead from all numbers to the values that a constraint allows. @see torch.distributions.constraint_registry */
import { checkFunction, checkString } from "../../core/arguments";
import { ArgumentError, describe, KindlingError } from "../../core/errors";
import { Callable } from "../../nn/module/callable";
import { ComposeTransform, IndependentTransform, identityTransform, type Transform } from "../transforms/transform";
import { type Arguments, readArguments, type Value } from "./arguments";
import * as constraints from "./constraints";
import { AffineTransform, ExpTransform, SigmoidTransform } from "./elementwise";
import {
  CatTransform,
  CorrCholeskyTransform,
  LowerCholeskyTransform,
  SoftmaxTransform,
  StackTransform,
  StickBreakingTransform,
} from "./shaped";

type Constraint = constraints.Constraint;

/** Makes the transform for a constraint of the class that it is registered for. */
export type TransformFactory = (constraint: any) => Transform;

/** A constraint, its class, or a function that makes such constraints (`constraints.interval`). */
export type ConstraintKind = Constraint | { readonly prototype: Constraint };

const isConstraint = (x: unknown): x is object => x instanceof constraints.Constraint;

/** A registry is called with a constraint. */
export interface ConstraintRegistry {
  // biome-ignore lint/style/useShorthandFunctionType: only an interface merges with a class.
  (...given: Arguments<"constraint", { constraint: Constraint }>): Transform;
}

/**
 * Links classes of constraints to transforms.
 * @see torch.distributions.constraint_registry.ConstraintRegistry
 * @example const scale = torch.distributions.transformTo(Normal.argConstraints.scale)(unconstrained);
 */
export class ConstraintRegistry extends Callable {
  /** What makes transforms, by the prototype of the class of constraints, which the functions that make constraints have as well. */
  readonly #factories = new Map<object, TransformFactory>();
  readonly #op: string;

  /** @param op What errors call it. */
  constructor(op = "ConstraintRegistry") {
    super();
    this.#op = checkString("ConstraintRegistry", "op", op);
  }

  /**
   * Registers a factory for a class of constraints, given by itself or by one of its constraints; without a factory it returns a function that
   * takes one.
   */
  register(constraint: ConstraintKind, factory: TransformFactory): TransformFactory;
  register(constraint: ConstraintKind): (factory: TransformFactory) => TransformFactory;
  register(...given: unknown[]): TransformFactory | ((factory: TransformFactory) => TransformFactory) {
    const { constraint, factory } = readArguments<{ constraint: any; factory?: TransformFactory }>(
      "register",
      "constraint; factory",
      given,
    );
    if (factory === undefined) return (later: TransformFactory) => this.register(constraint, later);
    const prototype: unknown = isConstraint(constraint) ? Object.getPrototypeOf(constraint) : constraint?.prototype;
    if (!isConstraint(prototype) && prototype !== constraints.Constraint.prototype)
      throw new ArgumentError(
        `register: Expected constraint to be either a Constraint subclass or instance, but got ${describe(constraint)}`,
      );
    checkFunction("register", "factory", factory);
    this.#factories.set(prototype as object, factory);
    return factory;
  }

  /** @internal */
  protected override invoke(given: unknown[]): Transform {
    const { constraint } = readArguments<{ constraint: unknown }>(this.#op, "constraint", given);
    if (!isConstraint(constraint))
      throw new ArgumentError(`${this.#op}: takes a constraint, got ${describe(constraint)}`);
    const factory = this.#factories.get(Object.getPrototypeOf(constraint));
    if (factory === undefined) throw new KindlingError(`${this.#op}: Cannot transform ${constraint} constraints`);
    return factory(constraint);
  }
}

/**
 * A bijection from all numbers to the values that a constraint allows.
 * @see torch.distributions.constraint_registry.biject_to
 * @example const sample = torch.distributions.bijectTo(distribution.support)(unconstrained);
 */
export const bijectTo: ConstraintRegistry = new ConstraintRegistry("bijectTo");

/**
 * A transform from all numbers to the values that a constraint allows, not always a bijection but good to optimize through.
 * @see torch.distributions.constraint_registry.transform_to
 */
export const transformTo: ConstraintRegistry = new ConstraintRegistry("transformTo");

const minus = (a: Value, b: Value): Value => {
  if (typeof a !== "number") return a.sub(b);
  return typeof b === "number" ? a - b : b.neg().add(a);
};

const affine = (first: Transform, loc: Value, scale: Value): Transform =>
  new ComposeTransform([first, new AffineTransform(loc, scale)]);

for (const registry of [bijectTo, transformTo]) {
  const on = (kinds: readonly ConstraintKind[], factory: TransformFactory): void => {
    for (const kind of kinds) registry.register(kind, factory);
  };
  const { greaterThan, greaterThanEq, lessThan, interval, halfOpenInterval } = constraints;
  on([constraints.real], () => identityTransform);
  on(
    [constraints.independent],
    ({ baseConstraint, reinterpretedBatchNdims }) =>
      new IndependentTransform(registry(baseConstraint), reinterpretedBatchNdims),
  );
  // `positive` is of the class of `greaterThan`, whose factory PyTorch registers later.
  on([greaterThan, greaterThanEq], ({ lowerBound }) => affine(new ExpTransform(), lowerBound, 1));
  on([lessThan], ({ upperBound }) => affine(new ExpTransform(), upperBound, -1));
  on([interval, halfOpenInterval], ({ lowerBound, upperBound }) =>
    lowerBound === 0 && upperBound === 1
      ? new SigmoidTransform()
      : affine(new SigmoidTransform(), lowerBound, minus(upperBound, lowerBound)),
  );
  on([constraints.corrCholesky], () => new CorrCholeskyTransform());
  on(
    [constraints.cat],
    ({ cseq, dim, lengths }) =>
      new CatTransform(
        cseq.map((part: Constraint) => registry(part)),
        dim,
        lengths,
      ),
  );
  on(
    [constraints.stack],
    ({ cseq, dim }) =>
      new StackTransform(
        cseq.map((part: Constraint) => registry(part)),
        dim,
      ),
  );
}
bijectTo.register(constraints.simplex, () => new StickBreakingTransform());
transformTo.register(constraints.simplex, () => new SoftmaxTransform());
transformTo.register(constraints.lowerCholesky, () => new LowerCholeskyTransform());
