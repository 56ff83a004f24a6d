/** Attention whose scores are never held as a whole: what the functions and layers of `nn` share, on devices that have the op. */

import { isGradEnabled } from "../../autograd/mode";
import { isRecorded, record } from "../../autograd/node";
import type { Operand } from "../../backend/operand";
import { named } from "../../core/signature";
import { Mode } from "../../platform/mode";
import { allocate, full, windowOn, zeros } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { cat } from "../shape/join";

/** What besides queries, keys and values makes attention. */
export interface AttentionTerms {
  /** Added to the scores, or bool, true where they count. Has the shape of the scores or broadcasts to it; no gradient flows to it. */
  readonly bias: Tensor | undefined;
  /** What the weights are multiplied by, as dropout does. Has the shape of the scores, contiguous. */
  readonly noise: Tensor | undefined;
  /** Whether no query sees a later key. */
  readonly causal: boolean;
  readonly scale: number;
}

/** Whether attention is composed of smaller ops on every device, for those who look at each op. */
export const composesAttention = new Mode(false);

/** Whether the fused op takes these, with heads of up to `width` features. */
export function canFuse(operands: readonly Tensor[], bias: Tensor | null, width: number): boolean {
  for (const x of operands) {
    const { attentionWidth = 0 } = x.storage.backend;
    if (x.dtype !== "float32" || x.numel() === 0 || width > attentionWidth) return false;
  }
  if (bias !== null && (isRecorded([bias]) || (bias.dtype !== "float32" && bias.dtype !== "bool"))) return false;
  return !composesAttention.value;
}

/** −∞ where a boolean mask is true, else 0. */
export const forbid = (mask: Tensor, like: Tensor): Tensor =>
  zeros([...mask.shape], { dtype: like.dtype, device: like.device }).maskedFill(mask, Number.NEGATIVE_INFINITY);

/** −∞ above the diagonal: no position sees a later one. */
export const causalBias = (rows: number, columns: number, like: Tensor): Tensor =>
  full([rows, columns], Number.NEGATIVE_INFINITY, { dtype: like.dtype, device: like.device }).triu(1);

/** Memory for a tensor of the sizes of `x`, but `width` elements in the last axis, whose axes lie in the order of those of `x`. */
function allocateLike(x: Tensor, width: number): Tensor {
  const { shape, strides } = x;
  const order = [0, 1, 2].sort((i, j) => strides[j]! - strides[i]! || i - j);
  const dense = allocate([...order.map((axis) => shape[axis]!), width], x.dtype, x);
  const own = [0, 0, 0, 1];
  for (let i = 0; i < 3; i++) own[order[i]!] = dense.strides[i]!;
  const y = windowOn(dense, [shape[0]!, shape[1]!, shape[2]!, width], own, 0);
  dense.dispose();
  return y;
}

/** `x`, or a copy whose rows lie together. */
const withRows = (x: Tensor): Tensor => (x.strides.at(-1) === 1 || x.shape.at(-1) === 1 ? x : x.contiguous());

/** The bias as the device takes it. */
function biasOperand({ bias }: AttentionTerms, shape: readonly number[]): Tensor | undefined {
  if (bias === undefined) return undefined;
  const own = bias.detach();
  const rows = own.shape.at(-1) === 1 ? own.expand([...own.shape.slice(0, -1), shape[3]!]).contiguous() : withRows(own);
  return rows.expand([...shape]);
}

/** An op of its own, so that profiles know what it does. See {@link attend}. */
export const fusedAttention = named("fusedAttention", "terms, query, key, value", attend);

/**
 * softmax(q · kᵀ · scale + bias) · noise · v. Shape: [n, heads, l, e], [n, heads, s, e], [n, heads, s, v] → [n, heads, l, v], whose axes lie in
 * the order of those of q. {@link canFuse} holds of the operands.
 */
function attend(terms: AttentionTerms, query: Tensor, key: Tensor, value: Tensor): Tensor {
  const [q, k, v] = [withRows(query), withRows(key), withRows(value)];
  const [n, heads, l] = q.shape;
  const bias = biasOperand(terms, [n, heads, l, k.shape[2]!]);
  const { noise, causal, scale } = terms;
  const y = allocateLike(q, v.shape[3]!);
  const logSums = allocate([n, heads, l], "float32", q);
  q.storage.backend.run("attention", { y, logSums, q, k, v, bias, noise, causal, scale });
  const saved = [q, k, v, y, logSums, ...(bias ? [bias] : []), ...(noise ? [noise] : [])];
  return record("ScaledDotProductAttentionBackward0", y, [q, k, v], saved, ([g], [a, b, c, out, sums, ...rest]) => {
    const own = restored(terms, rest);
    if (isGradEnabled()) return composedGrads(g!, a!, b!, c!, own);
    const grads = [a!, b!, c!].map((x) => allocateLike(x, x.shape[3]!)) as [Tensor, Tensor, Tensor];
    const [gq, gk, gv] = grads;
    const kept = { y: out!, logSums: sums!, q: a!, k: b!, v: c!, ...own };
    g!.storage.backend.run("attentionGradient", { gq, gk, gv, gy: withRows(g!), ...kept });
    return grads;
  });
}

/** The terms with the tensors that the graph has kept. */
function restored(
  { bias, noise, causal, scale }: AttentionTerms,
  kept: readonly (Tensor | undefined)[],
): AttentionTerms {
  const rest = [...kept];
  return { bias: bias && rest.shift(), noise: noise && rest.shift(), causal, scale };
}

/** The gradients in differentiable ops, for derivatives of higher order. */
function composedGrads(g: Tensor, q: Tensor, k: Tensor, v: Tensor, terms: AttentionTerms): [Tensor, Tensor, Tensor] {
  const { bias, noise, causal, scale } = terms;
  let scores = q.mul(scale).matmul(k.transpose(-2, -1));
  if (bias !== undefined) scores = scores.add(bias.dtype === "bool" ? forbid(bias.logicalNot(), q) : bias);
  if (causal) scores = scores.add(causalBias(q.shape[2]!, k.shape[2]!, q));
  const p = scores.softmax(-1);
  const weigh = (x: Tensor) => (noise === undefined ? x : x.mul(noise));
  const gp = weigh(g.matmul(v.transpose(-2, -1)));
  const gs = p.mul(gp.sub(gp.mul(p).sum(-1, true))).mul(scale);
  return [gs.matmul(k), gs.transpose(-2, -1).matmul(q), weigh(p).transpose(-2, -1).matmul(g)];
}

/** An op of its own, as {@link fusedAttention}. See {@link attendPacked}. */
export const packedAttention = named("packedAttention", "terms, projections, heads, batchAxis", attendPacked);

/**
 * {@link attend} for the queries, keys and values that stand beside each other in each row of `x`, as one projection gives them. Shape: [a, b, 3 · heads · e] →
 * [a, b, heads · e], where `batchAxis` says which of a and b counts batches.
 */
function attendPacked(terms: AttentionTerms, x: Tensor, heads: number, batchAxis: 0 | 1): Tensor {
  const packed = x.contiguous();
  const [rows, columns, width] = packed.shape;
  const embed = width / 3;
  const l = batchAxis === 0 ? columns : rows;
  const n = batchAxis === 0 ? rows : columns;
  const bias = biasOperand(terms, [n, heads, l, l]);
  const { noise, causal, scale } = terms;
  const y = allocate([rows, columns, embed], "float32", x);
  const logSums = allocate([n, heads, l], "float32", x);
  const [q, k, v] = thirds(packed, heads, batchAxis);
  const description = { y: headsOf(y, heads, batchAxis), logSums, q, k, v, bias, noise, causal, scale };
  packed.storage.backend.run("attention", description);
  const saved = [packed, y, logSums, ...(bias ? [bias] : []), ...(noise ? [noise] : [])];
  return record("ScaledDotProductAttentionBackward0", y, [packed], saved, ([g], [source, out, sums, ...rest]) => {
    const own = restored(terms, rest);
    if (isGradEnabled()) return [packedGrad(g!, source!, heads, batchAxis, own)];
    const gx = allocate(source!.shape, "float32", source!);
    const [gq, gk, gv] = thirds(gx, heads, batchAxis);
    const [a, b, c] = thirds(source!, heads, batchAxis);
    const [to, gy] = [out!, withRows(g!)].map((one) => headsOf(one, heads, batchAxis)) as [Operand, Operand];
    const kept = { y: to, logSums: sums!, q: a, k: b, v: c, ...own };
    gx.storage.backend.run("attentionGradient", { gq, gk, gv, gy, ...kept });
    return [gx];
  });
}

/** [a, b, width] as [n, heads, l, size], from an element of each row on. */
function headsOf(x: Tensor, heads: number, batchAxis: 0 | 1, offset = 0, embed = x.shape[2]!): Operand {
  const size = embed / heads;
  const { storage, dtype, shape, strides } = x;
  return {
    storage,
    dtype,
    offset: x.offset + offset,
    shape: [shape[batchAxis]!, heads, shape[1 - batchAxis]!, size],
    strides: [strides[batchAxis]!, size, strides[1 - batchAxis]!, 1],
  };
}

function thirds(x: Tensor, heads: number, batchAxis: 0 | 1): [Operand, Operand, Operand] {
  const embed = x.shape[2]! / 3;
  return [0, 1, 2].map((i) => headsOf(x, heads, batchAxis, i * embed, embed)) as [Operand, Operand, Operand];
}

/** The gradient of {@link packedAttention} in differentiable ops. */
function packedGrad(g: Tensor, x: Tensor, heads: number, batchAxis: 0 | 1, terms: AttentionTerms): Tensor {
  const [a, b, width] = x.shape;
  const inward = (y: Tensor) => {
    const parts = y.reshape(a, b, heads, -1);
    return batchAxis === 0 ? parts.transpose(1, 2) : parts.permute(1, 2, 0, 3);
  };
  const outward = (y: Tensor) => (batchAxis === 0 ? y.transpose(1, 2) : y.permute(2, 0, 1, 3)).reshape(a, b, width / 3);
  const [q, k, v] = x.chunk(3, -1).map(inward) as [Tensor, Tensor, Tensor];
  return cat(composedGrads(inward(g), q, k, v, terms).map(outward), -1);
}
