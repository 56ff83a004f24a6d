/** Attention. */

import { checkArray, checkInteger, checkNumber, MAX_COUNT } from "../../core/arguments";
import { ArgumentError, checkOptions, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import { named } from "../../core/signature";
import { checkTensor } from "../../ops/checks";
import { dropout } from "../../ops/dropout";
import { cat } from "../../ops/join";
import { linear } from "../../ops/matmul";
import { constantPadNd } from "../../ops/pad";
import { full, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** softmax(q kᵀ · scale + bias) v, and the softmax itself before dropout is undone by averaging. */
function attend(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  bias: Tensor | null,
  p: number,
  scale: number,
): [output: Tensor, weights: Tensor] {
  const scores = q.mul(scale).matmul(k.transpose(-2, -1));
  const weights = (bias === null ? scores : scores.add(bias)).softmax(-1);
  const kept = p > 0 ? dropout(weights, { p }) : weights;
  return [kept.matmul(v), kept];
}

/** −∞ where a boolean mask is true, else 0. */
const forbid = (mask: Tensor, like: Tensor): Tensor =>
  zeros([...mask.shape], { dtype: like.dtype, device: like.device }).maskedFill(mask, Number.NEGATIVE_INFINITY);

/** −∞ above the diagonal: no position sees a later one. */
const causalBias = (rows: number, columns: number, like: Tensor): Tensor =>
  full([rows, columns], Number.NEGATIVE_INFINITY, { dtype: like.dtype, device: like.device }).triu(1);

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

function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
): [output: Tensor, weights: Tensor] {
  const op = "scaledDotProductAttention";
  checkOptions(op, options, ["attnMask", "dropoutP", "isCausal", "scale"]);
  const { attnMask = null, dropoutP = 0, isCausal = false, scale } = options;
  for (const [x, name] of [
    [query, "query"],
    [key, "key"],
    [value, "value"],
  ] as const)
    if (checkTensor(op, x, name).ndim < 2)
      throw new ShapeError(`${op}: ${name} needs at least 2 axes, got ${shapeText(x.shape)}`);
  if (isCausal && attnMask !== null)
    throw new ValueError(`${op}: an explicit attnMask should not be set when isCausal is true`);
  let bias = attnMask?.dtype === "bool" ? forbid(attnMask.logicalNot(), query) : attnMask;
  if (isCausal) bias = causalBias(query.shape.at(-2)!, key.shape.at(-2)!, query);
  return attend(query, key, value, bias, dropoutP, scale ?? 1 / Math.sqrt(query.shape.at(-1)!));
}

/**
 * softmax(query · keyᵀ · scale + mask) · value. Shape: [*, L, E], [*, S, E], [*, S, V] → [*, L, V].
 * @see torch.nn.functional.scaled_dot_product_attention; Vaswani et al., 2017
 */
export const scaledDotProductAttention = named(
  "scaledDotProductAttention",
  "query, key, value;; attnMask, dropoutP, isCausal, scale",
  (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor =>
    attention(query, key, value, options)[0],
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
    const { needAttnWeights: _, ...rest } = options;
    return attention(query, key, value, rest);
  },
);

/** Weights and switches of {@link multiHeadAttentionForward}. */
export interface MultiHeadSettings {
  readonly numHeads: number;
  /** The projections of query, key and value, each [E, …]. */
  readonly inWeights: readonly [q: Tensor, k: Tensor, v: Tensor];
  /** Their biases together, [3E]. */
  readonly inBias: Tensor | null;
  /** An extra key and value, [1, 1, E]. */
  readonly biasK: Tensor | null;
  readonly biasV: Tensor | null;
  readonly addZeroAttn: boolean;
  readonly dropoutP: number;
  readonly outWeight: Tensor;
  readonly outBias: Tensor | null;
  /** [L, S] or [N · heads, L, S]; boolean: true where attention is forbidden; floating-point: added to the scores. */
  readonly attnMask: Tensor | null;
  /** [N, S]; boolean: true for keys to ignore; floating-point: added to the scores. */
  readonly keyPaddingMask: Tensor | null;
  readonly needWeights: boolean;
  readonly averageAttnWeights: boolean;
}

const additive = (mask: Tensor | null, like: Tensor): Tensor | null =>
  mask?.dtype === "bool" ? forbid(mask, like) : mask;

/** What is added to the scores [N · heads, L, S], from both masks. */
function scoreBias(s: MultiHeadSettings, like: Tensor, n: number, length: number, extra: number): Tensor | null {
  const { numHeads } = s;
  let attn = additive(s.attnMask, like);
  let padding = additive(s.keyPaddingMask, like);
  if (attn !== null && attn.ndim === 3 && attn.shape[0] !== n * numHeads)
    throw new ShapeError(
      `The shape of the 3D attn_mask is ${shapeText(attn.shape)}, but should be [${n * numHeads}, ${length}, ${like.shape[0]}].`,
    );
  if (padding !== null && padding.shape[0] !== n)
    throw new ShapeError(
      `expecting key_padding_mask shape of [${n}, ${like.shape[0]}], but got ${shapeText(padding.shape)}`,
    );
  // Extra keys are never masked.
  if (extra > 0)
    [attn, padding] = [attn, padding].map((mask) => mask && constantPadNd(mask, [0, extra])) as [
      typeof attn,
      typeof padding,
    ];
  if (padding === null) return attn;
  const perHead = padding
    .reshape(n, 1, 1, -1)
    .expand(-1, numHeads, -1, -1)
    .reshape(n * numHeads, 1, -1);
  return attn === null ? perHead : perHead.add(attn);
}

const settingNames: readonly (keyof MultiHeadSettings)[] = [
  "numHeads",
  "inWeights",
  "inBias",
  "biasK",
  "biasV",
  "addZeroAttn",
  "dropoutP",
  "outWeight",
  "outBias",
  "attnMask",
  "keyPaddingMask",
  "needWeights",
  "averageAttnWeights",
];

function checkSettings(query: Tensor, key: Tensor, value: Tensor, s: MultiHeadSettings): void {
  const op = "multiHeadAttentionForward";
  checkOptions(op, s, settingNames);
  for (const [name, x] of Object.entries({ query, key, value }))
    if (checkTensor(op, x, name).ndim !== 3)
      throw new ShapeError(`${op}: ${name} must have 3 axes [L, N, E], got shape ${shapeText(x.shape)}`);
  for (const [i, weight] of checkArray(op, "inWeights", s.inWeights, "3 tensors").entries())
    checkTensor(op, weight, `inWeights[${i}]`);
  if (s.inWeights.length !== 3) throw new ArgumentError(`${op}: inWeights takes 3 tensors, got ${s.inWeights.length}`);
  checkTensor(op, s.outWeight, "outWeight");
  for (const name of ["inBias", "biasK", "biasV", "outBias", "attnMask", "keyPaddingMask"] as const)
    if (s[name] !== null) checkTensor(op, s[name], name);
  checkInteger(op, "numHeads", s.numHeads, 1, MAX_COUNT);
  checkNumber(op, "dropoutP", s.dropoutP);
  const embed = query.shape[2]!;
  if (embed % s.numHeads !== 0)
    throw new ShapeError(`${op}: the ${embed} features of query are not divisible by ${s.numHeads} heads`);
  if (s.inBias !== null && (s.inBias.ndim !== 1 || s.inBias.shape[0] !== 3 * embed))
    throw new ShapeError(`${op}: inBias must have shape [${3 * embed}], got ${shapeText(s.inBias.shape)}`);
}

/** Projections of query, key and value to E features. */
function projectInputs(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { inWeights, inBias }: MultiHeadSettings,
): [Tensor, Tensor, Tensor] {
  const biases = inBias === null ? [null, null, null] : inBias.chunk(3);
  return [query, key, value].map((x, i) => linear(x, inWeights[i]!, biases[i]!)) as [Tensor, Tensor, Tensor];
}

/**
 * Attention in several heads. Shape: query [L, N, E], key [S, N, …], value [S, N, …]; gives [L, N, E] and the weights
 * [N, L, S], or [N, heads, L, S] without averaging.
 * @see torch.nn.functional.multi_head_attention_forward
 */
export function multiHeadAttentionForward(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  settings: MultiHeadSettings,
): [output: Tensor, weights: Tensor | null] {
  checkSettings(query, key, value, settings);
  const { numHeads, biasK, biasV, addZeroAttn, dropoutP } = settings;
  const [length, n, embed] = query.shape;
  let [q, k, v] = projectInputs(query, key, value, settings);
  const size = embed / numHeads;
  if (biasK !== null && biasV !== null) {
    k = cat([k, biasK.expand(1, n, embed)]);
    v = cat([v, biasV.expand(1, n, embed)]);
  }
  /** [S, N, E] → [N · heads, S, size]. */
  const split = (x: Tensor): Tensor => x.reshape(x.shape[0]!, n * numHeads, size).transpose(0, 1);
  [q, k, v] = [split(q), split(k), split(v)];
  if (addZeroAttn) {
    const blank = zeros([n * numHeads, 1, size], { dtype: k.dtype, device: k.device });
    [k, v] = [cat([k, blank], 1), cat([v, blank], 1)];
  }
  const bias = scoreBias(settings, key, n, length, k.shape[1]! - key.shape[0]!);
  const [heads, weights] = attend(q, k, v, bias, dropoutP, 1 / Math.sqrt(size));
  const output = linear(heads.transpose(0, 1).reshape(length, n, embed), settings.outWeight, settings.outBias);
  if (!settings.needWeights) return [output, null];
  const perHead = weights.reshape(n, numHeads, length, -1);
  return [output, settings.averageAttnWeights ? perHead.mean(1) : perHead];
}
