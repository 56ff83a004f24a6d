/** Whether elements occur in a set, classes as vectors, and rows of a table by index. */

import { noGrad } from "../../autograd/mode";
import { record } from "../../autograd/node";
import { checkInteger, checkNumber } from "../../core/arguments";
import { ArgumentError, DTypeError, ValueError } from "../../core/errors";
import { checkShape } from "../../core/shape";
import { named } from "../../core/signature";
import { allocate, filled, full } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { checkAll, checkSameDevice, checkTensor } from "../builders/checks";
import { checkedIndex, checkIndexType } from "./indexChecks";

/** Comparisons held at once by {@link isin}. */
const BLOCK = 1 << 22;

/** Options of {@link isin}. */
export interface IsinOptions {
  /** A promise that neither side has duplicates; PyTorch uses it to be faster. */
  assumeUnique?: boolean;
  /** Tell elements that do not occur. Default: false. */
  invert?: boolean;
}

const asTensor = (x: Tensor | number, like: Tensor | number): Tensor =>
  x instanceof Tensor ? x : full([], x, like instanceof Tensor ? { device: like.device } : {});

/** Whether each element occurs in `testElements`. Shape: that of `elements`; one of both may be a number. @see torch.isin */
export const isin = named(
  "isin",
  "elements, testElements;; assumeUnique, invert",
  (elements: Tensor | number, testElements: Tensor | number, options: IsinOptions = {}): Tensor => {
    if (!(elements instanceof Tensor) && !(testElements instanceof Tensor))
      throw new ArgumentError("isin: at least one argument must be a Tensor");
    const [x, set] = [asTensor(elements, testElements).detach(), asTensor(testElements, elements).detach().reshape(-1)];
    checkSameDevice("isin", x, set);
    const column = x.unsqueeze(-1);
    const step = Math.max(1, Math.floor(BLOCK / Math.max(1, x.numel())));
    let found = filled(allocate(x.shape, "bool", x), 0);
    for (let i = 0; i < set.numel(); i += step) found = found.logicalOr(column.eq(set.slice(0, i, i + step)).any(-1));
    return options.invert ? found.logicalNot() : found;
  },
);

/** Whole numbers as rows of zeros with a one. Shape: [*] → [*, numClasses]; by default one more class than the largest. */
export const oneHot = named("oneHot", "input, numClasses?", (x: Tensor, numClasses = -1): Tensor => {
  checkTensor("oneHot", x);
  if (x.dtype !== "int64")
    throw new DTypeError(
      `oneHot: is only applicable to index tensor of type int64, got ${x.dtype}; cast it with x.long()`,
    );
  if (x.numel() === 0 && numClasses <= 0)
    throw new ValueError("oneHot: Can not infer total number of classes from empty tensor.");
  const classes = checkInteger("oneHot", "numClasses", numClasses === -1 ? Number(x.max().item()) + 1 : numClasses);
  if (classes < 1)
    throw new ValueError(
      numClasses === -1 ? "oneHot: Class values must be non-negative." : "oneHot: num_classes should be positive",
    );
  const shape = [...x.shape, classes];
  checkShape("oneHot", shape);
  checkAll("oneHot", x.ge(0), "Class values must be non-negative.");
  checkAll("oneHot", x.lt(classes), `Class values must be smaller than num_classes, ${classes}.`);
  const y = filled(allocate(shape, "int64", x), 0);
  return y.scatter(-1, x.unsqueeze(-1), 1);
});

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** A row that is never trained. */
  paddingIdx?: number | null;
  /** Rows that are used and longer than this are shortened to it, in place. */
  maxNorm?: number | null;
  /** The p of that norm. Default: 2. */
  normType?: number;
  /** Divide gradients by how often a row was used. Default: false. */
  scaleGradByFreq?: boolean;
  /** Accepted for PyTorch's sake: gradients are dense. */
  sparse?: boolean;
}

/** Shortens the rows of `weight` that `index` names to a norm of at most `maxNorm`, in place. @see torch.embedding_renorm_ */
function renormalize(weight: Tensor, index: Tensor, maxNorm: number, p: number): void {
  noGrad(() => {
    // A row that is named twice is written twice, with the same values.
    const used = index.detach().reshape(-1).long();
    const rows = weight.detach().indexSelect(0, used);
    const norms = Number.isFinite(p)
      ? rows
          .abs()
          .pow(p)
          .sum(1, { keepdim: true })
          .pow(1 / p)
      : rows.abs().amax(1, { keepdim: true });
    const scale = norms.add(1e-7).reciprocal().mul(maxNorm).maskedFill(norms.le(maxNorm), 1);
    weight.detach().indexCopy_(0, used, rows.mul(scale));
  });
}

/**
 * The rows of `weight` that `input` names. Shape: [*] of int64 or int32 and [n, d] → [*, d].
 * @see torch.nn.functional.embedding
 * @throws IndexError for an index that is negative or beyond the rows.
 */
export const embedding = named(
  "embedding",
  "input, weight; paddingIdx, maxNorm, normType, scaleGradByFreq, sparse",
  (input: Tensor, weight: Tensor, options: EmbeddingOptions = {}): Tensor => {
    checkTensor("embedding", input);
    checkTensor("embedding", weight, "weight");
    checkIndexType("embedding", input, weight);
    const [n, d] = weight.ndim === 2 ? weight.shape : [0, 0];
    if (weight.ndim !== 2) throw new ArgumentError(`embedding: 'weight' must be 2-D, got ${weight.ndim}-D`);
    const at = checkedIndex("embedding", input, n, 0).reshape(-1);
    const { paddingIdx, scaleGradByFreq = false } = options;
    if (paddingIdx != null) checkInteger("embedding", "paddingIdx", paddingIdx);
    const maxNorm = options.maxNorm == null ? null : checkNumber("embedding", "maxNorm", options.maxNorm);
    const normType = checkNumber("embedding", "normType", options.normType ?? 2);
    if (typeof paddingIdx === "number" && (paddingIdx < -n || paddingIdx >= n))
      throw new ValueError(`embedding: padding_idx must be within the ${n} rows of weight, got ${paddingIdx}`);
    const padding = typeof paddingIdx === "number" ? (paddingIdx + n) % n : -1;
    if (maxNorm !== null) renormalize(weight, at, maxNorm, normType);
    const y = weight
      .detach()
      .indexSelect(0, at)
      .reshape([...input.shape, d]);
    return record(
      "EmbeddingBackward0",
      y,
      [weight],
      [at],
      [(g, [i]) => embeddingBackward(g.reshape(-1, d), i!, n, padding, scaleGradByFreq)],
    );
  },
);

/** The gradient of {@link embedding}: rows added up where they were taken, but for the padding. */
function embeddingBackward(g: Tensor, at: Tensor, n: number, padding: number, scaleGradByFreq: boolean): Tensor {
  let rows = padding < 0 ? g : g.maskedFill(at.eq(padding).unsqueeze(1), 0);
  if (scaleGradByFreq) {
    const ones = filled(allocate(at.shape, g.dtype, g), 1);
    const counts = ones.newZeros([n]).indexAdd(0, at, ones);
    rows = rows.div(counts.indexSelect(0, at).unsqueeze(1));
  }
  return rows.newZeros([n, g.shape[1]!]).indexAdd(0, at, rows);
}
