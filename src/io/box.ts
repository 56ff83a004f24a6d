/** Parts of tensors in files: the smallest box of whole ranges that an index asks for, read in as few pieces as are worth it. */

import { sizeOf } from "../core/dtype";
import { type ElementFailure, type ElementType, keptAs, keptBytes, widthOf } from "../core/elements";
import { IndexError } from "../core/errors";
import { sizeOfShape } from "../core/shape";
import { allocate } from "../tensor/create";
import { type IndexItem, parseIndex } from "../tensor/indexing";
import type { Tensor } from "../tensor/tensor";
import { memoryOf } from "./elements";

/** A range of each axis. */
export type Box = readonly (readonly [begin: number, end: number])[];

const clamp = (at: number, size: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);

/**
 * The box that holds what an index asks for, and what is left to be asked of it: undefined if that is all of it.
 * @throws IndexError for other items than integers and slices, and for integers beyond the axis.
 */
export function boxOf(items: readonly IndexItem[], shape: readonly number[]): { box: Box; rest?: IndexItem[] } {
  const box: [number, number][] = [];
  const rest: IndexItem[] = [];
  for (const step of parseIndex(items, shape.length)) {
    const axis = box.length;
    const size = shape[axis]!;
    if (step.kind === "select") {
      const { index } = step;
      if (index < -size || index >= size)
        throw new IndexError(`at: index ${index} is out of bounds for dimension ${axis} with size ${size}`);
      const at = index < 0 ? index + size : index;
      box.push([at, at + 1]);
      rest.push(0);
    } else if (step.kind === "slice") {
      const begin = clamp(step.start ?? 0, size);
      box.push([begin, Math.max(begin, clamp(step.end ?? size, size))]);
      rest.push(`::${step.step}`);
    } else throw new IndexError("at: parts of files are asked for by integers and slices; read the tensor for others");
  }
  return { box, ...(rest.some((item) => item !== "::1") && { rest }) };
}

/** Reads `count` elements from one on. */
type Read = (start: number, count: number, into: Uint8Array) => Promise<Uint8Array>;

/** Bytes between two runs that are read with them, since to read twice would take longer. */
const MOST_GAP = 1 << 16;
/** Bytes of runs and gaps that are read at a time. */
const PIECE = 4 << 20;

/** The runs of neighbors that make up a box: as many axes as are whole at the end lie in one. */
function runsOf(box: Box, shape: readonly number[]): { length: number; starts: () => Generator<number> } {
  let split = box.length;
  let inner = 1;
  while (split > 0 && box[split - 1]![0] === 0 && box[split - 1]![1] === shape[split - 1]) inner *= shape[--split]!;
  if (split > 0) split--;
  const [begin, end] = box[split] ?? [0, 1];
  const isWhole = box.length === 0 || (split === 0 && begin === 0 && end === shape[0]);
  const step = isWhole ? sizeOfShape(shape) : inner;
  const outer = isWhole ? [] : box.slice(0, split);
  const strides: number[] = [];
  for (let axis = split - 1, stride = (shape[split] ?? 1) * inner; axis >= 0; stride *= shape[axis--]!)
    strides[axis] = stride;
  const starts = function* (axis = 0, at = isWhole ? 0 : begin * inner): Generator<number> {
    if (axis === outer.length) return yield at;
    const [from, to] = outer[axis]!;
    for (let i = from; i < to; i++) yield* starts(axis + 1, at + i * strides[axis]!);
  };
  return { length: isWhole ? step : (end - begin) * inner, starts };
}

/** Runs that lie close together, to be read at once. */
function* groups(starts: Generator<number>, length: number, gap: number, most: number): Generator<number[]> {
  let group: number[] = [];
  for (const start of starts) {
    const isNear = group.length > 0 && start - (group.at(-1)! + length) <= gap && start + length - group[0]! <= most;
    if (group.length > 0 && !isNear) {
      yield group;
      group = [];
    }
    group.push(start);
  }
  if (group.length > 0) yield group;
}

/** The elements of a box as a tensor. */
export async function readBox(
  box: Box,
  shape: readonly number[],
  type: ElementType,
  read: Read,
  fail: ElementFailure,
): Promise<Tensor> {
  const width = widthOf(type);
  const x = allocate(
    box.map(([begin, end]) => end - begin),
    keptAs(type),
  );
  let isWhole = false;
  try {
    const memory = memoryOf(x);
    const scale = sizeOf(x.dtype);
    const { length, starts } = runsOf(box, shape);
    const most = Math.max(1, PIECE / width);
    let at = 0;
    const put = (bytes: Uint8Array, first: number): void => {
      memory.set(
        keptBytes(type, bytes, (i, why) => fail(first + i, why)),
        at * scale,
      );
      at += bytes.length / width;
    };
    if (x.numel() > 0)
      for (const group of groups(starts(), length, MOST_GAP / width, most)) {
        if (group.length === 1) {
          for (let done = 0; done < length; done += most) {
            const n = Math.min(most, length - done);
            const first = group[0]! + done;
            put(await read(first, n, new Uint8Array(n * width)), first);
          }
          continue;
        }
        const count = group.at(-1)! + length - group[0]!;
        const bytes = await read(group[0]!, count, new Uint8Array(count * width));
        for (const start of group)
          put(bytes.slice((start - group[0]!) * width, (start - group[0]! + length) * width), start);
      }
    isWhole = true;
    return x;
  } finally {
    if (!isWhole) x.dispose();
  }
}
