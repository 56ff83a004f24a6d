/** Attention. */

import { assertNumber, checkFlag, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { DTypeError, ShapeError, ValueError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkSameDevice, checkTensor } from "../../ops/builders/checks";
import { canFuse, causalBias, forbid, fusedAttention } from "../../ops/layers/attention";
import { noiseOf } from "../../ops/layers/dropout";
import type { Tensor } from "../../tensor/tensor";
import { attend, attendInHeads, multiHead } from "./heads";

/** Options of {@link scaledDotProductAttention}. */
export interface AttentionOptions {
  /** Broadcasts to [*, L, S]. Boolean: true where attention is allowed; floating-point: added to the scores. */
  attnMask?: Tensor | null;
  /** The probability of dropout of the weights. Default: 0. */
  dropoutP?: number;
  /** Let no position see a later one. Default: false. */
  isCausal?: boolean;
  /** Default: 1 / √E. */
  scale?: number | null;
}

const opName = "scaledDotProductAttention";

/** Options that have been checked. */
interface Checked {
  readonly mask: Tensor | null;
  readonly p: number;
  readonly causal: boolean;
  readonly scale: number;
}

function checkAttention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Checked {
  const { attnMask = null, dropoutP = 0, isCausal = false, scale } = options;
  for (const [x, name] of [
    [query, "query"],
    [key, "key"],
    [value, "value"],
  ] as const)
    if (checkTensor(opName, x, name).ndim < 2)
      throw new ShapeError(`${opName}: ${name} needs at least 2 axes, got ${shapeText(x.shape)}`);
  if (attnMask !== null && checkTensor(opName, attnMask, "attnMask").dtype !== "bool" && !attnMask.isFloatingPoint())
    throw new DTypeError(`${opName}: attnMask has to be bool or floating-point, got ${attnMask.dtype}`);
  if (scale != null) checkNumber(opName, "scale", scale);
  assertNumber(opName, "dropoutP", dropoutP);
  if (!(dropoutP >= 0 && dropoutP <= 1))
    throw new ValueError(`${opName}: dropout probability has to be between 0 and 1, but got ${dropoutP}`);
  checkFlag(opName, "isCausal", isCausal);
  if (isCausal && attnMask !== null)
    throw new ValueError(`${opName}: an explicit attnMask should not be set when isCausal is true`);
  checkSameDevice(opName, query, key, value, attnMask);
  return { mask: attnMask, p: dropoutP, causal: isCausal, scale: scale ?? 1 / Math.sqrt(query.shape.at(-1)!) };
}

/** Attention in steps, with its weights. */
function composed(query: Tensor, key: Tensor, value: Tensor, { mask, p, causal, scale }: Checked): [Tensor, Tensor] {
  let bias = mask?.dtype === "bool" ? forbid(mask.logicalNot(), query) : mask;
  if (causal) bias = causalBias(query.shape.at(-2)!, key.shape.at(-2)!, query);
  return attend(query, key, value, bias, p, scale);
}

/** Whether the fused op takes operands of these shapes: equal leading axes, and a mask that broadcasts to the scores. */
function fits(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null): boolean {
  const lead = q.shape.slice(0, -2);
  const [l, e] = q.shape.slice(-2);
  const s = k.shape.at(-2);
  if (!sameShape(k.shape, [...lead, s!, e!]) || !sameShape(v.shape, [...lead, s!, v.shape.at(-1)!])) return false;
  const scores = [...lead, l!, s!].slice(-(mask?.ndim ?? 0));
  return mask === null || (mask.ndim <= q.ndim && mask.shape.every((size, i) => size === 1 || size === scores[i]));
}

/** Queries at most, and keys for each of them at least, of attention that products compute in less time than the fused op, which rearranges keys and values. */
const FEW_QUERIES = 4;
const MANY_KEYS = 8;

/** Whether products do better: few queries, as of a token that is generated from kept keys, where nothing is hidden and no operand has to be copied. */
function isBrief(q: Tensor, k: Tensor, v: Tensor, { mask, causal }: Checked): boolean {
  const queries = q.shape.at(-2)!;
  if (queries > FEW_QUERIES || k.shape.at(-2)! < MANY_KEYS * queries || mask !== null || causal) return false;
  const isOneBatch = q.shape.slice(0, -3).every((size) => size === 1);
  return q.isContiguous() && (isOneBatch || (k.isContiguous() && v.isContiguous()));
}

/** Leading axes as two: batches and heads. */
function asHeads(x: Tensor): Tensor {
  if (x.ndim === 4) return x;
  if (x.ndim < 4) return x.ndim === 3 ? x.unsqueeze(1) : x.unsqueeze(0).unsqueeze(0);
  return x.reshape([-1, 1, ...x.shape.slice(-2)]);
}

/** Attention as one op of the device. */
function fused(query: Tensor, key: Tensor, value: Tensor, { mask, p, causal, scale }: Checked): Tensor {
  const lead = query.shape.slice(0, -2);
  const scores = [...lead, query.shape.at(-2)!, key.shape.at(-2)!];
  const aligned = mask?.reshape([...scores.slice(mask.ndim).fill(1), ...mask.shape]);
  const bias = aligned && asHeads(lead.length > 2 ? aligned.expand(scores) : aligned);
  const noise = p > 0 ? noiseOf(opName, query, scores, p) : undefined;
  const terms = { bias, noise: noise && asHeads(noise), causal, scale };
  const y = fusedAttention(terms, asHeads(query), asHeads(key), asHeads(value));
  return lead.length === 2 ? y : y.reshape([...lead, ...y.shape.slice(-2)]);
}

/**
 * softmax(query · keyᵀ · scale + mask) · value. Shape: [*, L, E], [*, S, E], [*, S, V] → [*, L, V]; the axes of the result lie in memory in the order of
 * those of the query. The cpu device computes float32 without holding the scores, unless the mask requires grad or there are up to four queries; views cost no
 * copies, and keys that are masked for all queries of a block no time.
 * @throws ShapeError if the shapes do not fit. @throws DTypeError for a mask of whole numbers.
 * @throws ValueError for isCausal with a mask, or a probability that is not between 0 and 1.
 * @see torch.nn.functional.scaled_dot_product_attention; Vaswani et al., 2017
 */
export const scaledDotProductAttention = named(
  "scaledDotProductAttention",
  "query, key, value;; attnMask, dropoutP, isCausal, scale",
  (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor => {
    const checked = checkAttention(query, key, value, options);
    const { mask } = checked;
    const width = Math.max(query.shape.at(-1)!, value.shape.at(-1)!);
    const isFusible = canFuse([query, key, value], mask, width) && fits(query, key, value, mask);
    if (isFusible && !isBrief(query, key, value, checked)) return fused(query, key, value, checked);
    return composed(query, key, value, checked)[0];
  },
);

/**
 * {@link scaledDotProductAttention} with the weights, as PyTorch 1.13 has it.
 * @see torch.nn.functional._scaled_dot_product_attention
 */
export const _scaledDotProductAttention = named(
  "_scaledDotProductAttention",
  "query, key, value; attnMask, dropoutP, needAttnWeights, isCausal",
  (
    query: Tensor,
    key: Tensor,
    value: Tensor,
    options: Omit<AttentionOptions, "scale"> & { needAttnWeights?: boolean } = {},
  ): [output: Tensor, weights: Tensor] => {
    const { needAttnWeights, ...rest } = options;
    checkFlag("_scaledDotProductAttention", "needAttnWeights", needAttnWeights ?? false);
    return composed(query, key, value, checkAttention(query, key, value, rest));
  },
);

/** Arguments of {@link multiHeadAttentionForward} that may be missing. */
export interface MultiHeadOptions {
  /** Whether weights are dropped. Default: true. */
  training?: boolean;
  /** [N, S]; boolean: true for keys to ignore; floating-point: added to the scores. */
  keyPaddingMask?: Tensor | null;
  /** Give the weights too. Default: true. */
  needWeights?: boolean;
  /** [L, S] or [N · heads, L, S]; boolean: true where attention is forbidden; floating-point: added to the scores. */
  attnMask?: Tensor | null;
  /** Whether the projections of query, key and value come one by one. Default: false. */
  useSeparateProjWeight?: boolean;
  qProjWeight?: Tensor | null;
  kProjWeight?: Tensor | null;
  vProjWeight?: Tensor | null;
  /** Keys in place of the projected ones, [N · heads, S, E / heads]. */
  staticK?: Tensor | null;
  /** Values in place of the projected ones, [N · heads, S, E / heads]. */
  staticV?: Tensor | null;
  /** Give the mean over heads of the weights. Default: true. */
  averageAttnWeights?: boolean;
}

/** The projections of query, key and value. */
function projections(embed: number, together: Tensor | null, options: MultiHeadOptions): [Tensor, Tensor, Tensor] {
  if (!options.useSeparateProjWeight) {
    const weight = checkTensor(multiHead, together, "inProjWeight");
    if (weight.ndim !== 2 || weight.shape[0] !== 3 * embed || weight.shape[1] !== embed)
      throw new ShapeError(
        `${multiHead}: inProjWeight must have shape [${3 * embed}, ${embed}], got ${shapeText(weight.shape)}`,
      );
    return weight.chunk(3) as [Tensor, Tensor, Tensor];
  }
  return (["qProjWeight", "kProjWeight", "vProjWeight"] as const).map((name) => {
    const weight = checkTensor(multiHead, options[name], name);
    if (weight.ndim === 2 && weight.shape[0] === embed) return weight;
    throw new ShapeError(`${multiHead}: ${name} must have shape [${embed}, …], got ${shapeText(weight.shape)}`);
  }) as [Tensor, Tensor, Tensor];
}

function checkInputs(inputs: Readonly<Record<string, Tensor>>, embed: number, heads: number): void {
  for (const [name, x] of Object.entries(inputs))
    if (checkTensor(multiHead, x, name).ndim !== 3)
      throw new ShapeError(`${multiHead}: ${name} must have 3 axes [L, N, E], got shape ${shapeText(x.shape)}`);
  checkInteger(multiHead, "embedDimToCheck", embed, 1, MAX_COUNT);
  checkInteger(multiHead, "numHeads", heads, 1, MAX_COUNT);
  const { query } = inputs;
  if (query!.shape[2] !== embed)
    throw new ShapeError(`${multiHead}: was expecting embedding dimension of ${embed}, but got ${query!.shape[2]}`);
  if (embed % heads !== 0)
    throw new ShapeError(`${multiHead}: the ${embed} features of query are not divisible by ${heads} heads`);
}

/**
 * Attention in several heads. Shape: query [L, N, E], key [S, N, …], value [S, N, …]; gives [L, N, E] and the weights
 * [N, L, S], or [N, heads, L, S] without averaging.
 * @see torch.nn.functional.multi_head_attention_forward
 */
export const multiHeadAttentionForward = named(
  multiHead,
  "query, key, value, embedDimToCheck, numHeads, inProjWeight, inProjBias, biasK, biasV, addZeroAttn, dropoutP, outProjWeight, outProjBias; training, keyPaddingMask, needWeights, attnMask, useSeparateProjWeight, qProjWeight, kProjWeight, vProjWeight, staticK, staticV, averageAttnWeights",
  (
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embedDimToCheck: number,
    numHeads: number,
    inProjWeight: Tensor | null,
    inProjBias: Tensor | null,
    biasK: Tensor | null,
    biasV: Tensor | null,
    addZeroAttn: boolean,
    dropoutP: number,
    outProjWeight: Tensor,
    outProjBias: Tensor | null,
    options: MultiHeadOptions = {},
  ): [output: Tensor, weights: Tensor | null] => {
    checkInputs({ query, key, value }, embedDimToCheck, numHeads);
    const { training = true, needWeights = true, averageAttnWeights = true, useSeparateProjWeight = false } = options;
    const { keyPaddingMask = null, attnMask = null, staticK = null, staticV = null } = options;
    const tensors = { inProjBias, biasK, biasV, outProjBias, keyPaddingMask, attnMask, staticK, staticV };
    for (const [name, x] of Object.entries(tensors)) if (x !== null) checkTensor(multiHead, x, name);
    for (const [name, flag] of Object.entries({ addZeroAttn, needWeights, averageAttnWeights, useSeparateProjWeight }))
      checkFlag(multiHead, name, flag);
    if (inProjBias !== null && (inProjBias.ndim !== 1 || inProjBias.shape[0] !== 3 * embedDimToCheck))
      throw new ShapeError(
        `${multiHead}: inProjBias must have shape [${3 * embedDimToCheck}], got ${shapeText(inProjBias.shape)}`,
      );
    const p = checkNumber(multiHead, "dropoutP", dropoutP);
    return attendInHeads(query, key, value, {
      numHeads,
      inWeight: useSeparateProjWeight ? null : inProjWeight,
      inWeights: projections(embedDimToCheck, inProjWeight, options),
      inBias: inProjBias,
      biasK,
      biasV,
      addZeroAttn,
      dropoutP: training ? p : 0,
      outWeight: checkTensor(multiHead, outProjWeight, "outProjWeight"),
      outBias: outProjBias,
      attnMask,
      keyPaddingMask,
      needWeights,
      averageAttnWeights,
      staticK,
      staticV,
    });
  },
);
