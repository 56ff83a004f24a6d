/** The base of all distributions. */

import { enableGrad, noGrad } from "../../autograd/scopes";
import { explainAbsent } from "../../core/absent";
import { checkFlag } from "../../core/arguments";
import { isPlainObject } from "../../core/binding";
import { classNameOf } from "../../core/className";
import { ArgumentError, describe, KindlingError, ValueError } from "../../core/errors";
import { text } from "../../core/repr";
import { type Shape, sameShape } from "../../core/shape";
import { named, within } from "../../core/signature";
import { snakeCase } from "../../core/snakeCase";
import { demand } from "../../ops/builders/checks";
import { Tensor } from "../../tensor/tensor";
import { type Arguments, checkSizes, readArguments, type ValidateArgs, type Value } from "./arguments";
import { type Constraint, isDependent } from "./constraints";
import { asTensors, valueText } from "./utils";

interface SampleShape {
  readonly sampleShape?: Shape;
}

/** Arguments of {@link Distribution}. */
export interface DistributionArguments extends ValidateArgs {
  /** The shape of the parameters. Default: []. */
  readonly batchShape?: Shape;
  /** The shape of one sample. Default: []. */
  readonly eventShape?: Shape;
}

type Rule = (distribution: any) => Tensor;

let validatesByDefault = true;

/**
 * The base class of probability distributions. Its methods check their arguments and leave the formulas to the protected methods of the
 * families (`logDensity`, `drawReparameterized`, …). A family of one's own may as well override `logProb`, `rsample`, … themselves.
 * @see torch.distributions.Distribution
 */
export class Distribution {
  /** What the parameters have to satisfy, by name. */
  static readonly argConstraints: Readonly<Record<string, Constraint>> = {};
  /** Where the samples lie; a dependent constraint if that depends on the parameters. */
  static readonly support: Constraint | undefined = undefined;
  /** Whether `rsample` is there. */
  static readonly hasRsample: boolean = false;
  /** Whether `enumerateSupport` is there. */
  static readonly hasEnumerateSupport: boolean = false;
  /** @internal Parameters that follow from others, computed when they are asked for. */
  static readonly lazy: Readonly<Record<string, Rule>> = {};

  /** @internal The methods with arguments, as functions of the distribution. Errors within speak of the method that was called. */
  private static readonly calls = {
    sample: named("sample", "self, sampleShape?", (self: Distribution, sampleShape?: unknown) => {
      const shape = checkSizes("sample", "sampleShape", sampleShape);
      return noGrad(() => self.drawSample(self.extendedShape(shape), shape));
    }),
    rsample: named("rsample", "self, sampleShape?", (self: Distribution, sampleShape?: unknown) => {
      const shape = checkSizes("rsample", "sampleShape", sampleShape);
      return self.drawReparameterized(self.extendedShape(shape), shape);
    }),
    logProb: named("logProb", "self, value", (self: Distribution, value: unknown) =>
      self.logDensity(self.checkValue("logProb", value)),
    ),
    cdf: named("cdf", "self, value", (self: Distribution, value: unknown) =>
      self.cumulative(self.checkValue("cdf", value)),
    ),
    icdf: named("icdf", "self, value", (self: Distribution, value: unknown) =>
      self.quantile(self.toTensor("icdf", value)),
    ),
    enumerateSupport: named("enumerateSupport", "self, expand?", (self: Distribution, expand: unknown = true) => {
      const isRepeated = checkFlag("enumerateSupport", "expand", expand);
      const values = self.enumerate();
      return isRepeated ? values.expand([values.shape[0]!, ...self.batchShape, ...self.eventShape]) : values;
    }),
    perplexity: named("perplexity", "self", (self: Distribution) => self.entropy().exp()),
    expand: named("expand", "self, batchShape", (self: Distribution, sizes: unknown) => {
      const batchShape = checkSizes("expand", "batchShape", sizes);
      const copy = Object.create(Object.getPrototypeOf(self));
      return Object.assign(copy, self, { batchShape, computed: {} }, self.expandFields(batchShape));
    }),
  };

  /** The shape of the parameters. */
  readonly batchShape: Shape;
  /** The shape of one sample of one distribution of the batch. */
  readonly eventShape: Shape;
  /** @internal The lazy parameters that were asked for. */
  readonly computed: Record<string, Tensor> = {};
  /** @internal */
  readonly validateArgs: boolean | undefined;

  /**
   * Whether distributions check their parameters, and the values given to them, unless their argument `validateArgs` says otherwise.
   * Default: true.
   */
  static setDefaultValidateArgs(value: boolean): void {
    validatesByDefault = checkFlag("setDefaultValidateArgs", "value", value);
  }

  /** @param fields What subclasses keep in fields; those named in `argConstraints` are checked. */
  constructor(
    batchShape: Shape | DistributionArguments = [],
    eventShape: Shape = [],
    validateArgs?: boolean,
    fields: object = {},
  ) {
    const given = isPlainObject(batchShape) ? [batchShape] : [batchShape, eventShape, validateArgs];
    const all = readArguments<DistributionArguments>(this.name, "; batchShape, eventShape, validateArgs", given);
    this.batchShape = checkSizes(this.name, "batchShape", all.batchShape);
    this.eventShape = checkSizes(this.name, "eventShape", all.eventShape);
    this.validateArgs = all.validateArgs;
    if (this.validateArgs !== undefined) checkFlag(this.name, "validateArgs", this.validateArgs);
    if (!isPlainObject(fields))
      throw new ArgumentError(`${this.name}: fields must be an object, got ${describe(fields)}`);
    Object.assign(this, fields);
    if (this.validates) this.checkParameters();
  }

  /** @internal The name of the class. */
  protected get name(): string {
    return classNameOf(this);
  }

  /** @internal */
  protected get type(): typeof Distribution {
    return this.constructor as typeof Distribution;
  }

  /** @internal Whether arguments are checked. */
  protected get validates(): boolean {
    return this.validateArgs ?? validatesByDefault;
  }

  /** What the parameters have to satisfy, by name. @see torch.distributions.distribution.Distribution.arg_constraints */
  get argConstraints(): Readonly<Record<string, Constraint>> {
    return this.type.argConstraints;
  }

  /** Where the samples lie. @see torch.distributions.distribution.Distribution.support */
  get support(): Constraint {
    return this.type.support ?? this.missing("support");
  }

  /** Whether `rsample` is there. */
  get hasRsample(): boolean {
    return this.type.hasRsample;
  }

  /** Whether `enumerateSupport` is there. */
  get hasEnumerateSupport(): boolean {
    return this.type.hasEnumerateSupport;
  }

  /** The mean. @see torch.distributions.distribution.Distribution.mean */
  get mean(): Tensor {
    return this.missing("mean");
  }

  /** The most probable value. @see torch.distributions.distribution.Distribution.mode */
  get mode(): Tensor {
    return this.missing("mode");
  }

  /** The variance. @see torch.distributions.distribution.Distribution.variance */
  get variance(): Tensor {
    return this.missing("variance");
  }

  /** The standard deviation. @see torch.distributions.distribution.Distribution.stddev */
  get stddev(): Tensor {
    return this.variance.sqrt();
  }

  /** Samples of shape `sampleShape + batchShape + eventShape`, without gradients. @see torch.distributions.distribution.Distribution.sample */
  sample(...given: Arguments<"; sampleShape", SampleShape>): Tensor {
    return Distribution.calls.sample.method.apply(this, given) as Tensor;
  }

  /** Samples through which gradients flow to the parameters. @see torch.distributions.distribution.Distribution.rsample */
  rsample(...given: Arguments<"; sampleShape", SampleShape>): Tensor {
    return Distribution.calls.rsample.method.apply(this, given) as Tensor;
  }

  /** The logarithm of the probability, or of its density, at `value`. @see torch.distributions.distribution.Distribution.log_prob */
  logProb(...given: Arguments<"value", { value: Value }>): Tensor {
    return Distribution.calls.logProb.method.apply(this, given) as Tensor;
  }

  /** The probability of values up to `value`. @see torch.distributions.distribution.Distribution.cdf */
  cdf(...given: Arguments<"value", { value: Value }>): Tensor {
    return Distribution.calls.cdf.method.apply(this, given) as Tensor;
  }

  /** The value up to which the probability is `value`. @see torch.distributions.distribution.Distribution.icdf */
  icdf(...given: Arguments<"value", { value: Value }>): Tensor {
    return Distribution.calls.icdf.method.apply(this, given) as Tensor;
  }

  /**
   * All values that a discrete distribution can have, along a new first axis; with `expand: false` not repeated for each distribution of the batch.
   * @see torch.distributions.distribution.Distribution.enumerate_support
   */
  enumerateSupport(...given: Arguments<"; expand", { expand?: boolean }>): Tensor {
    return Distribution.calls.enumerateSupport.method.apply(this, given) as Tensor;
  }

  /** The entropy. @see torch.distributions.distribution.Distribution.entropy */
  entropy(): Tensor {
    return this.missing("entropy");
  }

  /** The exponential of the entropy. @see torch.distributions.distribution.Distribution.perplexity */
  perplexity(): Tensor {
    return Distribution.calls.perplexity.method.call(this) as Tensor;
  }

  /**
   * The same distribution for a larger batch: its parameters are views, nothing is checked anew.
   * @see torch.distributions.distribution.Distribution.expand
   */
  expand(...given: Arguments<"batchShape", { batchShape: Shape }>): this {
    return Distribution.calls.expand.method.apply(this, given) as this;
  }

  /** The fields that change with the shape of the batch: the parameters that are there. */
  protected expandFields(batchShape: Shape): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const [name, constraint] of Object.entries(this.argConstraints)) {
      const value = (this as Record<string, unknown>)[this.isKnown(name) ? name : ""];
      if (value instanceof Tensor)
        fields[name] = value.expand([...batchShape, ...value.shape.slice(value.ndim - constraint.eventDim)]);
    }
    return fields;
  }

  /** @internal Draws samples of the extended shape, where nothing is recorded. */
  protected drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    return this.rsample(sampleShape);
  }

  /** @internal Draws samples of the extended shape with gradients. */
  protected drawReparameterized(_shape: Shape, _sampleShape: Shape): Tensor {
    return this.missing("rsample");
  }

  /** @internal `logProb` of a value that was checked. */
  protected logDensity(_value: Tensor): Tensor {
    return this.missing("logProb");
  }

  /** @internal `cdf` of a value that was checked. */
  protected cumulative(_value: Tensor): Tensor {
    return this.missing("cdf");
  }

  /** @internal `icdf` of a tensor. */
  protected quantile(_value: Tensor): Tensor {
    return this.missing("icdf");
  }

  /** @internal The values of the support along the first axis, for a batch of sizes 1. */
  protected enumerate(): Tensor {
    return this.missing("enumerateSupport");
  }

  /** @internal */
  protected missing(what: string): never {
    throw new KindlingError(`${what}: ${this.name} does not implement it`);
  }

  /** @internal */
  protected extendedShape(sampleShape: Shape = []): Shape {
    return [...sampleShape, ...this.batchShape, ...this.eventShape];
  }

  /** @internal A number is a tensor of the dtype of the parameters. */
  protected toTensor(op: string, value: unknown): Tensor {
    if (value instanceof Tensor) return value;
    const like = Object.values(this).find((field) => field instanceof Tensor);
    return asTensors(op, [value, ...(like === undefined ? [] : [like])])[0]!;
  }

  /** @internal The value argument of `op`, as a tensor that is checked where checks are on. */
  protected checkValue(op: string, value: unknown): Tensor {
    if (!this.validatesFor(op)) return this.toTensor(op, value);
    if (!(value instanceof Tensor))
      throw new ArgumentError(`${op}: The value argument to ${op} must be a Tensor, got ${describe(value)}`);
    this.validateSample(op, value);
    return value;
  }

  /** @internal Whether `op` checks its value; some leave it to other distributions. */
  protected validatesFor(_op: string): boolean {
    return this.validates;
  }

  /** @internal @throws ValueError unless the value fits the shapes and lies in the support. */
  validateSample(op: string, value: Tensor): void {
    const { eventShape, batchShape } = this;
    const { shape } = value;
    if (!sameShape(shape.slice(Math.max(0, shape.length - eventShape.length)), eventShape))
      throw new ValueError(
        `${op}: The right-most size of value must match eventShape: ${sizeText(shape)} vs ${sizeText(eventShape)}.`,
      );
    const expected = [...batchShape, ...eventShape];
    for (let i = 1; i <= Math.min(shape.length, expected.length); i++) {
      const [a, b] = [shape.at(-i), expected.at(-i)];
      if (a !== 1 && b !== 1 && a !== b)
        throw new ValueError(
          `${op}: Value is not broadcastable with batchShape+eventShape: ${sizeText(shape)} vs ${sizeText(expected)}.`,
        );
    }
    const { support } = this;
    const error = () =>
      new ValueError(
        `${op}: Expected value argument (Tensor of shape ${text([...shape])}) to be within the support (${support}) ` +
          `of the distribution ${this}, but found invalid values:\n${value}`,
      );
    demand(support.check(value), error);
  }

  /** Whether a parameter was given, or was asked for before. */
  private isKnown(name: string): boolean {
    return Object.hasOwn(this, name) || name in this.computed;
  }

  /** @internal */
  protected checkParameters(): void {
    for (const [name, constraint] of Object.entries(this.argConstraints)) {
      if (isDependent(constraint) || (name in this.type.lazy && !this.isKnown(name))) continue;
      const value = (this as Record<string, unknown>)[name];
      if (!(value instanceof Tensor)) continue;
      const error = () =>
        new ValueError(
          `${this.name}: Expected parameter ${name} (Tensor of shape ${text([...value.shape])}) of distribution ${this} ` +
            `to satisfy the constraint ${constraint}, but found invalid values:\n${value}`,
        );
      demand(constraint.check(value), error);
    }
  }

  /** The class and its parameters, as PyTorch prints them. */
  toString(): string {
    const shown = Object.keys(this.argConstraints)
      .filter((name) => this.isKnown(name))
      .map((name) => `${snakeCase(name)}: ${parameterText((this as Record<string, unknown>)[name])}`);
    return `${this.name}(${shown.join(", ")})`;
  }
}

/** A distribution. @throws ArgumentError for anything else. */
export function checkDistribution(op: string, name: string, value: unknown): Distribution {
  if (value instanceof Distribution) return value;
  throw new ArgumentError(`${op}: ${name} must be a Distribution, got ${describe(value)}`);
}

const sizeText = (shape: Shape): string => `torch.Size([${shape.join(", ")}])`;

function parameterText(value: unknown): string {
  if (!(value instanceof Tensor)) return String(value);
  if (value.numel() !== 1 || !value.storage.backend.readsAtOnce) return sizeText(value.shape);
  return valueText(value);
}

explainAbsent(Distribution.prototype, "Distribution", { fields: ["batchShape", "eventShape"] });

/**
 * Declares parameters that follow from others: computed when they are asked for, unless they were given, and computed again where a scope has
 * given their memory back.
 */
export function lazyParameters<D extends Distribution>(
  type: { readonly prototype: D },
  own: Readonly<Record<string, (distribution: D) => Tensor>>,
): void {
  for (const [name, rule] of Object.entries(own))
    Object.defineProperty(type.prototype, name, {
      configurable: true,
      get(this: D): Tensor {
        const known = this.computed[name];
        if (known?.isAlive) return known;
        this.computed[name] = within(classNameOf(this), () => enableGrad(() => rule(this)));
        return this.computed[name];
      },
      set(this: D, value: Tensor): void {
        Object.defineProperty(this, name, { value, enumerable: true, writable: true, configurable: true });
      },
    });
  const owner = type as unknown as typeof Distribution;
  Object.assign(owner, { lazy: { ...owner.lazy, ...own } });
}
