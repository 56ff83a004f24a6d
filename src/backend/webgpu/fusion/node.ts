/** Values that are not computed yet: elementwise expressions of other values and of memory, and results of kernels that expressions may join. */
import { type DType, sizeOf } from "../../../core/dtype";
import { contiguousStrides, sizeOfShape } from "../../../core/shape";
import type { Operand } from "../../operand";
import type { GpuBlock } from "../buffers";
import { geometryOf, stepOf } from "../wgsl/layout";

/** A number of the rule's dtype, or a window on a block. */
export type Value = Operand | number;

/** What an elementwise kernel computes. */
export interface Elementwise {
  /** Tells the rule from others of the same dtypes. */
  readonly name: string;
  readonly y: Operand;
  /** Operands that broadcast to y; numbers are of the dtype given. */
  readonly inputs: readonly Value[];
  readonly numbers: DType;
  /** Scalars, of the same dtype. */
  readonly scalars: readonly number[];
  /** A function that the rule calls, named after the rule. */
  readonly declarations?: string;
  /** An expression for an element, from those of the inputs and the names of the scalars. */
  readonly rule: (values: readonly string[], scalars: readonly string[]) => string;
}

/** A window that a value is computed from. */
export interface Input {
  readonly operand: Operand;
  /** The value of its block at that time, unless memory had it. */
  readonly from: Node | undefined;
}

/** A kernel that computes a value. */
export interface Kernel {
  readonly run: () => void;
  /** Whether it reads operands that are expressions, and computes them. */
  readonly inlines: boolean;
}

const blockOf = (x: Operand): GpuBlock => x.storage.block as GpuBlock;

/** A value that waits to be computed. It fills its block. */
export class Node {
  /** Values that are computed from it and wait. */
  readonly users = new Set<Node>();
  /** Whether memory has the value. */
  isStored = false;
  readonly block: GpuBlock;
  /** Elements. */
  readonly n: number;

  constructor(
    /** The op that asked for it, for errors. */
    readonly op: string,
    readonly y: Operand,
    /** What computes it. */
    readonly work: Elementwise | Kernel,
    readonly inputs: readonly Input[],
  ) {
    this.block = blockOf(y);
    this.n = sizeOfShape(y.shape);
  }

  get expression(): Elementwise | undefined {
    return "rule" in this.work ? this.work : undefined;
  }

  get kernel(): Kernel | undefined {
    return "run" in this.work ? this.work : undefined;
  }
}

/** An operand as it is now: tensors may be changed or disposed before it is read. */
export const snapshot = ({ storage, offset, shape, strides, dtype }: Operand): Operand => ({
  storage: { block: storage.block },
  offset,
  shape,
  strides,
  dtype,
});

/** Whether an operand takes all of its block, in order. */
export function isWhole({ storage, offset, shape, strides, dtype }: Operand): boolean {
  if (offset !== 0 || sizeOfShape(shape) * sizeOf(dtype) !== storage.block.bytes) return false;
  const dense = contiguousStrides(shape);
  return shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
}

/** Whether element i of a result of the given shape is computed from element i of a window, and of its block. */
export function isLinear(shape: readonly number[], x: Operand): boolean {
  if (x.offset !== 0 || sizeOfShape(x.shape) !== sizeOfShape(shape)) return false;
  return sizeOfShape(shape) === 1 || stepOf(geometryOf(shape, [x]), 0) === "linear";
}

/** The value that an input waits for, or undefined where memory has it. */
export const waitsFor = ({ from }: Input): Node | undefined => (from === undefined || from.isStored ? undefined : from);

/** Whether one value reads each element of another where it writes its own. A window on the first elements reads less than is there. */
export const readsInPlace = (node: Node, { operand }: Input, from: Node): boolean =>
  from.n === node.n && isLinear(node.y.shape, operand);

/** The values that wait and that one is computed from, itself last. Those behind a kernel are not among them. */
export function expressionOf(root: Node, seen: Set<Node> = new Set()): Set<Node> {
  if (seen.has(root)) return seen;
  if (root.expression !== undefined)
    for (const input of root.inputs) {
      const from = waitsFor(input);
      if (from !== undefined) expressionOf(from, seen);
    }
  return seen.add(root);
}

/** The blocks whose memory a value is computed from, with all that it waits for. */
export function memoryOf(root: Node, blocks: Set<GpuBlock> = new Set(), seen: Set<Node> = new Set()): Set<GpuBlock> {
  if (seen.has(root)) return blocks;
  seen.add(root);
  for (const input of root.inputs) {
    const from = waitsFor(input);
    if (from === undefined) blocks.add(blockOf(input.operand));
    else memoryOf(from, blocks, seen);
  }
  return blocks;
}

/** Uniforms of a window and of the shape that it is read for, at most. */
export const wordsOf = (x: Operand): number => 2 + 3 * x.shape.length;

/** The values that are computed at the same position as one, itself last. @param end where to stop: a kernel whose results are at hand */
export function inFrame(root: Node, end?: Node, seen: Set<Node> = new Set()): Set<Node> {
  if (seen.has(root)) return seen;
  if (root !== end)
    for (const input of root.inputs) {
      const from = waitsFor(input);
      if (from !== undefined && readsInPlace(root, input, from)) inFrame(from, end, seen);
    }
  return seen.add(root);
}

/** Uniforms of an expression, at most; what is read in another order is computed apart. */
export function wordsOfExpression(root: Node, apart: Set<Node> = new Set()): number {
  let words = 0;
  for (const node of inFrame(root)) {
    const { expression } = node;
    if (expression === undefined) continue;
    words += expression.inputs.length + expression.scalars.length;
    for (const input of node.inputs) {
      words += wordsOf(input.operand);
      const from = waitsFor(input);
      if (from === undefined || apart.has(from) || readsInPlace(node, input, from)) continue;
      apart.add(from);
      words += wordsOfExpression(from, apart);
    }
  }
  return words;
}
