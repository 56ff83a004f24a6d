/** Ranks begin with the same module, or all of them with an error. */
import { DTypeError, ShapeError, ValueError } from "../../core/errors";
import { shapeText } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import type { ProcessGroup } from "../group";
import { copyValues, lasting, windowOf } from "./memory";

type Facts = readonly [name: string, shape: readonly number[], dtype: string];
export type Named = readonly [name: string, value: Tensor];

const quote = (rank: number): string => `Rank ${rank}`;

/**
 * Compares the names, shapes and dtypes of tensors with those of rank 0.
 * @param kind What the tensors are, for errors.
 * @throws ValueError, ShapeError or DTypeError on every rank of the group if they differ on any.
 */
export function compare(op: string, kind: string, tensors: readonly Named[], group: ProcessGroup): void {
  const own: Facts[] = tensors.map(([name, x]) => [name, x.shape, x.dtype]);
  const bytes = new TextEncoder().encode(JSON.stringify(own));
  const all = group.allGatherBytes(bytes, op).map((part) => new TextDecoder().decode(part));
  const differing = all.findIndex((text) => text !== all[0]);
  if (differing < 0) return;
  const [first, other] = [JSON.parse(all[0]!), JSON.parse(all[differing]!)] as [Facts[], Facts[]];
  throw difference(op, kind, first, other, group.ranks[0]!, group.ranks[differing]!);
}

function difference(
  op: string,
  kind: string,
  first: readonly Facts[],
  other: readonly Facts[],
  rank0: number,
  rank: number,
): Error {
  const expected = `${op}: DDP expects same model across all ranks`;
  if (first.length !== other.length)
    return new ValueError(
      `${expected}, but ${quote(rank0)} has ${first.length} ${kind}s, while ${quote(rank)} has inconsistent ${other.length} ${kind}s.`,
    );
  const i = first.findIndex((facts, k) => JSON.stringify(facts) !== JSON.stringify(other[k]));
  const [[name, shape, dtype], [otherName, otherShape, otherDType]] = [first[i]!, other[i]!];
  if (name !== otherName)
    return new ValueError(
      `${expected}, but ${kind} ${i} is ${name} on ${quote(rank0)} and ${otherName} on ${quote(rank)}.`,
    );
  if (dtype !== otherDType)
    return new DTypeError(
      `${op}: ${kind} ${name} on ${quote(rank)} with dtype ${otherDType} appears not to match the dtype ${dtype} of the same ${kind} on ${quote(rank0)}.`,
    );
  return new ShapeError(
    `${op}: ${kind} ${name} on ${quote(rank)} with sizes ${shapeText(otherShape)} appears not to match sizes ${shapeText(shape)} of the same ${kind} on ${quote(rank0)}.`,
  );
}

/** Tensors of fewer bytes travel together. */
const SMALL_BYTES = 1 << 16;

/** Gives tensors the values of one rank. Small ones of a dtype travel as one. */
export function broadcastAll(op: string, tensors: readonly Tensor[], root: number, group: ProcessGroup): void {
  if (group.size === 1) return;
  const small = new Map<string, Tensor[]>();
  const works = [];
  for (const x of tensors) {
    if (x.numel() === 0) continue;
    if (x.numel() * x.elementSize() >= SMALL_BYTES) works.push(group.broadcast(x.detach(), root, op));
    else small.set(x.dtype, [...(small.get(x.dtype) ?? []), x]);
  }
  const packs = [...small.values()].map((list) => packed(list));
  for (const { flat } of packs) works.push(group.broadcast(flat, root, op));
  for (const work of works) work.wait();
  for (const { flat, parts, list } of packs) {
    if (group.rank !== root) for (const [i, x] of list.entries()) copyValues(x, parts[i]!);
    for (const x of [flat, ...parts]) x.dispose();
  }
}

/** Copies of tensors, one after the other in one. */
function packed(list: readonly Tensor[]): { flat: Tensor; parts: readonly Tensor[]; list: readonly Tensor[] } {
  const flat = lasting([list.reduce((n, x) => n + x.numel(), 0)], list[0]!.dtype);
  let offset = 0;
  const parts = list.map((x) => {
    const part = windowOf(flat, offset, x.shape);
    offset += x.numel();
    copyValues(part, x);
    return part;
  });
  return { flat, parts, list };
}
