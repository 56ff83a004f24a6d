/** Joining tensors: along an axis that they have, along a new one, as blocks of a matrix. */

import { record } from "../../autograd/node";
import { resultTypeOf } from "../../core/dtype";
import { ArgumentError, describe, ShapeError } from "../../core/errors";
import { checkShape, sameShape, shapeText, wrapDim } from "../../core/shape";
import { type Declared, named } from "../../core/signature";
import { allocate, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import type { Tensors } from "../../tensor/tensors";
import { checkOneDevice, checkTensor } from "../builders/checks";

interface OneOrMany extends Declared {
  (x: Tensor): Tensor;
  (xs: readonly Tensor[]): Tensors;
  (...xs: readonly Tensor[]): Tensors;
}

/** Lets a function of one tensor take one, several, or an array of them. */
function overMany(op: string, f: (x: Tensor) => Tensor): OneOrMany {
  return named(op, "...tensors", (...args: (Tensor | readonly Tensor[])[]): Tensor | Tensor[] => {
    const [first] = args;
    if (args.length === 1 && !Array.isArray(first)) return f(first as Tensor);
    return ((args.length === 1 ? first : args) as readonly Tensor[]).map(f);
  }) as unknown as OneOrMany;
}

/** Tensors with at least one axis; numbers become [1]. @see torch.atleast_1d */
export const atleast1d: OneOrMany = overMany("atleast1d", (x) =>
  checkTensor("atleast1d", x).ndim === 0 ? x.reshape(1) : x,
);

/** Tensors with at least two axes; vectors become rows. @see torch.atleast_2d */
export const atleast2d: OneOrMany = overMany("atleast2d", (x) =>
  checkTensor("atleast2d", x).ndim >= 2 ? x : x.reshape(1, x.numel()),
);

/** Tensors with at least three axes: vectors become [1, n, 1], matrices [m, n, 1]. @see torch.atleast_3d */
export const atleast3d: OneOrMany = overMany("atleast3d", (x) => {
  if (checkTensor("atleast3d", x).ndim >= 3) return x;
  return x.ndim === 2 ? x.unsqueeze(-1) : x.reshape(1, x.numel(), 1);
});

/** @throws ArgumentError unless `tensors` is an array of at least one tensor, all on one device. */
function checkList(op: string, tensors: readonly Tensor[]): readonly Tensor[] {
  if (!Array.isArray(tensors))
    throw new ArgumentError(`${op}: expected a non-empty array of Tensors, got ${describe(tensors)}`);
  if (tensors.length === 0) throw new ArgumentError(`${op}: expected a non-empty array of Tensors`);
  for (let i = 0; i < tensors.length; i++) {
    const x: unknown = tensors[i];
    if (x instanceof Tensor) x.assertAlive(op);
    // The name of an element is made for an error only.
    else checkTensor(op, x, `tensors[${i}]`);
  }
  checkOneDevice(op, tensors);
  return tensors;
}

/** Writes `x` into `y` where a window of the shape of `x` with these strides begins. */
function place(y: Tensor, x: Tensor, strides: readonly number[], offset: number): void {
  y.storage.backend.copy({ storage: y.storage, dtype: y.dtype, shape: x.shape, strides, offset }, x);
}

/** PyTorch lets a 1-d tensor of no elements be joined with anything. */
const isPlaceholder = (x: Tensor): boolean => x.ndim === 1 && x.shape[0] === 0;

/** The shape that the parts have together along `dim`. @throws ShapeError if they differ elsewhere. */
function joinedShape(parts: readonly Tensor[], dim: number): readonly number[] {
  const first = parts[0]!;
  const joined = first.shape.slice();
  for (let i = 1; i < parts.length; i++) {
    const { shape } = parts[i]!;
    if (shape.length !== joined.length)
      throw new ShapeError(
        `cat: Tensors must have same number of dimensions: got ${joined.length} and ${shape.length}`,
      );
    if (!agreeBeside(dim, shape, joined))
      throw new ShapeError(
        `cat: Sizes of tensors must match except in dimension ${dim}. Expected ${shapeText(first.shape)} but got ${shapeText(shape)} for tensor number ${i} in the list.`,
      );
    joined[dim]! += shape[dim]!;
  }
  return joined;
}

function agreeBeside(dim: number, a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) if (i !== dim && a[i] !== b[i]) return false;
  return true;
}

/**
 * The tensors one after another along `dim`; their other sizes agree, their dtypes are promoted.
 * @see torch.cat
 * @throws ShapeError naming the tensor whose shape does not fit.
 * @example torch.cat([a, b], 1)
 */
export const cat = named("cat", "tensors, dim?", (tensors: readonly Tensor[], dim = 0): Tensor => {
  checkList("cat", tensors);
  const scalar = tensors.findIndex((x) => x.ndim === 0);
  if (scalar >= 0)
    throw new ShapeError(`cat: zero-dimensional tensor (at position ${scalar}) cannot be concatenated; use stack`);
  const solid = tensors.filter((x) => !isPlaceholder(x));
  const parts = solid.length > 0 ? solid : tensors;
  const d = wrapDim("cat", dim, parts[0]!.ndim);
  const y = allocate(joinedShape(parts, d), resultTypeOf(tensors), parts[0]);
  let end = 0;
  const spans = tensors.map((x) => {
    const start = end;
    const size = solid.length > 0 && isPlaceholder(x) ? 0 : x.shape[d]!;
    if (size > 0) place(y, x, y.strides, start * y.strides[d]!);
    end += size;
    return { start, size, shape: x.shape, dtype: x.dtype };
  });
  return record("CatBackward0", y, tensors, [], ([g], _, needs) =>
    spans.map(({ start, size, shape, dtype }, i) =>
      needs[i] ? g!.narrow(d, start, size).to(dtype).reshape(shape) : null,
    ),
  );
});

/** {@link cat}. @see torch.concat */
export const concat = named(
  "concat",
  "tensors, dim?",
  (tensors: readonly Tensor[], dim = 0): Tensor => cat(tensors, dim),
);

/** {@link cat}. @see torch.concatenate */
export const concatenate = named(
  "concatenate",
  "tensors, dim?",
  (tensors: readonly Tensor[], dim = 0): Tensor => cat(tensors, dim),
);

/**
 * Tensors of one shape along a new axis `dim`.
 * @see torch.stack
 * @throws ShapeError naming the tensor that has another shape.
 */
export const stack = named("stack", "tensors, dim?", (tensors: readonly Tensor[], dim = 0): Tensor => {
  checkList("stack", tensors);
  const { shape } = tensors[0]!;
  const different = tensors.findIndex((x) => !sameShape(x.shape, shape));
  if (different >= 0)
    throw new ShapeError(
      `stack expects each tensor to be equal size, but got ${shapeText(shape)} at entry 0 and ${shapeText(tensors[different]!.shape)} at entry ${different}`,
    );
  const d = wrapDim("stack", dim, shape.length + 1);
  const joined = shape.toSpliced(d, 0, tensors.length);
  checkShape("stack", joined);
  const y = allocate(joined, resultTypeOf(tensors), tensors[0]);
  const strides = y.strides.toSpliced(d, 1);
  tensors.forEach((x, i) => {
    place(y, x, strides, i * y.strides[d]!);
  });
  const dtypes = tensors.map((x) => x.dtype);
  return record("StackBackward0", y, tensors, [], ([g], _, needs) =>
    dtypes.map((dtype, i) => (needs[i] ? g!.select(d, i).to(dtype) : null)),
  );
});

/** Tensors side by side: along axis 1, vectors along axis 0. @see torch.hstack */
export const hstack = named("hstack", "tensors", (tensors: readonly Tensor[]): Tensor => {
  const parts = atleast1d(checkList("hstack", tensors));
  return cat(parts, parts[0]!.ndim === 1 ? 0 : 1);
});

/** Tensors below each other: along axis 0, vectors as rows. @see torch.vstack */
export const vstack = named(
  "vstack",
  "tensors",
  (tensors: readonly Tensor[]): Tensor => cat(atleast2d(checkList("vstack", tensors)), 0),
);

/** {@link vstack}. @see torch.row_stack */
export const rowStack = named("rowStack", "tensors", (tensors: readonly Tensor[]): Tensor => vstack(tensors));

/** Tensors behind each other: along axis 2. @see torch.dstack */
export const dstack = named(
  "dstack",
  "tensors",
  (tensors: readonly Tensor[]): Tensor => cat(atleast3d(checkList("dstack", tensors)), 2),
);

/** Tensors side by side, vectors as columns. @see torch.column_stack */
export const columnStack = named(
  "columnStack",
  "tensors",
  (tensors: readonly Tensor[]): Tensor =>
    hstack(checkList("columnStack", tensors).map((x) => (x.ndim <= 1 ? x.reshape(x.numel(), 1) : x))),
);

/**
 * The matrix with the given matrices on its diagonal and zeros elsewhere; vectors count as rows, numbers as 1 × 1.
 * @see torch.block_diag
 * @throws ShapeError for a tensor of more than two axes.
 */
export const blockDiag = named("blockDiag", "...tensors", (...tensors: Tensor[]): Tensor => {
  checkList("blockDiag", tensors);
  const blocks = tensors.map(({ shape, dtype }, i) => {
    if (shape.length > 2)
      throw new ShapeError(
        `blockDiag: Input tensors must have 2 or fewer dimensions. Input ${i} has ${shape.length} dimensions`,
      );
    return { rows: shape.length === 2 ? shape[0]! : 1, columns: shape.at(-1) ?? 1, shape, dtype, row: 0, column: 0 };
  });
  let [row, column] = [0, 0];
  for (const block of blocks) {
    [block.row, block.column] = [row, column];
    row += block.rows;
    column += block.columns;
  }
  const y = filled(allocate([row, column], resultTypeOf(tensors), tensors[0]), 0);
  tensors.forEach((x, i) => {
    const block = blocks[i]!;
    place(y, x, y.strides.slice(2 - x.ndim), block.row * y.strides[0]! + block.column);
  });
  return record("BlockDiagBackward0", y, tensors, [], ([g], _, needs) =>
    blocks.map((b, i) =>
      needs[i] ? g!.narrow(0, b.row, b.rows).narrow(1, b.column, b.columns).reshape(b.shape).to(b.dtype) : null,
    ),
  );
});
