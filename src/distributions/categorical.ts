/** The distribution of one of several classes, as an index or as a one-hot vector. */
import { nameOf } from "../core/className";
import { ValueError } from "../core/errors";
import { finfo } from "../core/limits";
import { type Shape, sizeOfShape } from "../core/shape";
import { arange, eye } from "../ops/creation/ranges";
import { oneHot } from "../ops/indexing/membership";
import { multinomial } from "../ops/random/fill";
import { broadcastTensors } from "../ops/shape/view";
import { full } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import { type Arguments, checkTensor, readArguments, type ValidateArgs } from "./base/arguments";
import { givenOf } from "./base/binary";
import {
  type Constraint,
  dependent,
  integerInterval,
  oneHot as oneHotVectors,
  realVector,
  simplex,
} from "./base/constraints";
import { Distribution, lazyParameters } from "./base/distribution";
import { readEither } from "./base/either";
import { logitsToProbs, probsToLogits } from "./base/utils";

/** Arguments of {@link Categorical} and {@link OneHotCategorical}: either the one or the other. */
export interface CategoricalArguments extends ValidateArgs {
  /** The probabilities of the classes along the last axis, which are divided by their sum. */
  readonly probs?: Tensor | undefined;
  /** The logarithms of the probabilities, up to a constant. */
  readonly logits?: Tensor | undefined;
}

const signature = "; probs, logits, validateArgs";
const parameters: Readonly<Record<string, Constraint>> = { probs: simplex, logits: realVector };

/** The parameter that was given, with its name. */
export function checkParameter(op: string, given: CategoricalArguments): ["probs" | "logits", Tensor] {
  const [name, value] = readEither(op, given.probs, given.logits);
  if (checkTensor(op, name, value).ndim < 1)
    throw new ValueError(`${op}: \`${name}\` parameter must be at least one-dimensional.`);
  return [name, value];
}

/** Divided by the sum of the probabilities. */
const normalized = (name: "probs" | "logits", value: Tensor): Tensor =>
  name === "probs" ? value.div(value.sum(-1, { keepdim: true })) : value.sub(value.logsumexp(-1, { keepdim: true }));

/**
 * The distribution of an index 0 … K − 1, where K is the size of the last axis of the parameter.
 * @see torch.distributions.Categorical
 * @example new torch.distributions.Categorical({ logits: torch.zeros(4) }).sample()
 */
export class Categorical extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = parameters;
  static override readonly support: Constraint = dependent({ isDiscrete: true, eventDim: 0 });
  static override readonly hasEnumerateSupport = true;
  /** The probabilities of the classes. */
  declare readonly probs: Tensor;
  /** Their logarithms. */
  declare readonly logits: Tensor;

  static {
    lazyParameters(Categorical, {
      logits: ({ probs }) => probsToLogits(probs),
      probs: ({ logits }) => logitsToProbs(logits),
    });
  }

  constructor(...given: Arguments<typeof signature, CategoricalArguments>) {
    const values = readArguments<CategoricalArguments>("Categorical", signature, given);
    const [name, value] = checkParameter("Categorical", values);
    super(value.shape.slice(0, -1), [], values.validateArgs, { [name]: normalized(name, value) });
  }

  /** The shape of the parameter. */
  get paramShape(): Shape {
    return givenOf(this).shape;
  }

  /** @internal The number of classes. */
  get count(): number {
    return this.paramShape.at(-1)!;
  }

  override get support(): Constraint {
    return integerInterval(0, this.count - 1);
  }

  override get mean(): Tensor {
    return full(this.extendedShape(), Number.NaN, { dtype: this.probs.dtype, device: this.probs.device });
  }

  override get mode(): Tensor {
    return this.probs.argmax(-1);
  }

  override get variance(): Tensor {
    return this.mean;
  }

  protected override drawSample(shape: Shape, sampleShape: Shape): Tensor {
    const rows = this.probs.reshape([-1, this.count]);
    return multinomial(rows, sizeOfShape(sampleShape), { replacement: true }).t().reshape(shape);
  }

  protected override logDensity(value: Tensor): Tensor {
    const [index, logits] = broadcastTensors(value.long().unsqueeze(-1), this.logits) as [Tensor, Tensor];
    return logits.gather(-1, index.narrow(-1, 0, 1)).squeeze(-1);
  }

  override entropy(): Tensor {
    const logits = this.logits.clamp(finfo(this.logits.dtype).min);
    return logits.mul(this.probs).sum(-1).neg();
  }

  protected override enumerate(): Tensor {
    return arange(this.count, { device: this.probs.device }).reshape([-1, ...this.batchShape.map(() => 1)]);
  }
}

/**
 * The distribution of a vector that is 1 for one class and 0 for all others.
 * @see torch.distributions.OneHotCategorical
 */
export class OneHotCategorical extends Distribution {
  static override readonly argConstraints: Readonly<Record<string, Constraint>> = parameters;
  static override readonly support: Constraint = oneHotVectors;
  static override readonly hasEnumerateSupport = true;
  /** @internal The distribution of the class. */
  declare readonly categorical: Categorical;

  constructor(...given: Arguments<typeof signature, CategoricalArguments>) {
    const { validateArgs, ...values } = readArguments<CategoricalArguments>(nameOf(new.target), signature, given);
    checkParameter(nameOf(new.target), values);
    const categorical = new Categorical(values);
    super(categorical.batchShape, [categorical.count], validateArgs, { categorical });
  }

  protected override expandFields(batchShape: Shape): Record<string, unknown> {
    return { categorical: this.categorical.expand(batchShape) };
  }

  /** The probabilities of the classes. */
  get probs(): Tensor {
    return this.categorical.probs;
  }

  /** Their logarithms. */
  get logits(): Tensor {
    return this.categorical.logits;
  }

  /** The shape of the parameter. */
  get paramShape(): Shape {
    return this.categorical.paramShape;
  }

  override get mean(): Tensor {
    return this.probs;
  }

  override get mode(): Tensor {
    return this.vectors(this.categorical.mode);
  }

  override get variance(): Tensor {
    return this.probs.mul(this.probs.neg().add(1));
  }

  private vectors(indices: Tensor): Tensor {
    return oneHot(indices, this.categorical.count).to(this.probs.dtype);
  }

  protected override drawSample(_shape: Shape, sampleShape: Shape): Tensor {
    return this.vectors(this.categorical.sample(sampleShape));
  }

  protected override logDensity(value: Tensor): Tensor {
    return this.categorical.logProb(value.argmax(-1));
  }

  override entropy(): Tensor {
    return this.categorical.entropy();
  }

  protected override enumerate(): Tensor {
    const n = this.categorical.count;
    return eye(n, { dtype: this.probs.dtype, device: this.probs.device }).reshape([
      n,
      ...this.batchShape.map(() => 1),
      n,
    ]);
  }
}

/**
 * One-hot vectors whose gradient is passed on to the probabilities as it is.
 * @see torch.distributions.OneHotCategoricalStraightThrough
 * @see Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation (Bengio et al., 2013)
 */
export class OneHotCategoricalStraightThrough extends OneHotCategorical {
  static override readonly hasRsample = true;

  protected override drawReparameterized(_shape: Shape, sampleShape: Shape): Tensor {
    return this.sample(sampleShape).add(this.probs.sub(this.probs.detach()));
  }
}
