/**
 * The workers of a DataLoader, seen from the main thread: who reads which batch, in whose memory, and what becomes of
 * failures.
 */
import type { Block } from "../backend/backend";
import { cpu } from "../backend/cpu";
import { WorkerError } from "../core/errors";
import { sizeOfShape } from "../core/shape";
import { isProgram, startWorker, tellsEnd, type WorkerHandle } from "../platform/platform";
import { allocate } from "../tensor/create";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import type { AnyDataset } from "./dataset";
import { PassDraws } from "./draws";
import { collateHere, type FetchOptions } from "./fetch";
import { importFailure, programFailure, startFailure } from "./imports";
import { ImportError, layoutOf, modulesIn, originOf, type Packed, pack, refuseTensor, unpack } from "./pack";
import {
  type BatchReply,
  causeOf,
  type Leaf,
  type Reply,
  type Request,
  remoteText,
  type Setup,
  workerSource,
} from "./protocol";
import { mayGuard } from "./worker";

/** The first memory of a worker: threads have scratch memory of 4 MiB, and samples are made here. */
const ARENA_BYTES = 16 << 20;
/** Milliseconds that a worker has to finish what it is doing when it is no longer needed. */
const GRACE = 5000;
/** Timers of more milliseconds end at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Pools that were not closed. */
const open = new Set<WorkerPool>();

/** Workers of all pools that may touch memory. */
let attached = 0;

export interface WorkerPoolOptions {
  readonly dataset: AnyDataset;
  readonly numWorkers: number;
  /** Batches that each worker reads ahead. */
  readonly prefetchFactor: number;
  /** Seconds to wait for a batch; 0 waits for ever. */
  readonly timeout: number;
  readonly workerInitFn: ((workerId: number) => void) | undefined;
  readonly fetchOptions: FetchOptions;
  /** Worker i seeds its generator with `seed + i`. */
  readonly seed: bigint;
}

/** One worker and the memory that only it touches. */
interface PoolWorker {
  readonly id: number;
  readonly handle: WorkerHandle;
  readonly arena: Block;
  /** Its number as an owner of the memory that it takes besides. */
  readonly owner: number;
  /** False once its iterable data set is at its end. */
  isActive: boolean;
  /** It touches no memory any more. */
  isGone: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

/** A batch that a worker was asked for. */
interface Task {
  readonly worker: PoolWorker;
  readonly slots: readonly Storage[];
  /** Nobody waits for it any more. */
  isStale: boolean;
  reply?: BatchReply;
}

export class WorkerPool {
  /** Whether the workers were stopped, or were told to stop. */
  isClosed = false;
  /** Whether a pass is going on. */
  isBusy = false;
  private readonly workers: PoolWorker[] = [];
  private readonly tasks = new Map<number, Task>();
  /** Storages of the data set, kept while workers see them. */
  private readonly held: Storage[] = [];
  /** Bytes of each tensor of a batch, from the batches so far. */
  private slotBytes: number[] = [];
  private nextTask = 0;
  /** The number of batch 0 of the pass. */
  private firstTask = 0;
  private nextWorker = 0;
  private failure: WorkerError | undefined;
  /** How many workers have what they were sent. */
  private ready = 0;
  private starter: { resolve: () => void; reject: (error: Error) => void } | undefined;
  private waiter: { id: number; resolve: (reply: BatchReply) => void; reject: (error: Error) => void } | undefined;

  private constructor(private readonly options: WorkerPoolOptions) {}

  /** How many pools have workers. */
  static get count(): number {
    return open.size;
  }

  /** Whether a worker was lost: the others are of no use then. */
  get hasFailed(): boolean {
    return this.failure !== undefined;
  }

  /**
   * Starts the workers.
   * @param library The text of the library that they run.
   * @throws WorkerError if the data set cannot be sent to them, or if no worker can be started.
   */
  static start(options: WorkerPoolOptions, library: string): WorkerPool {
    const pool = new WorkerPool(options);
    open.add(pool);
    try {
      pool.startWorkers(library);
    } catch (error) {
      pool.close();
      throw error;
    }
    return pool;
  }

  private startWorkers(library: string): void {
    const { numWorkers, seed } = this.options;
    const setup = this.describeWork();
    const program = mayGuard() ? undefined : setup.modules.find(isProgram);
    if (program !== undefined) throw programFailure(program);
    for (let id = 0; id < numWorkers; id++) {
      // No error is made unless it is thrown: its stack would hold the loader, and what listens to the worker would hold the error.
      let reason: Error | undefined;
      const refused = (error: Error): void => {
        reason = error;
      };
      const handle = startWorker(workerSource, `kindling-data-${id}`, refused, library);
      if (handle === undefined) throw startFailure(reason ?? new Error("there are none"));
      const arena = cpu().allocate(ARENA_BYTES);
      const owner = cpu().shared.newOwner();
      const worker: PoolWorker = { id, handle, arena, owner, isActive: true, isGone: false };
      this.workers.push(worker);
      attached++;
      handle.onMessage((reply: Reply) => this.receive(worker, reply));
      handle.onError((error) => this.lose(worker, error.message));
      handle.post({
        ...setup,
        arena: cpu().shared.rangeOf(arena),
        owner,
        id,
        seed: BigInt.asUintN(64, seed + BigInt(id)),
      } satisfies Setup);
    }
  }

  /** The part of the setup that all workers share. */
  private describeWork(): Omit<Setup, "arena" | "owner" | "id" | "seed"> {
    const { dataset, numWorkers, workerInitFn, fetchOptions } = this.options;
    const { isBatched, dropLast, collate } = fetchOptions;
    const packed = {
      dataset: this.packShared(dataset, "the data set"),
      collate: collate === undefined || this.collatesHere ? undefined : this.packShared(collate, "collateFn"),
      workerInitFn: this.packInit(workerInitFn),
    };
    return {
      engine: cpu().shared.share(),
      numWorkers,
      isBatched,
      dropLast,
      ...packed,
      modules: modulesIn(...Object.values(packed)),
      collate: collate === undefined ? "default" : this.collatesHere ? "samples" : { packed: packed.collate },
    };
  }

  /** What is to run in workers cannot run in this thread instead. @throws WorkerError if they cannot import it. */
  private packInit(workerInitFn: ((workerId: number) => void) | undefined): Packed {
    try {
      return this.packShared(workerInitFn, "workerInitFn");
    } catch (error) {
      throw error instanceof ImportError ? new WorkerError(error.message) : error;
    }
  }

  /** Whether batches are made by this thread, because workers cannot import the function that makes them. */
  private get collatesHere(): boolean {
    const { collate } = this.options.fetchOptions;
    return collate !== undefined && originOf(collate) === undefined;
  }

  private packShared(value: unknown, path: string): Packed {
    return pack(value, path, (x, at) => {
      const layout = layoutOf(x, at);
      x.storage.retain();
      this.held.push(x.storage);
      return layout;
    });
  }

  /**
   * Waits until all workers have what they were sent.
   * @throws ImportError if they cannot have it, or cannot run at all; WorkerError if one of them fails otherwise.
   */
  async start(): Promise<void> {
    if (this.ready === this.workers.length) return;
    await this.waiting(async () => {
      await new Promise<void>((resolve, reject) => {
        this.starter = { resolve, reject };
        if (this.failure !== undefined) reject(this.failure);
      });
    });
  }

  /**
   * The batches that `requests` ask for, in their order. Ends early when the workers' iterable data sets are at their
   * end.
   * @param first The number of the first batch: random numbers and workers of a pass go by the numbers.
   */
  async *pass(requests: Iterator<unknown>, base: bigint, first: number): AsyncGenerator<unknown, void, undefined> {
    this.isBusy = true;
    this.firstTask = this.nextTask - first;
    let id = this.nextTask;
    this.begin(base, first);
    const draws = new PassDraws(base);
    const { fetchOptions } = this.options;
    try {
      let ahead = this.options.prefetchFactor * this.workers.length;
      while (ahead > 0 && this.assign(requests)) ahead--;
      for (; id < this.nextTask; id++) {
        const reply = await this.arrival(id);
        if (reply.kind === "end") this.tasks.get(id)!.worker.isActive = false;
        this.assign(requests);
        const batch = this.take(id, reply);
        if (reply.kind === "batch")
          yield this.collatesHere ? collateHere(batch, draws.of(id - this.firstTask), fetchOptions.collate!) : batch;
      }
    } finally {
      this.endPass(requests);
    }
  }

  /** Gives back what a pass has, also one that was left without a word. */
  endPass(requests: Iterator<unknown>): void {
    this.isBusy = false;
    requests.return?.();
    for (const [id, task] of this.tasks) this.forget(id, task);
  }

  private begin(base: bigint, first: number): void {
    this.nextWorker = first % this.workers.length;
    for (const worker of this.workers) {
      worker.isActive = true;
      this.post(worker, { kind: "pass", base });
    }
  }

  /**
   * Gives the next request to the next worker in turn, so that which worker reads what does not depend on their
   * speed.
   * @returns Whether there was a request, and somebody to take it.
   */
  private assign(requests: Iterator<unknown>): boolean {
    const worker = this.nextActive();
    if (worker === undefined) return false;
    const { done, value } = requests.next();
    if (done) return false;
    const what = pack(value, "an index", refuseTensor);
    const slots = this.slotBytes.map((bytes) => new Storage(cpu(), bytes));
    for (const slot of slots) slot.watch();
    const id = this.nextTask++;
    this.tasks.set(id, { worker, slots, isStale: false });
    this.post(worker, {
      kind: "fetch",
      id,
      k: id - this.firstTask,
      what,
      slots: slots.map(({ block }) => cpu().shared.rangeOf(block)),
    });
    return true;
  }

  private nextActive(): PoolWorker | undefined {
    for (let i = 0; i < this.workers.length; i++) {
      const worker = this.workers[this.nextWorker]!;
      this.nextWorker = (this.nextWorker + 1) % this.workers.length;
      if (worker.isActive) return worker;
    }
    return undefined;
  }

  private post(worker: PoolWorker, request: Request): void {
    // Workers see tensors of this thread.
    cpu().threads.finish();
    worker.handle.post(request);
  }

  /** The answer to a fetch. */
  private async arrival(id: number): Promise<BatchReply> {
    const { reply } = this.tasks.get(id)!;
    if (reply !== undefined) return reply;
    if (this.failure !== undefined) throw this.failure;
    return this.waiting(
      () =>
        new Promise((resolve, reject) => {
          this.waiter = { id, resolve, reject };
        }),
    );
  }

  /** Waits for workers: no longer than the program wants to, and while it does, the process stays alive. */
  private async waiting<T>(wait: () => Promise<T>): Promise<T> {
    const { timeout } = this.options;
    const patience =
      timeout > 0 && timeout * 1000 <= LONGEST_TIMER
        ? setTimeout(() => this.fail(`timed out after ${timeout} seconds`), timeout * 1000)
        : undefined;
    this.keepAlive(true);
    try {
      return await wait();
    } finally {
      this.waiter = undefined;
      this.starter = undefined;
      clearTimeout(patience);
      this.keepAlive(false);
    }
  }

  private keepAlive(alive: boolean): void {
    for (const { handle, isGone } of this.workers) if (!isGone) handle.keepAlive(alive);
  }

  private receive(worker: PoolWorker, reply: Reply): void {
    if (reply.kind === "closed") this.finish(worker);
    else if (reply.kind === "ready") this.count();
    else if (reply.kind === "failed") this.receiveFailure(worker, reply);
    else this.receiveBatch(reply);
  }

  private count(): void {
    this.ready++;
    if (this.ready === this.workers.length) this.starter?.resolve();
  }

  private receiveFailure(worker: PoolWorker, { error, isImport }: Extract<Reply, { kind: "failed" }>): void {
    if (isImport) this.failure ??= importFailure(error.message, causeOf(error));
    this.fail(remoteText(worker.id, error), causeOf(error));
  }

  private receiveBatch(reply: BatchReply): void {
    const task = this.tasks.get(reply.id);
    if (task === undefined) return;
    task.reply = reply;
    if (task.isStale) this.forget(reply.id, task);
    else if (this.waiter?.id === reply.id) this.waiter.resolve(reply);
  }

  /** The value of a batch whose answer is here. @throws WorkerError if the worker could not read it. */
  private take(id: number, reply: BatchReply): unknown {
    const { worker, slots } = this.tasks.get(id)!;
    this.tasks.delete(id);
    const leaves = reply.kind === "batch" ? reply.leaves : [];
    const tensors = leaves.map((leaf) => tensorOf(leaf, slots));
    const used = new Set(leaves.map(({ slot }) => slot));
    slots.forEach((storage, i) => void (used.has(i) || cpu().release(storage.block, false)));
    if (used.has(undefined)) this.post(worker, { kind: "taken", id });
    if (reply.kind === "error")
      throw new WorkerError(remoteText(worker.id, reply.error), { cause: causeOf(reply.error) });
    if (reply.kind === "end") return undefined;
    this.learnSizes(leaves);
    return unpack(reply.value, (leaf) => tensors[leaf as number]!);
  }

  /** Later batches are expected to be like this one; the last of a pass, which may be smaller, does not count. */
  private learnSizes(leaves: readonly Leaf[]): void {
    const isAlike = leaves.length === this.slotBytes.length;
    this.slotBytes = leaves.map(({ layout }, i) => Math.max(layout.bytes, isAlike ? this.slotBytes[i]! : 0));
  }

  /** Gives the memory of a batch back that nobody waits for: at once if its worker is done with it, else when it is. */
  private forget(id: number, task: Task): void {
    task.isStale = true;
    if (task.reply === undefined && !task.worker.isGone) return;
    this.tasks.delete(id);
    for (const { block } of task.slots) cpu().release(block, false);
    if (task.reply?.kind === "batch" && !task.worker.isGone) this.post(task.worker, { kind: "taken", id });
  }

  private fail(message: string, cause?: Error): void {
    this.failure ??= new WorkerError(`DataLoader: ${message}`, { cause });
    this.waiter?.reject(this.failure);
    this.starter?.reject(this.failure);
  }

  /** A worker has ended by itself. */
  private lose(worker: PoolWorker, message: string): void {
    if (worker.isGone) return;
    this.stop(worker);
    // A policy of a page forbids workers some time after their start.
    if (!tellsEnd && this.ready === 0) this.failure ??= startFailure(new Error(message));
    this.fail(`worker ${worker.id} died: ${message}`);
  }

  /**
   * Lets the workers finish what they are doing, and takes their memory back. The promises of a pass that is going on
   * are rejected.
   */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    open.delete(this);
    this.fail("its workers were closed");
    for (const worker of this.workers) {
      if (worker.isGone) continue;
      this.post(worker, { kind: "close" });
      // One that does not answer may still write: it is stopped, but its memory is not used again.
      worker.timer = setTimeout(() => worker.handle.terminate(), GRACE);
      (worker.timer as { unref?(): void }).unref?.();
    }
    if (this.workers.length === 0) this.releaseDataset();
  }

  /** The worker has done what it was asked for, and the library touches no memory there any more. Timers of the data set may, until the thread has ended. */
  private finish(worker: PoolWorker): void {
    if (tellsEnd) worker.handle.terminate();
    else this.stop(worker);
  }

  /** Takes the memory of a worker back that touches none of it any more. */
  private stop(worker: PoolWorker): void {
    if (worker.isGone) return;
    worker.isGone = true;
    clearTimeout(worker.timer);
    worker.handle.terminate();
    cpu().release(worker.arena, false);
    attached--;
    cpu().shared.detach(worker.owner, attached === 0);
    for (const [id, task] of this.tasks) if (task.worker === worker && task.isStale) this.forget(id, task);
    if (this.workers.every(({ isGone }) => isGone)) this.releaseDataset();
  }

  private releaseDataset(): void {
    for (const storage of this.held.splice(0)) storage.release();
  }
}

/** A tensor of a batch: on its slot, or copied out of the worker's memory. */
function tensorOf({ slot, layout }: Leaf, slots: readonly Storage[]): Tensor {
  const { dtype, shape, strides, offset } = layout;
  if (slot !== undefined) return new Tensor(slots[slot]!, dtype, shape, strides, offset);
  const copy = allocate(shape, dtype);
  const values = cpu().view(cpu().shared.blockOn(layout), dtype, offset, sizeOfShape(shape));
  cpu().write(copy.storage.block, dtype, 0, values);
  return copy;
}
