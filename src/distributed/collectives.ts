/** PyTorch's functions of collectives, which take ranks of the world and any group. */
import { checkArray, checkFlag, checkInteger, checkIntegers } from "../core/arguments";
import { ArgumentError, ValueError } from "../core/errors";
import { checkTensor } from "../ops/builders/checks";
import type { Tensor } from "../tensor/tensor";
import type { ProcessGroup } from "./group";
import type { ReduceOp } from "./reductions";
import type { Work } from "./work";
import { groupFor } from "./world";

/** Which ranks take part, and whether the call waits. */
export interface CollectiveOptions {
  /** Default: all ranks. */
  group?: ProcessGroup | null;
  /** Give a {@link Work} at once instead of waiting. Default: false. */
  asyncOp?: boolean;
}

/** {@link CollectiveOptions} of a reduction. */
export interface ReduceOptions extends CollectiveOptions {
  /** Default: `ReduceOp.SUM`. */
  op?: ReduceOp;
}

/** Starts a collective in the group that is meant, and waits for it unless it is asynchronous. A process that is not in the group does nothing. */
function carryOut(op: string, options: CollectiveOptions, start: (group: ProcessGroup) => Work): Work | null {
  const group = groupFor(op, options.group);
  if (!isMember(op, group)) return null;
  const isAsync = options.asyncOp !== undefined && checkFlag(op, "asyncOp", options.asyncOp);
  if (isAsync) return start(group);
  group.now(start);
  return null;
}

/** As PyTorch, which warns. */
function isMember(op: string, group: ProcessGroup): boolean {
  if (group.rank >= 0) return true;
  console.warn(
    `kindling: running ${op} on global rank ${group.engine.rank} which does not belong to the given group [${group.ranks.join(", ")}]`,
  );
  return false;
}

/** The rank within the group of a rank of the world. */
export function rankIn(op: string, name: string, group: ProcessGroup, rank: unknown): number {
  const value = checkInteger(op, name, rank, 0, group.engine.worldSize - 1);
  const at = group.ranks.indexOf(value);
  if (at < 0)
    throw new ValueError(`${op}: ${name} has to be a rank of the group [${group.ranks.join(", ")}], got ${value}`);
  return at;
}

const tensorsOf = (op: string, name: string, list: unknown): Tensor[] =>
  checkArray(op, name, list, "tensors").map((x, i) => checkTensor(op, x, `${name}[${i}]`));

/** The list of the one rank that gives one. */
function listOf(op: string, name: string, role: string, isRoot: boolean, list: unknown): Tensor[] | undefined {
  if (isRoot) {
    if (list == null) throw new ArgumentError(`${op}: ${name} has to be given on the ${role} rank`);
    return tensorsOf(op, name, list);
  }
  if (list != null && (list as unknown[]).length !== 0)
    throw new ArgumentError(`${op}: ${name} must only be given on the ${role} rank`);
  return undefined;
}

export function allReduce(tensor: Tensor, options: ReduceOptions = {}): Work | null {
  checkTensor("allReduce", tensor, "tensor");
  return carryOut("allReduce", options, (group) => group.allReduce(tensor, options.op));
}

export function broadcast(tensor: Tensor, src: number, options: CollectiveOptions = {}): Work | null {
  const op = "broadcast";
  checkTensor(op, tensor, "tensor");
  return carryOut(op, options, (group) => group.broadcast(tensor, rankIn(op, "src", group, src)));
}

export function reduce(tensor: Tensor, dst: number, options: ReduceOptions = {}): Work | null {
  const op = "reduce";
  checkTensor(op, tensor, "tensor");
  return carryOut(op, options, (group) => group.reduce(tensor, rankIn(op, "dst", group, dst), options.op));
}

export function allGather(tensorList: readonly Tensor[], tensor: Tensor, options: CollectiveOptions = {}): Work | null {
  const op = "allGather";
  const list = tensorsOf(op, "tensorList", tensorList);
  checkTensor(op, tensor, "tensor");
  return carryOut(op, options, (group) => group.allGather(list, tensor));
}

export function allGatherIntoTensor(output: Tensor, input: Tensor, options: CollectiveOptions = {}): Work | null {
  const op = "allGatherIntoTensor";
  checkTensor(op, output, "outputTensor");
  checkTensor(op, input, "inputTensor");
  return carryOut(op, options, (group) => group.allGatherIntoTensor(output, input));
}

export function gather(
  tensor: Tensor,
  gatherList?: readonly Tensor[] | null,
  dst = 0,
  options: CollectiveOptions = {},
): Work | null {
  const op = "gather";
  checkTensor(op, tensor, "tensor");
  return carryOut(op, options, (group) => {
    const root = rankIn(op, "dst", group, dst);
    const list = listOf(op, "gatherList", "destination", root === group.rank, gatherList);
    return group.gather(tensor, list, root);
  });
}

export function scatter(
  tensor: Tensor,
  scatterList?: readonly Tensor[] | null,
  src = 0,
  options: CollectiveOptions = {},
): Work | null {
  const op = "scatter";
  checkTensor(op, tensor, "tensor");
  return carryOut(op, options, (group) => {
    const root = rankIn(op, "src", group, src);
    const list = listOf(op, "scatterList", "source", root === group.rank, scatterList);
    return group.scatter(tensor, list, root);
  });
}

export function reduceScatter(output: Tensor, inputList: readonly Tensor[], options: ReduceOptions = {}): Work | null {
  const op = "reduceScatter";
  checkTensor(op, output, "output");
  const list = tensorsOf(op, "inputList", inputList);
  return carryOut(op, options, (group) => group.reduceScatter(output, list, options.op));
}

export function reduceScatterTensor(output: Tensor, input: Tensor, options: ReduceOptions = {}): Work | null {
  const op = "reduceScatterTensor";
  checkTensor(op, output, "output");
  checkTensor(op, input, "input");
  return carryOut(op, options, (group) => group.reduceScatterTensor(output, input, options.op));
}

export function allToAll(
  outputTensorList: readonly Tensor[],
  inputTensorList: readonly Tensor[],
  options: CollectiveOptions = {},
): Work | null {
  const op = "allToAll";
  const outputs = tensorsOf(op, "outputTensorList", outputTensorList);
  const inputs = tensorsOf(op, "inputTensorList", inputTensorList);
  return carryOut(op, options, (group) => group.allToAll(outputs, inputs));
}

export function allToAllSingle(
  output: Tensor,
  input: Tensor,
  outputSplitSizes?: readonly number[] | null,
  inputSplitSizes?: readonly number[] | null,
  options: CollectiveOptions = {},
): Work | null {
  const op = "allToAllSingle";
  checkTensor(op, output, "output");
  checkTensor(op, input, "input");
  const splits = (name: string, sizes: unknown) => (sizes == null ? undefined : checkIntegers(op, name, sizes, 0));
  const outputSplits = splits("outputSplitSizes", outputSplitSizes);
  const inputSplits = splits("inputSplitSizes", inputSplitSizes);
  return carryOut(op, options, (group) => group.allToAllSingle(output, input, outputSplits, inputSplits));
}

/** Which ranks, and which of several messages. */
export interface MessageOptions {
  /** Default: all ranks. */
  group?: ProcessGroup | null;
  /** Messages are received by those who ask for their tag: an integer from 0 to 16383. Default: 0. */
  tag?: number;
}

/** At least 32767 is a tag for MPI, and each message needs two. */
const MOST_TAG = 16383;

/** The partner of a message, and its tag. */
function partner(op: string, name: string, group: ProcessGroup, rank: unknown, tag: unknown): [number, number] {
  const at = rankIn(op, name, group, rank);
  if (at === group.rank)
    throw new ValueError(
      `${op}: Invalid ${name === "dst" ? "destination" : "source"} rank: it should not be the same as the rank of the current process`,
    );
  return [at, checkInteger(op, "tag", tag, 0, MOST_TAG)];
}

export function isend(tensor: Tensor, dst: number, options: MessageOptions = {}, op = "isend"): Work | null {
  checkTensor(op, tensor, "tensor");
  const group = groupFor(op, options.group);
  if (!isMember(op, group)) return null;
  const [to, tag] = partner(op, "dst", group, dst, options.tag ?? 0);
  return group.send(tensor, to, tag, op);
}

export function send(tensor: Tensor, dst: number, options: MessageOptions = {}): void {
  isend(tensor, dst, options, "send")?.wait();
}

export function irecv(tensor: Tensor, src?: number | null, options: MessageOptions = {}, op = "irecv"): Work | null {
  checkTensor(op, tensor, "tensor");
  const group = groupFor(op, options.group);
  if (!isMember(op, group)) return null;
  if (src == null) return group.recv(tensor, -1, checkInteger(op, "tag", options.tag ?? 0, 0, MOST_TAG), op);
  const [from, tag] = partner(op, "src", group, src, options.tag ?? 0);
  return group.recv(tensor, from, tag, op);
}

export function recv(tensor: Tensor, src?: number | null, options: MessageOptions = {}): number {
  const work = irecv(tensor, src, options, "recv");
  if (work === null) return -1;
  work.wait();
  return work.sourceRank();
}

/** Options of {@link barrier}. */
export interface BarrierOptions extends CollectiveOptions {
  /** There is one cpu. */
  deviceIds?: null;
}

export function barrier(options: BarrierOptions = {}): Work | null {
  return carryOut("barrier", options, (group) => group.barrier());
}
