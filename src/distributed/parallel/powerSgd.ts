/**
 * Gradients as products of small matrices, which are reduced in their place.
 *
 * Vogels, Karimireddy and Jaggi, PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization, NeurIPS 2019; PyTorch's `powerSGD_hook`.
 */
import { noGrad } from "../../autograd/mode";
import { ArgumentError, describe } from "../../core/errors";
import { sizeOfShape } from "../../core/shape";
import { qr } from "../../ops/linalg/decompositions";
import { randn } from "../../ops/random/randomTensors";
import { runInternally } from "../../tensor/scope";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup, Work } from "../group";
import type { GradBucket, Pending } from "./bucket";
import { allreduceHook } from "./commHooks";
import { groupOf } from "./groups";
import { copyValues, lasting, windowOf } from "./memory";
import { PowerSGDState } from "./powerSgdState";

/** Runs without history, and gives temporaries back. */
const quietly = (body: () => void): void => {
  noGrad(() =>
    runInternally(() => {
      body();
      return [];
    }),
  );
};

function checkState(op: string, state: unknown): PowerSGDState {
  if (state instanceof PowerSGDState) return state;
  throw new ArgumentError(`${op}: the state must be a PowerSGDState, got ${describe(state)}`);
}

/** Makes the columns of matrices (count × n × rank) orthonormal, in place. */
function orthogonalize(matrices: Tensor, epsilon: number): void {
  const rank = matrices.shape[2]!;
  if (rank > 2 && matrices.elementSize() > 2) {
    copyValues(matrices, qr(matrices)[0]);
    return;
  }
  for (let i = 0; i < rank; i++) {
    const column = matrices.narrow(2, i, 1);
    const length = column.norm({ dim: 1, keepdim: true });
    column.div_(epsilon === 0 ? length : length.add(epsilon));
    if (i + 1 === rank) return;
    const rest = matrices.narrow(2, i + 1, rank - i - 1);
    rest.sub_(column.mul(rest).sum(1, true).mul(column));
  }
}

/** Gradients of one shape, and the matrices that stand for them. */
interface Compressed {
  /** Windows on the bucket, each as a matrix. */
  readonly gradients: readonly Tensor[];
  /** count × n × m; the window itself if it is one. */
  readonly matrices: Tensor;
  readonly p: Tensor;
  readonly q: Tensor;
}

/** The gradients of a bucket as windows, those that are compressed as matrices. */
function sort(state: PowerSGDState, bucket: GradBucket): { matrices: Tensor[]; others: Tensor[] } {
  const buffer = bucket.buffer();
  const [matrices, others]: Tensor[][] = [[], []];
  let offset = 0;
  for (const { shape } of bucket.parameters()) {
    const size = sizeOfShape(shape);
    const n = shape[0] ?? 1;
    const m = n === 0 ? 0 : size / n;
    const small = (n + m) * Math.min(n, m, state.matrixApproximationRank);
    const isCompressed = small * state.minCompressionRate < size;
    (isCompressed ? matrices : others)!.push(windowOf(buffer, offset, isCompressed ? [n, m] : [size]));
    state.totalNumelBeforeCompression += size;
    state.totalNumelAfterCompression += isCompressed ? small : size;
    offset += size;
  }
  return { matrices: matrices!, others: others! };
}

/** Those that are multiplied together: of one shape if that is asked for, in the order in which shapes come. */
function grouped(state: PowerSGDState, matrices: readonly Tensor[]): Tensor[][] {
  const groups = new Map<string, Tensor[]>();
  for (const matrix of matrices) {
    const key = matrix.shape.join();
    groups.set(key, [...(groups.get(key) ?? []), matrix]);
  }
  const lists = [...groups.values()];
  return state.batchTensorsWithSameShape ? lists : lists.flat().map((matrix) => [matrix]);
}

/** A copy of gradients in one tensor. */
function stacked(list: readonly Tensor[]): Tensor {
  const [first] = list;
  if (list.length === 1) return windowOf(first!, 0, [1, ...first!.shape]);
  const all = lasting([list.length, ...first!.shape], first!.dtype);
  for (const [i, x] of list.entries()) copyValues(all.select(0, i), x);
  return all;
}

/** One bucket on its way. */
class Exchange {
  private readonly op = "powerSGDHook";
  private readonly index: number;
  private readonly buffer: Tensor;
  private before: Tensor | undefined;
  private others: Tensor[] = [];
  private compressed: Compressed[] = [];
  private flat: Tensor | undefined;
  private p!: Tensor;
  private q!: Tensor;
  private works: Work[] = [];

  constructor(
    private readonly state: PowerSGDState,
    private readonly bucket: GradBucket,
    private readonly group: ProcessGroup,
  ) {
    this.index = bucket.index();
    this.buffer = bucket.buffer();
  }

  /** Multiplies the gradients with the right matrices, and starts to reduce what comes of it, and gradients that are not compressed. */
  begin(): void {
    this.before = addError(this.state, this.index, this.buffer);
    const { matrices, others } = sort(this.state, this.bucket);
    this.others = others;
    const isNew = this.allot(grouped(this.state, matrices));
    this.prepareQ(isNew);
    for (const { matrices, p, q } of this.compressed) copyValues(p, matrices.bmm(q));
    this.flat = lasting([others.reduce((sum, x) => sum + x.numel(), 0)], this.buffer.dtype);
    let offset = 0;
    for (const x of others) {
      copyValues(this.flat.narrow(0, offset, x.numel()), x);
      offset += x.numel();
    }
    this.works = [this.flat, this.p].filter((x) => x.numel() > 0).map((x) => this.reduce(x));
  }

  private reduce(x: Tensor): Work {
    return this.group.allReduce(x, "sum", this.op);
  }

  /** Gives each matrix its place in the memory of the bucket. @returns Whether that is new. */
  private allot(groups: readonly (readonly Tensor[])[]): boolean {
    const { state, index } = this;
    const shapes = groups.map((list) => {
      const [n, m] = [list[0]!.shape[0]!, list[0]!.shape[1]!];
      return { count: list.length, n, m, rank: Math.min(n, m, state.matrixApproximationRank) };
    });
    const known = state.warmStart ? state.pMemoryDict.get(index) : undefined;
    const [sizeP, sizeQ] = shapes.reduce(
      ([p, q], { count, n, m, rank }) => [p + count * n * rank, q + count * m * rank],
      [0, 0],
    );
    this.p = known ?? lasting([sizeP], this.buffer.dtype);
    this.q = (known && state.qMemoryDict.get(index)) ?? lasting([sizeQ], this.buffer.dtype);
    let [atP, atQ] = [0, 0];
    this.compressed = shapes.map(({ count, n, m, rank }, i) => {
      const p = windowOf(this.p, atP, [count, n, rank]);
      const q = windowOf(this.q, atQ, [count, m, rank]);
      [atP, atQ] = [atP + p.numel(), atQ + q.numel()];
      return { gradients: groups[i]!, matrices: stacked(groups[i]!), p, q };
    });
    if (state.warmStart && known === undefined) {
      state.pMemoryDict.set(index, this.p);
      state.qMemoryDict.set(index, this.q);
    }
    return known === undefined;
  }

  private prepareQ(isNew: boolean): void {
    const generator = isNew ? this.state.nextGenerator() : undefined;
    for (const { q } of this.compressed) {
      if (generator !== undefined) copyValues(q, randn([...q.shape], { dtype: q.dtype, generator }));
      orthogonalize(q, this.state.orthogonalizationEpsilon);
    }
  }

  /** Waits, reduces the other half of the matrices, and writes their products into the bucket. */
  finish(): void {
    for (const work of this.works) work.wait();
    const { size } = this.group;
    this.flat!.div_(size);
    let offset = 0;
    for (const x of this.others) {
      copyValues(x, this.flat!.narrow(0, offset, x.numel()));
      offset += x.numel();
    }
    for (const { matrices, p, q } of this.compressed) {
      orthogonalize(p, this.state.orthogonalizationEpsilon);
      copyValues(q, matrices.transpose(1, 2).bmm(p));
    }
    if (this.q.numel() > 0) this.group.now(() => this.reduce(this.q));
    this.q.div_(size);
    for (const { gradients, p, q } of this.compressed) {
      const product = p.bmm(q.transpose(1, 2));
      for (const [i, gradient] of gradients.entries()) copyValues(gradient, product.select(0, i));
    }
    keepError(this.state, this.index, this.before, this.buffer);
    this.release();
    this.state.maybeIncreaseIter(this.bucket);
  }

  private release(): void {
    const windows = this.compressed.flatMap(({ gradients, matrices, p, q }) => [...gradients, matrices, p, q]);
    for (const x of [...windows, ...this.others, this.flat!]) x.dispose();
    if (this.state.warmStart) return;
    for (const x of [this.p, this.q]) x.dispose();
  }
}

/** Adds what the last step lost. @returns A copy of the sum, if what is lost now is to be kept. */
function addError(state: PowerSGDState, index: number, values: Tensor): Tensor | undefined {
  if (!state.useErrorFeedback) return undefined;
  const error = state.errorDict.get(index);
  if (error !== undefined) values.add_(error);
  const before = lasting(values.shape, values.dtype);
  copyValues(before, values);
  return before;
}

function keepError(state: PowerSGDState, index: number, before: Tensor | undefined, values: Tensor): void {
  if (before === undefined) return;
  before.sub_(values);
  state.errorDict.get(index)?.dispose();
  state.errorDict.set(index, before);
}

const isEarly = (state: PowerSGDState): boolean => state.iter < state.startPowerSGDIter;

/** Reduces a bucket as it is. */
function plain(state: PowerSGDState, bucket: GradBucket): Pending {
  state.maybeIncreaseIter(bucket);
  return noGrad(() => allreduceHook(state.processGroup, bucket));
}

/**
 * Reduces gradients as products of small matrices. What that loses is added in the next step, so that training goes on nearly as without it while little is
 * sent: for a gradient of n × m, (n + m) times the rank.
 * @param state A {@link PowerSGDState}.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.powerSGD_hook
 */
export function powerSGDHook(state: PowerSGDState, bucket: GradBucket): Pending {
  const own = checkState("powerSGDHook", state);
  if (isEarly(own)) return plain(own, bucket);
  const exchange = new Exchange(own, bucket, groupOf("powerSGDHook", own.processGroup));
  quietly(() => exchange.begin());
  return {
    wait: () => {
      quietly(() => exchange.finish());
      return bucket.buffer();
    },
  };
}

/** The matrices of a whole bucket, side × rank. @returns Those of the last step, if each begins with them. */
function squareFactors(state: PowerSGDState, index: number, side: number, like: Tensor): [p: Tensor, q: Tensor] {
  const known = state.warmStart ? state.pMemoryDict.get(index) : undefined;
  if (known !== undefined) return [known, state.qMemoryDict.get(index)!];
  const shape = [side, state.matrixApproximationRank];
  const [p, q] = [lasting(shape, like.dtype), lasting(shape, like.dtype)];
  copyValues(q, randn(shape, { dtype: like.dtype, generator: state.nextGenerator() }));
  if (state.warmStart) {
    state.pMemoryDict.set(index, p);
    state.qMemoryDict.set(index, q);
  }
  return [p, q];
}

const orthogonalizeOne = (matrix: Tensor): void => orthogonalize(windowOf(matrix, 0, [1, ...matrix.shape]), 0);

/**
 * {@link powerSGDHook} of a whole bucket as one square matrix: faster, and it loses more.
 * @param state A {@link PowerSGDState}.
 * @see torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.batched_powerSGD_hook
 */
export function batchedPowerSGDHook(state: PowerSGDState, bucket: GradBucket): Pending {
  const op = "batchedPowerSGDHook";
  const own = checkState(op, state);
  if (isEarly(own)) return plain(own, bucket);
  const group = groupOf(op, own.processGroup);
  const [index, buffer] = [bucket.index(), bucket.buffer()];
  const length = buffer.numel();
  const side = Math.ceil(Math.sqrt(length));
  own.totalNumelBeforeCompression += length;
  own.totalNumelAfterCompression += 2 * side * own.matrixApproximationRank;
  const square = lasting([side * side], buffer.dtype);
  const matrix = windowOf(square, 0, [side, side]);
  let before: Tensor | undefined;
  let [p, q]: Tensor[] = [];
  let work: Work;
  quietly(() => {
    copyValues(windowOf(square, 0, [length]), buffer);
    before = addError(own, index, square);
    [p, q] = squareFactors(own, index, side, square);
    orthogonalizeOne(q);
    copyValues(p, matrix.matmul(q));
    work = group.allReduce(p, "sum", op);
  });
  const finish = (): void => {
    work.wait();
    orthogonalizeOne(p!);
    copyValues(q!, matrix.t().matmul(p!));
    group.now(() => group.allReduce(q!, "sum", op));
    q!.div_(group.size);
    copyValues(matrix, p!.matmul(q!.t()));
    keepError(own, index, before, square);
    copyValues(buffer, windowOf(square, 0, [length]));
    for (const x of [square, matrix, ...(own.warmStart ? [] : [p!, q!])]) x.dispose();
    own.maybeIncreaseIter(bucket);
  };
  return {
    wait: () => {
      quietly(finish);
      return buffer;
    },
  };
}
