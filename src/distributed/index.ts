/**
 * `torch.distributed`: several processes, on one machine or many, that train one model. A launcher of MPI starts them (`npx kindling run -n 4 train.js`,
 * `mpirun`, `srun`); a process that none started is a group of one, so that the same program runs alone. What communicates is loaded by
 * {@link initProcessGroup}.
 */
import { ArgumentError, describe } from "../core/errors";
import { named, namedAsync } from "../core/signature";
import { checkTensor } from "../ops/builders/checks";
import { runtime } from "../platform/platform";
import type { Tensor } from "../tensor/tensor";
import type { Message } from "./exchange";
import type { ProcessGroup } from "./group";
import type * as Room from "./lazyDistributed";
import { later, loaded, loadRoom, roomIfLoaded, useEngine } from "./room";
import type { Work } from "./work";
import type { InitOptions } from "./world";

export * as algorithms from "./algorithms";
export type {
  BarrierOptions,
  CollectiveOptions,
  MessageOptions,
  ReduceOptions,
} from "./collectives";
export { DistBackendError, RankLostError } from "./engine";
export type { MonitoredBarrierOptions, ObjectOptions } from "./exchange";
export type { ProcessGroup } from "./group";
export * as optim from "./optim";
export type { CommHook, GradBucket } from "./parallel/index";
export { ReduceOp } from "./reductions";
export type { Work } from "./work";
export type { GroupOptions, InitOptions, ShrinkOptions } from "./world";

/**
 * Connects this process with the others that an MPI launcher started, each of which calls this. Without a launcher the process is alone: rank 0 of 1.
 *
 * In Node, MPI is called through the package `koffi` (`npm install koffi`); Deno (`--allow-ffi --allow-env`) and Bun need nothing. Where ranks share a
 * machine, they share its cores: each computes on as many threads as there are for it, unless `KINDLING_THREADS` says how many.
 *
 * When the process ends with exit code 0 it waits for the other ranks; with another one, or after an error, it ends all of them.
 * @param backend `"mpi"`, or left out.
 * @throws DistBackendError if MPI cannot be found or does not start, ValueError if the launcher has started other ranks than the options expect.
 * @see torch.distributed.init_process_group
 * @example
 * import * as dist from "kindling/distributed";
 * await dist.initProcessGroup({ timeout: 300 });
 * console.log(`rank ${dist.getRank()} of ${dist.getWorldSize()}`);
 */
export const initProcessGroup = namedAsync(
  "initProcessGroup",
  "backend?; initMethod, timeout, worldSize, rank, store, groupName, pgOptions",
  async (backend?: string | null, options?: InitOptions): Promise<void> => {
    await (await loadRoom()).init(backend, options);
  },
);

/** Whether processes can communicate here: everywhere but in browsers. @see torch.distributed.is_available */
export const isAvailable = named("isAvailable", "", (): boolean => runtime !== "browser");

/** Whether {@link initProcessGroup} was called. @see torch.distributed.is_initialized */
export const isInitialized = named("isInitialized", "", (): boolean => roomIfLoaded()?.isInitialized() ?? false);

/** Whether the backend "mpi" can be had, if a launcher starts the program. @see torch.distributed.is_mpi_available */
export const isMpiAvailable = named("isMpiAvailable", "", (): boolean => runtime !== "browser");

/** The rank of this process in a group: 0 to the number of ranks − 1; −1 if it is not in the group. @see torch.distributed.get_rank */
export const getRank = later("getRank", "group?");

/** How many ranks a group has; −1 if this process is not in the group. @see torch.distributed.get_world_size */
export const getWorldSize = later("getWorldSize", "group?");

/** `"mpi"`, or `"self"` for a process that is alone. @see torch.distributed.get_backend */
export const getBackend = later("getBackend", "group?");

/** The rank in the world of a rank of a group. @see torch.distributed.get_global_rank */
export const getGlobalRank = later("getGlobalRank", "group, groupRank");

/** The rank in a group of a rank of the world. @throws ValueError if it is not in the group. @see torch.distributed.get_group_rank */
export const getGroupRank = later("getGroupRank", "group, globalRank");

/** The ranks in the world of the members of a group. @see torch.distributed.get_process_group_ranks */
export const getProcessGroupRanks = later("getProcessGroupRanks", "group?");

/**
 * A group of some of the ranks. All ranks call this, also those that are not in it, for which collectives of the group do nothing.
 * @param ranks Ranks of the world, each once; all of them if left out.
 * @see torch.distributed.new_group
 * @example const even = dist.newGroup([0, 2]);
 */
export const newGroup = later("newGroup", "ranks?; timeout, backend, pgOptions");

/**
 * Goes on without some ranks: gives a group of those of a group that are left, in their order. It leaves out the ranks given, and those that are gone. All ranks
 * of the group that are there call it, also those that are given, for which collectives of the new group do nothing.
 *
 * Of the default group it makes the default group: {@link getRank} and {@link getWorldSize} count the ranks anew, all other groups are over, and objects that hold
 * one, such as a `DistributedDataParallel` or a `DistributedSampler`, have to be made anew. PyTorch's is not called by ranks that are to be left out.
 *
 * Ranks can go on after the death of others where MPI has fault tolerance: Open MPI 5 has, started with `kindling run --survive` or `mpirun --with-ft ulfm`.
 * @param ranksToExclude Ranks of the world; none if left out.
 * @throws ValueError for ranks that are not in the group, DistBackendError on all ranks if they exclude different ones.
 * @see torch.distributed.shrink_group
 * @example
 * try {
 *   loss.backward();
 * } catch (error) {
 *   if (!(error instanceof dist.RankLostError)) throw error;
 *   dist.shrinkGroup();
 *   model = new nn.parallel.DistributedDataParallel(net);
 * }
 */
export const shrinkGroup = later("shrinkGroup", "ranksToExclude?; group");

/** Ends a group, or, without one, all of them; {@link initProcessGroup} may follow. Waits for what is under way. @see torch.distributed.destroy_process_group */
export const destroyProcessGroup = later("destroyProcessGroup", "group?");

/**
 * Reduces a tensor over all ranks; every rank gets the result in place, the same bits. 16-bit floats are reduced as float32.
 * @returns With `asyncOp` a {@link Work}, otherwise null.
 * @see torch.distributed.all_reduce
 * @example
 * const loss = torch.tensor([localLoss]);
 * dist.allReduce(loss, { op: dist.ReduceOp.AVG });
 */
export const allReduce = later("allReduce", "tensor; op, group, asyncOp");

/** Sends the tensor of rank `src` to all ranks, which get it in place. @see torch.distributed.broadcast */
export const broadcast = later("broadcast", "tensor, src; group, asyncOp");

/** {@link allReduce} of which only rank `dst` gets the result; the tensors of others stay as they are. @see torch.distributed.reduce */
export const reduce = later("reduce", "tensor, dst; op, group, asyncOp");

/** Writes the tensor of each rank into the tensors of a list, by rank. @see torch.distributed.all_gather */
export const allGather = later("allGather", "tensorList, tensor; group, asyncOp");

/** Writes the tensor of each rank into one tensor of size × n elements, by rank. @see torch.distributed.all_gather_into_tensor */
export const allGatherIntoTensor = later("allGatherIntoTensor", "outputTensor, inputTensor; group, asyncOp");

/** Writes the tensor of each rank into a list of rank `dst`; other ranks give none. @see torch.distributed.gather */
export const gather = later("gather", "tensor, gatherList?, dst?; group, asyncOp");

/** Writes the tensors of a list of rank `src` to the ranks; other ranks give none. @see torch.distributed.scatter */
export const scatter = later("scatter", "tensor, scatterList?, src?; group, asyncOp");

/** Reduces a list with one tensor for each rank over all ranks; each rank gets its own. @see torch.distributed.reduce_scatter */
export const reduceScatter = later("reduceScatter", "output, inputList; op, group, asyncOp");

/** {@link reduceScatter} of one tensor of size × n elements. @see torch.distributed.reduce_scatter_tensor */
export const reduceScatterTensor = later("reduceScatterTensor", "output, input; op, group, asyncOp");

/** Sends one tensor to each rank, and receives one from each. Shapes may differ. @see torch.distributed.all_to_all */
export const allToAll = later("allToAll", "outputTensorList, inputTensorList; group, asyncOp");

/** {@link allToAll} of parts of one tensor, cut along its first axis, equally or by the sizes given. @see torch.distributed.all_to_all_single */
export const allToAllSingle = later(
  "allToAllSingle",
  "output, input, outputSplitSizes?, inputSplitSizes?; group, asyncOp",
);

/** Sends a tensor to rank `dst`, and waits until it may be changed. @see torch.distributed.send */
export const send = later("send", "tensor, dst; group, tag");

/** Receives a tensor of the same dtype and number of elements from rank `src`, or from any. @returns The rank of the sender. @see torch.distributed.recv */
export const recv = later("recv", "tensor, src?; group, tag");

/** {@link send} that goes on while the program does something else. @see torch.distributed.isend */
export const isend = later("isend", "tensor, dst; group, tag");

/** {@link recv} that goes on while the program does something else. @see torch.distributed.irecv */
export const irecv = later("irecv", "tensor, src?; group, tag");

/** What {@link P2POp} takes. */
interface P2PArguments {
  op: typeof isend | typeof irecv;
  tensor: Tensor;
  peer: number;
  group?: ProcessGroup | null;
  tag?: number;
}

/** One message of {@link batchIsendIrecv}. @see torch.distributed.P2POp */
export class P2POp {
  readonly op: P2PArguments["op"];
  readonly tensor: Tensor;
  readonly peer: number;
  readonly group: ProcessGroup | null;
  readonly tag: number;

  /**
   * @param op {@link isend} or {@link irecv}.
   * @param peer The rank that the message goes to or comes from.
   * @throws ArgumentError for another op, or what is no tensor.
   */
  constructor(op: P2PArguments["op"], tensor: Tensor, peer: number, group?: ProcessGroup | null, tag = 0) {
    if (op !== isend && op !== irecv) throw new ArgumentError(`P2POp: op must be isend or irecv, got ${describe(op)}`);
    checkTensor("P2POp", tensor, "tensor");
    this.op = op;
    this.tensor = tensor;
    this.peer = peer;
    this.group = group ?? null;
    this.tag = tag;
  }
}

/** Starts several messages at once, which may go in both directions. @returns One {@link Work} for each. @see torch.distributed.batch_isend_irecv */
export const batchIsendIrecv = named("batchIsendIrecv", "p2pOpList", (p2pOpList: readonly P2POp[]): Work[] =>
  loaded("batchIsendIrecv").batchIsendIrecv(p2pOpList as unknown as Message[], (op) =>
    op === isend ? true : op === irecv ? false : undefined,
  ),
);

/** Returns once all ranks have called it. @see torch.distributed.barrier */
export const barrier = named("barrier", ";group, asyncOp, deviceIds", (options?: Parameters<typeof Room.barrier>[0]) =>
  loaded("barrier").barrier(options),
);

/** {@link barrier} with a timeout of its own, whose error says what each rank is doing. @see torch.distributed.monitored_barrier */
export const monitoredBarrier = named(
  "monitoredBarrier",
  ";group, timeout, waitAllRanks",
  (options?: Parameters<typeof Room.monitoredBarrier>[0]) => loaded("monitoredBarrier").monitoredBarrier(options),
);

/** Sends the values of a list of rank `src` to all ranks, which get them in their lists: what `structuredClone` copies, and tensors. @see torch.distributed.broadcast_object_list */
export const broadcastObjectList = later("broadcastObjectList", "objectList, src?; group");

/** Puts a value of each rank into a list, by rank. @see torch.distributed.all_gather_object */
export const allGatherObject = later("allGatherObject", "objectList, object{}; group");

/** Puts a value of each rank into a list of rank `dst`. @see torch.distributed.gather_object */
export const gatherObject = later("gatherObject", "object{}, objectGatherList?, dst?; group");

/** Sends one value of a list of rank `src` to each rank, as the first element of its output list. @see torch.distributed.scatter_object_list */
export const scatterObjectList = later(
  "scatterObjectList",
  "scatterObjectOutputList, scatterObjectInputList?, src?; group",
);

/** @internal For the tests: the ranks of an engine of theirs. */
export const __useEngine = useEngine;
