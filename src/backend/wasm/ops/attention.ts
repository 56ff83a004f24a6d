/** Attention by kernels over blocks of queries and keys. */
import type { OpTable } from "../../dispatch";
import type { Operand } from "../../operand";
import type { Attention } from "../../ops";
import type { Engine } from "../engine";

/** Nanoseconds per multiply-add, to judge whether threads are worth it. */
const MADD_COST = 0.045;
/** Nanoseconds per score, besides. */
const SCORE_COST = 0.6;

/**
 * With so many heads for each thread, each is one task, so that scores are computed once for all three gradients; with fewer, blocks of heads are. The bits are the
 * same, since each gradient is summed in the same order.
 */
const HEADS_PER_THREAD = 2;

/** Tasks of the kernel of gradients. */
const OF_QUERIES = 1;
const OF_KEYS = 2;
const OF_HEADS = 3;

/** Kinds of bias. */
const NONE = 0;
const ADDED = 1;
const ALLOWED = 2;

/** Strides between batches, heads and rows; those of axes of one element, which may be anything, are 0. */
const stridesOf = ({ shape, strides }: Operand): number[] => [0, 1, 2].map((i) => (shape[i] === 1 ? 0 : strides[i]!));

const none = [0, 0, 0];

/** The list of sizes and strides that the kernels take. */
function geometryOf({ y, q, k, v, bias, causal }: Attention, ...grads: Operand[]): number[] {
  const [, heads, l, e] = q.shape as [number, number, number, number];
  const kind = bias === undefined ? NONE : bias.dtype === "bool" ? ALLOWED : ADDED;
  const sizes = [heads, l, k.shape[2]!, e, v.shape[3]!, causal ? 1 : 0, kind];
  const rows = [...[q, k, v, y].map(stridesOf), bias === undefined ? none : stridesOf(bias), ...grads.map(stridesOf)];
  return sizes.concat(...rows);
}

/** What one product of scores costs, in nanoseconds. */
function costOf({ q, k, v, causal }: Attention, products: number): number {
  const [n, heads, l, e] = q.shape as [number, number, number, number];
  const scores = (n * heads * l * k.shape[2]!) / (causal ? 2 : 1);
  return scores * (products * ((e + v.shape[3]!) / 2) * MADD_COST + SCORE_COST);
}

export const attentions = {
  attention(engine, description) {
    const { y, logSums, q, k, v, bias, noise, scale } = description;
    const [n, heads, l] = q.shape as [number, number, number];
    const args = [y, logSums, q, k, v, bias, noise, geometryOf(description), scale] as const;
    const tasks = engine.ask("attentionTasks", [n * heads, l]);
    engine.call("attention", "float32", args, tasks, costOf(description, 2), true);
  },

  attentionGradient(engine, description) {
    const { gq, gk, gv, gy, y, logSums, q, k, v, bias, noise, scale } = description;
    const [n, heads, l] = q.shape as [number, number, number];
    const geometry = geometryOf(description, gy, gq, gk, gv);
    const operands = [gq, gk, gv, gy, y, logSums, q, k, v, bias, noise, geometry, scale] as const;
    const run = (kind: number, products: number) => {
      const tasks = engine.ask("attentionBackwardTasks", [kind, n * heads, l, k.shape[2]!]);
      engine.call("attentionBackward", "float32", [...operands, kind], tasks, costOf(description, products), true);
    };
    const { numThreads } = engine.parts.pool;
    if (numThreads === 1 || n * heads >= HEADS_PER_THREAD * numThreads) return run(OF_HEADS, 5);
    run(OF_KEYS, 4);
    run(OF_QUERIES, 3);
  },
} satisfies OpTable<Engine>;
