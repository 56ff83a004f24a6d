/** The base of all distributions. */
import { enableGrad, noGrad } from "../autograd/scopes";
import { checkFlag, checkIntegers, MAX_COUNT } from "../core/arguments";
import { ArgumentError, describe, KindlingError, ValueError } from "../core/errors";
import { float, text } from "../core/repr";
import { type Shape, sameShape } from "../core/shape";
import { isOptions, readOptions } from "../nn/options";
import { Tensor } from "../tensor/tensor";
import { readOne, readShape, type ValidateArgs, type Value } from "./arguments";
import { type Constraint, isDependent } from "./constraints";
import { asTensors } from "./utils";

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
    const given = { batchShape: [], eventShape, validateArgs };
    const all = isOptions(batchShape)
      ? readOptions<DistributionArguments>("Distribution", given, [batchShape])
      : { ...given, batchShape };
    this.batchShape = checkIntegers("Distribution", "batchShape", all.batchShape, 0, MAX_COUNT);
    this.eventShape = checkIntegers("Distribution", "eventShape", all.eventShape, 0, MAX_COUNT);
    this.validateArgs = all.validateArgs ?? undefined;
    if (this.validateArgs !== undefined) checkFlag(this.name, "validateArgs", this.validateArgs);
    Object.assign(this, fields);
    if (this.validates) this.checkParameters();
  }

  /** @internal The name of the class. */
  protected get name(): string {
    return this.constructor.name;
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
  sample(sampleShape: Shape | { readonly sampleShape?: Shape } = []): Tensor {
    const shape = readShape("sample", "sampleShape", sampleShape);
    return noGrad(() => this.drawSample(this.extendedShape(shape), shape));
  }

  /** Samples through which gradients flow to the parameters. @see torch.distributions.distribution.Distribution.rsample */
  rsample(sampleShape: Shape | { readonly sampleShape?: Shape } = []): Tensor {
    const shape = readShape("rsample", "sampleShape", sampleShape);
    return this.drawReparameterized(this.extendedShape(shape), shape);
  }

  /** The logarithm of the probability, or of its density, at `value`. @see torch.distributions.distribution.Distribution.log_prob */
  logProb(value: Value | { readonly value: Value }): Tensor {
    return this.logDensity(this.checkValue("logProb", value));
  }

  /** The probability of values up to `value`. @see torch.distributions.distribution.Distribution.cdf */
  cdf(value: Value | { readonly value: Value }): Tensor {
    return this.cumulative(this.checkValue("cdf", value));
  }

  /** The value up to which the probability is `value`. @see torch.distributions.distribution.Distribution.icdf */
  icdf(value: Value | { readonly value: Value }): Tensor {
    return this.quantile(this.toTensor("icdf", readOne("icdf", "value", value)));
  }

  /**
   * All values that a discrete distribution can have, along a new first axis.
   * @param expand Whether they are repeated for each distribution of the batch. Default: true.
   * @see torch.distributions.distribution.Distribution.enumerate_support
   */
  enumerateSupport(expand: boolean | { readonly expand?: boolean } = true): Tensor {
    const repeats = checkFlag("enumerateSupport", "expand", readOne("enumerateSupport", "expand", expand) ?? true);
    const values = this.enumerate();
    if (!repeats) return values;
    return values.expand([values.shape[0]!, ...this.batchShape, ...this.eventShape]);
  }

  /** The entropy. @see torch.distributions.distribution.Distribution.entropy */
  entropy(): Tensor {
    return this.missing("entropy");
  }

  /** The exponential of the entropy. @see torch.distributions.distribution.Distribution.perplexity */
  perplexity(): Tensor {
    return this.entropy().exp();
  }

  /**
   * The same distribution for a larger batch: its parameters are views, nothing is checked anew.
   * @see torch.distributions.distribution.Distribution.expand
   */
  expand(batchShape: Shape | { readonly batchShape: Shape }): this {
    const shape = readShape("expand", "batchShape", batchShape);
    const copy = Object.create(Object.getPrototypeOf(this));
    return Object.assign(copy, this, { batchShape: shape, computed: {} }, this.expandFields(shape));
  }

  /** @internal The fields that change with the shape of the batch: the parameters that are there. */
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
  protected checkValue(op: string, given: unknown): Tensor {
    const value = readOne(op, "value", given);
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
  protected validateSample(op: string, value: Tensor): void {
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
    if (!support.check(value).all().item())
      throw new ValueError(
        `${op}: Expected value argument (Tensor of shape ${text([...shape])}) to be within the support (${support}) ` +
          `of the distribution ${this}, but found invalid values:\n${value}`,
      );
  }

  /** Whether a parameter was given, or was asked for before. */
  private isKnown(name: string): boolean {
    return Object.hasOwn(this, name) || name in this.computed;
  }

  private checkParameters(): void {
    for (const [name, constraint] of Object.entries(this.argConstraints)) {
      if (isDependent(constraint) || (name in this.type.lazy && !this.isKnown(name))) continue;
      const value = (this as Record<string, unknown>)[name];
      if (value instanceof Tensor && !constraint.check(value).all().item())
        throw new ValueError(
          `${this.name}: Expected parameter ${name} (Tensor of shape ${text([...value.shape])}) of distribution ${this} ` +
            `to satisfy the constraint ${constraint}, but found invalid values:\n${value}`,
        );
    }
  }

  /** The class and its parameters, as PyTorch prints them. */
  toString(): string {
    const shown = Object.keys(this.argConstraints)
      .filter((name) => this.isKnown(name))
      .map((name) => `${name}: ${parameterText((this as Record<string, unknown>)[name])}`);
    return `${this.name}(${shown.join(", ")})`;
  }
}

const sizeText = (shape: Shape): string => `torch.Size([${shape.join(", ")}])`;

function parameterText(value: unknown): string {
  if (!(value instanceof Tensor)) return String(value);
  if (value.numel() !== 1) return sizeText(value.shape);
  if (value.ndim > 0) return String(value);
  return value.isFloatingPoint() ? float(value.item()) : String(value.item());
}

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
        this.computed[name] = enableGrad(() => rule(this));
        return this.computed[name];
      },
      set(this: D, value: Tensor): void {
        Object.defineProperty(this, name, { value, enumerable: true, writable: true, configurable: true });
      },
    });
  const owner = type as unknown as typeof Distribution;
  Object.assign(owner, { lazy: { ...owner.lazy, ...own } });
}
