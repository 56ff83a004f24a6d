/** The side of a worker: rebuilds the data set on shared memory and answers fetches, one after the other. */
import type { MemoryRange } from "../backend/capabilities";
import { cpu } from "../backend/cpu";
import { type DType, sizeOf } from "../core/dtype";
import { defaultGenerator } from "../core/generator";
import { contiguousStrides, sizeOfShape } from "../core/shape";
import { readAtOnce } from "../platform/files";
import { allocate } from "../tensor/create";
import { Storage } from "../tensor/storage";
import { Tensor } from "../tensor/tensor";
import { copyInto, setBatchAllocator } from "./collate";
import type { AnyDataset } from "./dataset";
import { PassDraws } from "./draws";
import { type Collate, createFetcher, END, type Fetcher, failedIndex, fetchWith } from "./fetch";
import {
  borrowTensor,
  ImportError,
  type LoadModule,
  layoutOf,
  type Packed,
  pack,
  resolveOrigins,
  type TensorLayout,
  unpack,
} from "./pack";
import { type Leaf, PORT_NAME, type Port, type RemoteError, type Request } from "./protocol";

/** What a data set may ask about the worker that it is in. */
export interface WorkerInfo {
  /** From 0. */
  readonly id: number;
  readonly numWorkers: number;
  /** The seed of this worker's default generator. */
  readonly seed: bigint;
  /** The worker's copy; undefined while modules are being imported. */
  readonly dataset: AnyDataset | undefined;
}

let info: WorkerInfo | null = null;

/**
 * About the DataLoader worker that this code runs in; null in the main thread. @see torch.utils.data.get_worker_info
 */
export function getWorkerInfo(): WorkerInfo | null {
  wasAsked = true;
  return info;
}

let wasAsked = false;

/** Whether this code runs in a worker of a DataLoader. */
export const isDataWorker = (): boolean => info !== null;

/** Whether the program has asked where it runs: one that workers import as a whole has to, so as to do nothing there. */
export const mayGuard = (): boolean => wasAsked;

class DataWorker {
  private fetcher: Fetcher | undefined;
  private makeFetcher: (() => Fetcher) | undefined;
  private isClosing = false;
  /** Whether `workerInitFn` seeded the default generator. */
  private isSeeded = false;
  private draws: PassDraws | undefined;
  /** Requests are answered in order. */
  private last: Promise<void>;
  /** Tensors in this worker's memory that the main thread has still to copy, by batch. */
  private readonly untaken = new Map<number, readonly Tensor[]>();

  constructor(private readonly port: Port) {
    const { engine, arena, owner, id, numWorkers, seed } = port.setup;
    cpu().shared.attach(engine, arena, owner);
    defaultGenerator.manualSeed(seed);
    readAtOnce();
    info = { id, numWorkers, seed, dataset: undefined };
    this.last = this.load().then(
      () => port.send({ kind: "ready" }),
      (error) => port.send({ kind: "failed", error: describeError(error), isImport: error instanceof ImportError }),
    );
    for (const request of port.waiting) this.receive(request);
    port.deliver = (request) => this.receive(request);
  }

  private async load(): Promise<void> {
    // Files of the library that come after this one make more classes known.
    await Promise.resolve();
    const { setup } = this.port;
    const { isBatched, dropLast } = setup;
    const dataset = (await rebuild(setup.dataset, this.port.load)) as AnyDataset;
    const collate =
      typeof setup.collate === "object"
        ? ((await rebuild(setup.collate.packed, this.port.load)) as Collate)
        : undefined;
    const options = {
      isBatched,
      dropLast,
      collate: setup.collate === "samples" ? (samples: unknown) => samples : collate,
    };
    info = { ...info!, dataset };
    const init = (await rebuild(setup.workerInitFn, this.port.load)) as ((id: number) => unknown) | undefined;
    await init?.(setup.id);
    // Who seeds the generator of a worker means that seed: batches do not replace it then.
    this.isSeeded = BigInt(defaultGenerator.initialSeed()) !== BigInt.asUintN(64, setup.seed);
    this.makeFetcher = () => createFetcher(dataset, options);
  }

  private receive(request: Request): void {
    if (request.kind === "close") this.isClosing = true;
    this.last = this.last.then(() => this.handle(request));
  }

  private async handle(request: Request): Promise<void> {
    switch (request.kind) {
      case "close":
        return this.port.send({ kind: "closed" });
      case "pass":
        this.fetcher = this.makeFetcher?.();
        this.draws = this.isSeeded ? undefined : new PassDraws(request.base);
        return;
      case "taken":
        for (const tensor of this.untaken.get(request.id) ?? []) tensor.dispose();
        this.untaken.delete(request.id);
        return;
      default:
        if (!this.isClosing && this.fetcher !== undefined) await this.fetch(this.fetcher, request);
    }
  }

  private async fetch(fetcher: Fetcher, { id, k, what, slots }: Extract<Request, { kind: "fetch" }>): Promise<void> {
    const target = new BatchMemory(slots);
    setBatchAllocator((shape, dtype) => target.allocate(shape, dtype));
    try {
      const batch = await fetchWith(fetcher, await rebuild(what, this.port.load), this.draws, k);
      if (batch === END) return this.port.send({ kind: "end", id });
      const leaves: Leaf[] = [];
      const value = pack(batch, "a sample", (x) => leaves.push(target.place(x)) - 1);
      this.untaken.set(id, target.overflow);
      this.port.send({ kind: "batch", id, value, leaves });
    } catch (error) {
      this.port.send({ kind: "error", id, error: describeError(error) });
    } finally {
      setBatchAllocator();
    }
  }
}

async function rebuild(packed: Packed, load: LoadModule): Promise<unknown> {
  const named = await resolveOrigins(packed, load);
  return unpack(packed, (layout) => borrowTensor(layout as TensorLayout), named);
}

function describeError(error: unknown): RemoteError {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack: stack ?? "", index: failedIndex(error) };
}

/** The memory of one batch: slots of the main thread as far as they fit, and for the rest the worker's own. */
class BatchMemory {
  readonly overflow: Tensor[] = [];
  private readonly used = new Map<Storage, number>();
  private readonly free: boolean[];

  constructor(private readonly slots: readonly MemoryRange[]) {
    this.free = slots.map(() => true);
  }

  /** A new tensor on the first free slot that is large enough. */
  allocate(shape: readonly number[], dtype: DType): Tensor {
    const bytes = Math.max(1, sizeOfShape(shape)) * sizeOf(dtype);
    const slot = this.slots.findIndex((range, i) => this.free[i]! && range.bytes >= bytes);
    if (slot < 0) return allocate(shape, dtype);
    this.free[slot] = false;
    const storage = Storage.borrow(cpu(), cpu().shared.blockOn(this.slots[slot]!));
    this.used.set(storage, slot);
    return new Tensor(storage, dtype, shape, contiguousStrides(shape));
  }

  /**
   * Where the main thread finds `x`: as it is if it lies on a slot, else as a copy, since the worker may go on using
   * it.
   */
  place(x: Tensor): Leaf {
    const slot = this.used.get(x.storage);
    if (slot !== undefined) return { slot, layout: layoutOf(x, "a sample") };
    layoutOf(x, "a sample");
    const copy = this.allocate(x.shape, x.dtype);
    copyInto(copy, 0, x);
    const found = this.used.get(copy.storage);
    if (found === undefined) this.overflow.push(copy);
    return { slot: found, layout: layoutOf(copy, "a sample") };
  }
}

/** In a worker, the library runs because of the text of `workerSource`, and takes over here. */
const key = Symbol.for(PORT_NAME);
const scope = globalThis as { [key]?: Port | undefined };
if (scope[key] !== undefined) {
  const port = scope[key];
  delete scope[key];
  new DataWorker(port);
}
