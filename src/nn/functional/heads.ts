/** Attention in several heads: what the layer and its functional form share. */
import { DTypeError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import { widen } from "../../ops/builders/precision";
import { type AttentionTerms, canFuse, forbid, fusedAttention, packedAttention } from "../../ops/layers/attention";
import { dropout, noiseOf } from "../../ops/layers/dropout";
import { linear } from "../../ops/linalg/matmul";
import { cat } from "../../ops/shape/join";
import { constantPadNd } from "../../ops/shape/pad";
import { zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";

/** softmax(q kᵀ · scale + bias) v, and the softmax itself before dropout is undone by averaging. */
export function attend(
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

/** Weights and switches of {@link attendInHeads}. */
export interface MultiHeadSettings {
  readonly numHeads: number;
  /** The projections of query, key and value together, [3E, E], if they are one matrix. */
  readonly inWeight: Tensor | null;
  /** The same one by one, each [E, …]. */
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
  /** [L, S] or [N · heads, L, S]; boolean: true where attention is forbidden; floating-point: added to the scores; uint8: as boolean, with a warning. */
  readonly attnMask: Tensor | null;
  /** [N, S]; boolean: true for keys to ignore; floating-point: added to the scores. */
  readonly keyPaddingMask: Tensor | null;
  readonly needWeights: boolean;
  readonly averageAttnWeights: boolean;
  /** Keys and values in place of the projected ones, [N · heads, S, E / heads]. */
  readonly staticK?: Tensor | null;
  readonly staticV?: Tensor | null;
  /** Whether inputs and the output are [N, L, E] instead of [L, N, E]. */
  readonly batchFirst?: boolean;
}

const additive = (mask: Tensor | null, like: Tensor): Tensor | null =>
  mask?.dtype === "bool" ? forbid(mask, like) : mask;

/** The op that messages name. */
export const multiHead = "multiHeadAttentionForward";

/** A mask of bools or floats. */
function checkAttentionMask(mask: Tensor, [n, length, keys]: readonly number[], numHeads: number): Tensor {
  if (mask.dtype !== "uint8" && mask.dtype !== "bool" && !mask.isFloatingPoint())
    throw new DTypeError(`${multiHead}: only float, byte and bool types are supported for attnMask, not ${mask.dtype}`);
  if (mask.ndim !== 2 && mask.ndim !== 3)
    throw new ShapeError(`${multiHead}: attnMask has 2 or 3 axes, got shape ${shapeText(mask.shape)}`);
  const wanted = mask.ndim === 2 ? [length!, keys!] : [n! * numHeads, length!, keys!];
  if (!sameShape(mask.shape, wanted))
    throw new ShapeError(
      `${multiHead}: the shape of the ${mask.ndim}D attnMask is ${shapeText(mask.shape)}, but should be ${shapeText(wanted)}`,
    );
  if (mask.dtype !== "uint8") return mask;
  console.warn(`${multiHead}: a uint8 tensor for attnMask is deprecated. Use a bool tensor instead.`);
  return mask.to("bool");
}

function checkPaddingMask(mask: Tensor, [n, , keys]: readonly number[]): void {
  if (mask.dtype !== "bool" && !mask.isFloatingPoint())
    throw new DTypeError(
      `${multiHead}: only bool and floating types of keyPaddingMask are supported, not ${mask.dtype}`,
    );
  if (!sameShape(mask.shape, [n!, keys!]))
    throw new ShapeError(
      `${multiHead}: expecting keyPaddingMask shape of [${n}, ${keys}], but got ${shapeText(mask.shape)}`,
    );
}

/** @returns The settings with masks of bools or floats. */
function checkMasks(query: Tensor, key: Tensor, settings: MultiHeadSettings): MultiHeadSettings {
  const { attnMask, keyPaddingMask, numHeads, staticK, batchFirst } = settings;
  const [batchAxis, lengthAxis] = batchFirst ? [0, 1] : [1, 0];
  const sizes = [query.shape[batchAxis]!, query.shape[lengthAxis]!, staticK?.shape[1] ?? key.shape[lengthAxis]!];
  if (keyPaddingMask !== null) checkPaddingMask(keyPaddingMask, sizes);
  return attnMask === null ? settings : { ...settings, attnMask: checkAttentionMask(attnMask, sizes, numHeads) };
}

/** What is added to the scores [N · heads, L, S], from both masks. */
function scoreBias(s: MultiHeadSettings, like: Tensor, n: number, extra: number): Tensor | null {
  const { numHeads } = s;
  let attn = additive(s.attnMask, like);
  let padding = additive(s.keyPaddingMask, like);
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

/** What both masks add to the scores, for the fused op: [N or 1, heads or 1, L or 1, S]; bool, true where a score counts, if there is one mask of bools. */
function fusedBias({ attnMask, keyPaddingMask, numHeads }: MultiHeadSettings, like: Tensor, n: number): Tensor | null {
  const attn =
    attnMask && (attnMask.ndim === 3 ? attnMask.unflatten(0, [n, numHeads]) : attnMask.unsqueeze(0).unsqueeze(0));
  const padding = keyPaddingMask?.unsqueeze(1).unsqueeze(1) ?? null;
  if (attn !== null && padding !== null) return additive(attn, like)!.add(additive(padding, like)!);
  const mask = attn ?? padding;
  return mask?.dtype === "bool" ? mask.logicalNot() : mask;
}

/** Whether the fused op takes what is given; what does not fit is refused by the steps that attention is composed of. */
function isFusible(query: Tensor, key: Tensor, value: Tensor, settings: MultiHeadSettings): boolean {
  const { biasK, biasV, addZeroAttn, needWeights, staticK, staticV, attnMask, keyPaddingMask, numHeads } = settings;
  if (needWeights || biasK !== null || biasV !== null || addZeroAttn || staticK || staticV) return false;
  const batchAxis = settings.batchFirst ? 0 : 1;
  const [n, l, s] = [query.shape[batchAxis]!, query.shape[1 - batchAxis]!, key.shape[1 - batchAxis]!];
  if (key.shape[batchAxis] !== n || !sameShape(key.shape.slice(0, 2), value.shape.slice(0, 2))) return false;
  for (const mask of [attnMask, keyPaddingMask])
    if (mask !== null && mask.dtype !== "bool" && mask.dtype !== query.dtype) return false;
  const isAttnFit = attnMask === null || sameShape(attnMask.shape, attnMask.ndim === 3 ? [n * numHeads, l, s] : [l, s]);
  const isPaddingFit = keyPaddingMask === null || sameShape(keyPaddingMask.shape, [n, s]);
  return (
    isAttnFit &&
    isPaddingFit &&
    [attnMask, keyPaddingMask].every((mask) => canFuse([query, key, value], mask, query.shape[2]! / numHeads))
  );
}

/** Attention by the fused op, without the output's projection; null if it does not take what is given. */
function attendFused(query: Tensor, key: Tensor, value: Tensor, settings: MultiHeadSettings): Tensor | null {
  if (!isFusible(query, key, value, settings)) return null;
  const { numHeads, inWeight, inBias, dropoutP } = settings;
  const batchAxis = settings.batchFirst ? 0 : 1;
  const [n, l, s] = [query.shape[batchAxis]!, query.shape[1 - batchAxis]!, key.shape[1 - batchAxis]!];
  const embed = query.shape[2]!;
  const isSelf = query === key && key === value && inWeight !== null;
  // Mixed precision may have chosen another dtype for the products.
  const inputs = (isSelf ? [linear(query, inWeight, inBias)] : projectInputs(query, key, value, settings)).map(widen);
  const bias = fusedBias(settings, query, n) ?? undefined;
  const noise = dropoutP > 0 ? noiseOf("dropout", query, [n, numHeads, l, s], dropoutP) : undefined;
  const terms: AttentionTerms = { bias, noise, causal: false, scale: 1 / Math.sqrt(embed / numHeads) };
  if (isSelf) return packedAttention(terms, inputs[0]!, numHeads, batchAxis);
  const [q, k, v] = inputs.map((x) => {
    const parts = x.reshape(x.shape[0]!, x.shape[1]!, numHeads, embed / numHeads);
    return batchAxis === 0 ? parts.transpose(1, 2) : parts.permute(1, 2, 0, 3);
  }) as [Tensor, Tensor, Tensor];
  const y = fusedAttention(terms, q, k, v);
  return (batchAxis === 0 ? y.transpose(1, 2) : y.permute(2, 0, 1, 3)).reshape(query.shape[0]!, query.shape[1]!, embed);
}

/** Attention in several heads of operands that have been checked. */
export function attendInHeads(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  given: MultiHeadSettings,
): [output: Tensor, weights: Tensor | null] {
  const settings = checkMasks(query, key, given);
  const fused = attendFused(query, key, value, settings);
  if (fused !== null) return [linear(fused, settings.outWeight, settings.outBias), null];
  if (!settings.batchFirst) return attendInSteps(query, key, value, settings);
  const [q, k, v] = [query, key, value].map((x) => x.transpose(0, 1)) as [Tensor, Tensor, Tensor];
  const [output, weights] = attendInSteps(q, k, v, settings);
  return [output.transpose(0, 1), weights];
}

/** Attention composed of products and a softmax, of [L, N, E]. */
function attendInSteps(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  settings: MultiHeadSettings,
): [output: Tensor, weights: Tensor | null] {
  const { numHeads, biasK, biasV, addZeroAttn, dropoutP, staticK = null, staticV = null } = settings;
  const [length, n, embed] = query.shape;
  let [q, k, v] = projectInputs(query, key, value, settings);
  const size = embed / numHeads;
  if (biasK !== null && biasV !== null) {
    k = cat([k, biasK.expand(1, n, embed)]);
    v = cat([v, biasV.expand(1, n, embed)]);
  }
  /** [S, N, E] → [N · heads, S, size]. */
  const split = (x: Tensor): Tensor => x.reshape(x.shape[0]!, n * numHeads, size).transpose(0, 1);
  [q, k, v] = [split(q), staticK ?? split(k), staticV ?? split(v)];
  if (addZeroAttn) {
    const blank = zeros([n * numHeads, 1, size], { dtype: k.dtype, device: k.device });
    [k, v] = [cat([k, blank], 1), cat([v, blank], 1)];
  }
  const extra = staticK === null ? k.shape[1]! - key.shape[0]! : addZeroAttn ? 1 : 0;
  const bias = scoreBias(settings, key, n, extra);
  const [heads, weights] = attend(q, k, v, bias, dropoutP, 1 / Math.sqrt(size));
  const output = linear(heads.transpose(0, 1).reshape(length, n, embed), settings.outWeight, settings.outBias);
  if (!settings.needWeights) return [output, null];
  const perHead = weights.reshape(n, numHeads, length, -1);
  return [output, settings.averageAttnWeights ? perHead.mean(1) : perHead];
}
