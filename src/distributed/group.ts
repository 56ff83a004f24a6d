/** Groups of ranks, and the collectives that they carry out. */
import { DTypeError, ShapeError, ValueError } from "../core/errors";
import { sameShape, shapeText } from "../core/shape";
import { allocate } from "../tensor/create";
import type { Tensor } from "../tensor/tensor";
import type { Call, Engine } from "./engine";
import { type ReduceOp, wireOpOf } from "./reductions";
import { reducedAs, type Staged, stage, stageList } from "./staging";
import { Work } from "./work";

export type { Call, CallKind, Engine, Ticket, WireOp, WireType } from "./engine";
export { DistBackendError } from "./engine";
export { ReduceOp } from "./reductions";
export { Work } from "./work";

const tensorText = (x: Tensor): string => `${x.dtype} ${shapeText(x.shape)}`;

/**
 * Some of the ranks of a job, which communicate among themselves. Ranks in arguments count within the group. Every method starts a collective and gives a
 * {@link Work} to wait for at once; all ranks of the group have to call the same methods in the same order, with tensors of the same shape and dtype
 * unless it is said otherwise, or all of them get an error before anything is written.
 *
 * Tensors are of the cpu, of any dtype and layout; an engine reads and writes contiguous ones where they are.
 * @see torch.distributed.ProcessGroup
 */
export class ProcessGroup {
  /** The number of ranks. */
  readonly size: number;
  /** The rank of this process within the group; −1 if it is not one of them. */
  readonly rank: number;
  /** Those that were started and not yet waited for. */
  private underWay: Work[] = [];
  private isAwaited = false;

  /** @internal Use {@link initProcessGroup} and {@link newGroup}. */
  constructor(
    readonly engine: Engine,
    /** The communicator. */
    readonly comm: number,
    /** The ranks in the world of the members. */
    readonly ranks: readonly number[],
    /** Milliseconds that a collective may take. */
    readonly timeout: number,
  ) {
    this.size = ranks.length;
    this.rank = ranks.indexOf(engine.rank);
  }

  /** Starts a collective and waits for it, which takes less time than the one after the other. */
  now(start: (group: this) => Work): void {
    this.isAwaited = true;
    try {
      start(this).wait();
    } finally {
      this.isAwaited = false;
    }
  }

  /** Reduces `tensor` over all ranks, in place. */
  allReduce(tensor: Tensor, op: ReduceOp = "sum", name = "allReduce"): Work {
    const wireOp = wireOpOf(name, op, tensor.dtype);
    const staged = stage(name, tensor, true, reducedAs(tensor.dtype));
    const text = `${name}(${tensorText(tensor)}, op: "${op}")`;
    return this.begin({ kind: "allReduce", output: staged.view, type: staged.type, op: wireOp, text }, [staged], () =>
      this.average(staged, op),
    );
  }

  /** Sends `tensor` of rank `root` to all, which get it in place. */
  broadcast(tensor: Tensor, root: number, name = "broadcast"): Work {
    const staged = stage(name, tensor, this.rank !== root);
    const text = `${name}(${tensorText(tensor)}, src: ${this.ranks[root]})`;
    return this.begin({ kind: "broadcast", output: staged.view, type: staged.type, peer: root, text }, [staged]);
  }

  /** Reduces `tensor` over all ranks, in place at rank `root`; that of others stays as it is. */
  reduce(tensor: Tensor, root: number, op: ReduceOp = "sum", name = "reduce"): Work {
    const wireOp = wireOpOf(name, op, tensor.dtype);
    const isRoot = this.rank === root;
    const staged = stage(name, tensor, isRoot, reducedAs(tensor.dtype));
    const text = `${name}(${tensorText(tensor)}, dst: ${this.ranks[root]}, op: "${op}")`;
    const call = { kind: "reduce", output: staged.view, type: staged.type, op: wireOp, peer: root, text } as const;
    return this.begin(call, [staged], () => {
      if (isRoot) this.average(staged, op);
    });
  }

  /** Writes the `input` of every rank into `output`, in the order of the ranks: n × size elements of any shape. */
  allGatherIntoTensor(output: Tensor, input: Tensor, name = "allGatherIntoTensor"): Work {
    this.checkPair(name, "output", output, input, this.size);
    const [out, own] = [stage(name, output, true), stage(name, input, false)];
    return this.startAllGather(name, out, own, input);
  }

  /** Writes the `tensor` of every rank into the tensors of a list. */
  allGather(list: readonly Tensor[], tensor: Tensor, name = "allGather"): Work {
    this.checkList(name, "tensorList", list, tensor);
    return this.startAllGather(name, stageList(name, list, true), stage(name, tensor, false), tensor);
  }

  private startAllGather(name: string, out: Staged, own: Staged, input: Tensor): Work {
    const text = `${name}(${tensorText(input)})`;
    const call = { kind: "allGather", input: own.view, output: out.view, type: own.type, text } as const;
    return this.begin(call, [out, own]);
  }

  /** Writes the `tensor` of every rank into a list of rank `root`; others give none. */
  gather(tensor: Tensor, list: readonly Tensor[] | undefined, root: number, name = "gather"): Work {
    const out = this.rootList(name, "gatherList", list, tensor, root, true);
    const own = stage(name, tensor, false);
    const text = `${name}(${tensorText(tensor)}, dst: ${this.ranks[root]})`;
    const call = { kind: "gather", input: own.view, output: out?.view, type: own.type, peer: root, text } as const;
    return this.begin(call, out === undefined ? [own] : [own, out]);
  }

  /** Writes the tensors of a list of rank `root` into the `tensor` of every rank; others give none. */
  scatter(tensor: Tensor, list: readonly Tensor[] | undefined, root: number, name = "scatter"): Work {
    const parts = this.rootList(name, "scatterList", list, tensor, root, false);
    const out = stage(name, tensor, true);
    const text = `${name}(${tensorText(tensor)}, src: ${this.ranks[root]})`;
    const call = { kind: "scatter", input: parts?.view, output: out.view, type: out.type, peer: root, text } as const;
    return this.begin(call, parts === undefined ? [out] : [out, parts]);
  }

  /** Reduces a tensor of n × size elements over all ranks, of which each gets the n of its rank. */
  reduceScatterTensor(output: Tensor, input: Tensor, op: ReduceOp = "sum", name = "reduceScatterTensor"): Work {
    this.checkPair(name, "input", input, output, this.size);
    return this.startReduceScatter(name, output, stage(name, input, false, reducedAs(input.dtype)), op);
  }

  /** Reduces a list with one tensor for each rank, of which each gets its own. */
  reduceScatter(output: Tensor, list: readonly Tensor[], op: ReduceOp = "sum", name = "reduceScatter"): Work {
    this.checkList(name, "inputList", list, output);
    return this.startReduceScatter(name, output, stageList(name, list, false, reducedAs(output.dtype)), op);
  }

  private startReduceScatter(name: string, output: Tensor, parts: Staged, op: ReduceOp): Work {
    const wireOp = wireOpOf(name, op, output.dtype);
    const out = stage(name, output, true, reducedAs(output.dtype));
    const text = `${name}(${tensorText(output)}, op: "${op}")`;
    const { type, view: input } = parts;
    const call = { kind: "reduceScatter", input, output: out.view, type, op: wireOp, text } as const;
    return this.begin(call, [out, parts], () => this.average(out, op));
  }

  /** Sends the tensors of one list to the ranks, and receives those of another from them. Shapes may differ. */
  allToAll(outputs: readonly Tensor[], inputs: readonly Tensor[], name = "allToAll"): Work {
    this.checkCount(name, "outputTensorList", outputs);
    this.checkCount(name, "inputTensorList", inputs);
    const { dtype } = outputs[0]!;
    for (const x of [...outputs, ...inputs]) checkSameDType(name, x, dtype);
    const [out, own] = [stageList(name, outputs, true), stageList(name, inputs, false)];
    const counts = (list: readonly Tensor[]) => list.map((x) => x.numel());
    return this.startAllToAll(`${name}(${dtype})`, name, out, own, counts(outputs), counts(inputs));
  }

  /** Sends parts of `input`, cut along its first axis, to the ranks, and puts together what comes from them. Without splits the parts are equal. */
  allToAllSingle(
    output: Tensor,
    input: Tensor,
    outputSplits?: readonly number[] | null,
    inputSplits?: readonly number[] | null,
    name = "allToAllSingle",
  ): Work {
    checkSameDType(name, input, output.dtype);
    const outputCounts = this.splitCounts(name, "output", output, outputSplits);
    const inputCounts = this.splitCounts(name, "input", input, inputSplits);
    const [out, own] = [stage(name, output, true), stage(name, input, false)];
    return this.startAllToAll(`${name}(${input.dtype})`, name, out, own, outputCounts, inputCounts);
  }

  private startAllToAll(
    text: string,
    name: string,
    out: Staged,
    own: Staged,
    outputCounts: readonly number[],
    inputCounts: readonly number[],
  ): Work {
    const call = { kind: "allToAll", input: own.view, output: out.view, type: own.type, text } as const;
    try {
      this.compareCounts(name, outputCounts, inputCounts);
    } catch (error) {
      for (const staged of [out, own]) staged.release();
      throw error;
    }
    return this.begin({ ...call, inputCounts, outputCounts }, [out, own]);
  }

  /** Sends `tensor` to rank `destination`, which calls {@link recv} with a tensor of the same dtype and as many elements. */
  send(tensor: Tensor, destination: number, tag = 0, name = "send"): Work {
    const own = stage(name, tensor, false);
    const text = `${name}(${tensorText(tensor)}, dst: ${this.ranks[destination]}${tag === 0 ? "" : `, tag: ${tag}`})`;
    return this.begin(
      { kind: "send", input: own.view, type: own.type, dtype: tensor.dtype, peer: destination, tag, text },
      [own],
    );
  }

  /** Receives what rank `source` sends, or any if it is −1. */
  recv(tensor: Tensor, source: number, tag = 0, name = "recv"): Work {
    const out = stage(name, tensor, true);
    const from = source < 0 ? "" : `, src: ${this.ranks[source]}`;
    const text = `${name}(${tensorText(tensor)}${from}${tag === 0 ? "" : `, tag: ${tag}`})`;
    return this.begin(
      { kind: "recv", output: out.view, type: out.type, dtype: tensor.dtype, peer: source, tag, text },
      [out],
    );
  }

  /** Is over once all ranks have called it. */
  barrier(name = "barrier"): Work {
    return this.begin({ kind: "barrier", type: "uint8", text: `${name}()` }, []);
  }

  /** The bytes that every rank gives, which may differ in length, by rank. Waits. */
  allGatherBytes(bytes: Uint8Array, name = "allGatherObject"): Uint8Array[] {
    const length = allocate([1], "int64");
    length.fill_(bytes.length);
    const lengths = allocate([this.size], "int64");
    this.now(() => this.allGatherIntoTensor(lengths, length, name));
    const counts = lengths.tolist<number[]>();
    const most = Math.max(...counts);
    const own = allocate([most], "uint8");
    own.storage.backend.write(own.storage.block, "uint8", own.offset, bytes);
    const all = allocate([this.size, most], "uint8");
    this.now(() => this.allGatherIntoTensor(all, own, name));
    const flat = all.toTypedArray() as Uint8Array;
    const parts = counts.map((n, rank) => flat.slice(rank * most, rank * most + n));
    for (const x of [length, lengths, own, all]) x.dispose();
    return parts;
  }

  /** The bytes that rank `root` gives, at every rank. Waits. */
  broadcastBytes(bytes: Uint8Array | undefined, root: number, name = "broadcastObjectList"): Uint8Array {
    const length = allocate([1], "int64");
    length.fill_(bytes?.length ?? 0);
    this.now(() => this.broadcast(length, root, name));
    const content = allocate([length.item()], "uint8");
    if (bytes !== undefined && this.rank === root)
      content.storage.backend.write(content.storage.block, "uint8", content.offset, bytes);
    this.now(() => this.broadcast(content, root, name));
    const result = content.toTypedArray() as Uint8Array;
    for (const x of [length, content]) x.dispose();
    return result;
  }

  // ---- Parts --------------------------------------------------------------------------------------------------------

  /** Starts a call. What it stands on is given back when it is over; `before` runs after success, before results go to where they belong. */
  private begin(call: Omit<Call, "comm">, staged: readonly Staged[], before?: () => void): Work {
    this.sweep();
    // It is of the first call: what is started within another is waited for as well.
    const { isAwaited } = this;
    this.isAwaited = false;
    const release = (): void => {
      for (const part of staged) part.release();
    };
    try {
      const ticket = this.engine.start(this.completed(call, isAwaited));
      const finish = (): void => {
        before?.();
        for (const part of staged) part.finish();
      };
      const work = new Work(ticket, this.timeout, finish, release, this.ranks);
      this.underWay.push(work);
      return work;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Calls all have the same properties in the same order: to read them from objects of a dozen shapes costs several microseconds. */
  private completed(call: Omit<Call, "comm">, isAwaited: boolean): Call {
    const { kind, type, input, output, op, peer, tag, dtype, inputCounts, outputCounts, text } = call;
    const { comm } = this;
    const all: { [K in keyof Required<Call>]: Call[K] } = {
      kind,
      comm,
      type,
      input,
      output,
      op,
      peer,
      tag,
      dtype,
      inputCounts,
      outputCounts,
      isAwaited,
      text,
    };
    return all;
  }

  /** Finishes those that are over, whether somebody waits for them or not: until then they hold on to memory. */
  private sweep(): void {
    if (this.underWay.length === 0) return;
    this.underWay = this.underWay.filter((work) => {
      if (!work.isCompleted()) return true;
      work.exception();
      return false;
    });
  }

  /** Waits for all that is under way. */
  drain(): void {
    for (const work of this.underWay) work.exception();
    for (const work of this.underWay) if (!work.isCompleted()) work.wait();
    this.underWay = [];
  }

  private average(staged: Staged, op: ReduceOp): void {
    if (op !== "avg" || staged.tensor.numel() === 0) return;
    const { tensor } = staged;
    if (tensor.isFloatingPoint()) tensor.detach().div_(this.size);
    else tensor.detach().div_(this.size, { roundingMode: "trunc" });
  }

  private rootList(
    name: string,
    argument: string,
    list: readonly Tensor[] | undefined,
    tensor: Tensor,
    root: number,
    writes: boolean,
  ): Staged | undefined {
    if (this.rank !== root) return undefined;
    this.checkList(name, argument, list ?? [], tensor);
    return stageList(name, list!, writes);
  }

  private checkPair(name: string, argument: string, whole: Tensor, part: Tensor, times: number): void {
    checkSameDType(name, whole, part.dtype);
    if (whole.numel() !== part.numel() * times)
      throw new ShapeError(
        `${name}: ${argument} has to have the elements of ${times} tensors of shape ${shapeText(part.shape)}, one for each rank, got ${shapeText(whole.shape)}`,
      );
  }

  private checkList(name: string, argument: string, list: readonly Tensor[], like: Tensor): void {
    this.checkCount(name, argument, list);
    for (const x of list) {
      checkSameDType(name, x, like.dtype);
      if (!sameShape(x.shape, like.shape))
        throw new ShapeError(
          `${name}: the tensors of ${argument} have to be of the shape ${shapeText(like.shape)} of the tensor, got ${shapeText(x.shape)}`,
        );
    }
  }

  private checkCount(name: string, argument: string, list: readonly Tensor[]): void {
    if (list.length !== this.size)
      throw new ValueError(
        `${name}: ${argument} has to have one tensor for each of the ${this.size} ranks, got ${list.length}`,
      );
  }

  private splitCounts(name: string, argument: string, x: Tensor, splits?: readonly number[] | null): number[] {
    const rows = x.ndim === 0 ? 1 : x.shape[0]!;
    if (splits == null || splits.length === 0) {
      if (rows % this.size !== 0)
        throw new ShapeError(
          `${name}: the first axis of ${argument} has to be divisible by the ${this.size} ranks, got ${shapeText(x.shape)}`,
        );
      return new Array<number>(this.size).fill(x.numel() / this.size);
    }
    if (splits.length !== this.size || splits.reduce((sum, n) => sum + n, 0) !== rows)
      throw new ValueError(
        `${name}: ${argument}SplitSizes have to be ${this.size} numbers with the sum ${rows}, the first axis of ${argument}, got [${splits.join(", ")}]`,
      );
    const row = rows === 0 ? 0 : x.numel() / rows;
    return splits.map((n) => n * row);
  }

  /** Every rank sees what all ranks send and receive, so that all of them come to the same judgment. */
  private compareCounts(name: string, outputCounts: readonly number[], inputCounts: readonly number[]): void {
    const own = new Float64Array([...outputCounts, ...inputCounts]);
    const all = this.allGatherBytes(new Uint8Array(own.buffer), name).map((bytes) => new Float64Array(bytes.buffer));
    for (let to = 0; to < this.size; to++)
      for (let from = 0; from < this.size; from++) {
        const [wanted, sent] = [all[to]![from], all[from]![this.size + to]];
        if (wanted !== sent)
          throw new ShapeError(
            `${name}: rank ${this.ranks[from]} sends ${sent} elements to rank ${this.ranks[to]}, which receives ${wanted}`,
          );
      }
  }
}

function checkSameDType(name: string, x: Tensor, dtype: Tensor["dtype"]): void {
  if (x.dtype !== dtype)
    throw new DTypeError(`${name}: all tensors have to be of one dtype, got ${x.dtype} and ${dtype}`);
}
