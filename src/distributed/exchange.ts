/** Functions for values of the program, for several messages at once, and for what is known of groups. */
import { checkArray, checkInteger } from "../core/arguments";
import { ArgumentError, ValueError } from "../core/errors";
import { checkTensor } from "../ops/builders/checks";
import type { Tensor } from "../tensor/tensor";
import { irecv, isend, rankIn } from "./collectives";
import type { ProcessGroup } from "./group";
import { decode, encode } from "./objects";
import type { Work } from "./work";
import { checkTimeout } from "./work";
import { groupFor } from "./world";

/** Which ranks take part. */
export interface ObjectOptions {
  /** Default: all ranks. */
  group?: ProcessGroup | null;
}

/** A list that is filled with one value for each rank. */
function checkLength(op: string, name: string, list: unknown, length: number): unknown[] {
  const values = checkArray(op, name, list, "values") as unknown[];
  if (values.length !== length)
    throw new ValueError(
      `${op}: ${name} has to have one element for each of the ${length} ranks, got ${values.length}`,
    );
  return values;
}

export function broadcastObjectList(objectList: unknown[], src = 0, options: ObjectOptions = {}): void {
  const op = "broadcastObjectList";
  const list = checkArray(op, "objectList", objectList, "values") as unknown[];
  const group = groupFor(op, options.group);
  if (group.rank < 0) return;
  const root = rankIn(op, "src", group, src);
  const own = group.rank === root ? encode(op, list) : undefined;
  const values = decode(group.broadcastBytes(own, root, op)) as unknown[];
  if (values.length !== list.length)
    throw new ValueError(`${op}: objectList has ${list.length} elements here, and ${values.length} on rank ${src}`);
  if (own === undefined) for (const [i, value] of values.entries()) list[i] = value;
}

export function allGatherObject(objectList: unknown[], object: unknown, options: ObjectOptions = {}): void {
  const op = "allGatherObject";
  const group = groupFor(op, options.group);
  if (group.rank < 0) return;
  const list = checkLength(op, "objectList", objectList, group.size);
  for (const [i, bytes] of group.allGatherBytes(encode(op, object), op).entries()) list[i] = decode(bytes);
}

export function gatherObject(
  object: unknown,
  objectGatherList?: unknown[] | null,
  dst = 0,
  options: ObjectOptions = {},
): void {
  const op = "gatherObject";
  const group = groupFor(op, options.group);
  if (group.rank < 0) return;
  const isRoot = rankIn(op, "dst", group, dst) === group.rank;
  if (!isRoot && objectGatherList != null)
    throw new ArgumentError(`${op}: objectGatherList must only be given on the destination rank`);
  const list = isRoot ? checkLength(op, "objectGatherList", objectGatherList, group.size) : [];
  const all = group.allGatherBytes(encode(op, object), op);
  if (isRoot) for (const [i, bytes] of all.entries()) list[i] = decode(bytes);
}

export function scatterObjectList(
  scatterObjectOutputList: unknown[],
  scatterObjectInputList?: unknown[] | null,
  src = 0,
  options: ObjectOptions = {},
): void {
  const op = "scatterObjectList";
  const output = checkArray(op, "scatterObjectOutputList", scatterObjectOutputList, "values") as unknown[];
  if (output.length < 1) throw new ValueError(`${op}: scatterObjectOutputList has to have at least one element`);
  const group = groupFor(op, options.group);
  if (group.rank < 0) return;
  const root = rankIn(op, "src", group, src);
  const isRoot = group.rank === root;
  const parts = isRoot ? checkLength(op, "scatterObjectInputList", scatterObjectInputList, group.size) : undefined;
  const bytes =
    parts === undefined
      ? undefined
      : encode(
          op,
          parts.map((part) => encode(op, part)),
        );
  const all = decode(group.broadcastBytes(bytes, root, op)) as Uint8Array[];
  output[0] = decode(all[group.rank]!);
}

/** One message of {@link batchIsendIrecv}. */
export interface Message {
  readonly op: typeof isend | typeof irecv;
  readonly tensor: Tensor;
  readonly peer: number;
  readonly group?: ProcessGroup | null | undefined;
  readonly tag?: number | undefined;
}

/** @param isSend Whether an op sends; undefined for what is neither. */
export function batchIsendIrecv(list: readonly Message[], isSend: (op: unknown) => boolean | undefined): Work[] {
  const op = "batchIsendIrecv";
  const messages = checkArray(op, "p2pOpList", list, "P2POps") as readonly Message[];
  if (messages.length === 0) throw new ValueError(`${op}: p2pOpList is empty`);
  const works = messages.map((message, i) => {
    const sends = isSend(message?.op);
    if (sends === undefined) throw new ArgumentError(`${op}: p2pOpList[${i}].op must be isend or irecv`);
    checkTensor(op, message.tensor, `p2pOpList[${i}].tensor`);
    const options = { group: message.group ?? null, tag: message.tag ?? 0 };
    return (sends ? isend : irecv)(message.tensor, message.peer, options);
  });
  return works.filter((work) => work !== null);
}

/** Options of {@link monitoredBarrier}. */
export interface MonitoredBarrierOptions extends ObjectOptions {
  /** Seconds. Default: as long as collectives of the group may take. */
  timeout?: number | null;
  /** The error always names all ranks that are missing. Default: false. */
  waitAllRanks?: boolean;
}

export function monitoredBarrier({ group, timeout }: MonitoredBarrierOptions = {}): void {
  const op = "monitoredBarrier";
  const target = groupFor(op, group);
  if (target.rank < 0) return;
  const limit = timeout == null ? undefined : checkTimeout(op, timeout) / 1000;
  target.barrier(op).wait(limit);
}

export function getBackend(group?: ProcessGroup | null): string {
  return groupFor("getBackend", group).engine.name;
}

export function getRank(group?: ProcessGroup | null): number {
  return groupFor("getRank", group).rank;
}

/** −1 for a process that is not in the group. */
export function getWorldSize(group?: ProcessGroup | null): number {
  const target = groupFor("getWorldSize", group);
  return target.rank < 0 ? -1 : target.size;
}

export function getGlobalRank(group: ProcessGroup, groupRank: number): number {
  const op = "getGlobalRank";
  const target = groupFor(op, group);
  return target.ranks[checkInteger(op, "groupRank", groupRank, 0, target.size - 1)]!;
}

export function getGroupRank(group: ProcessGroup, globalRank: number): number {
  const op = "getGroupRank";
  return rankIn(op, "globalRank", groupFor(op, group), globalRank);
}

export function getProcessGroupRanks(group?: ProcessGroup | null): number[] {
  return [...groupFor("getProcessGroupRanks", group).ranks];
}
