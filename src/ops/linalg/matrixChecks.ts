/** Checks that the ops of linear algebra share, and the error of matrices that cannot be factorized. */
import { isFloat, legacyName } from "../../core/dtype";
import { DTypeError, IndexError, KindlingError, ShapeError } from "../../core/errors";
import { sameShape, shapeText } from "../../core/shape";
import type { Tensor } from "../../tensor/tensor";
import { checkSameDevice, checkTensor, demand } from "../builders/checks";

/** A matrix that a factorization cannot be computed of. @see torch.linalg.LinAlgError */
export class LinAlgError extends KindlingError {}

/** @throws ShapeError unless `x` is a matrix or a stack of them. */
export function checkStack(op: string, x: unknown, name = "A"): Tensor {
  const tensor = checkTensor(op, x, name);
  if (tensor.ndim < 2)
    throw new ShapeError(
      `${op}: The input tensor ${name} must have at least 2 dimensions, got ${shapeText(tensor.shape)}`,
    );
  return tensor;
}

/** @throws ShapeError unless `x` is a matrix or a stack of them, DTypeError unless it is floating point. */
export function checkMatrix(op: string, x: Tensor, isSquare = false, name = "A"): void {
  checkStack(op, x, name);
  if (isSquare) checkSquare(op, x, name);
  if (!isFloat(x.dtype))
    throw new DTypeError(
      `${op}: Expected a floating point tensor as input. Got ${legacyName(x.dtype)}: not implemented for ${x.dtype}; use x.float()`,
    );
}

/** @throws ShapeError unless the matrices are square. */
export function checkSquare(op: string, x: Tensor, name = "A"): void {
  if (x.shape.at(-1) === x.shape.at(-2)) return;
  throw new ShapeError(
    `${op}: ${name} must be batches of square matrices, but they are ${x.shape.at(-2)} by ${x.shape.at(-1)} matrices`,
  );
}

/** @throws DTypeError unless both have one dtype, DeviceError unless they are on one device. */
export function checkPair(op: string, a: Tensor, b: Tensor, names: readonly [string, string] = ["A", "B"]): void {
  checkTensor(op, b, names[1]);
  checkSameDevice(op, a, b);
  if (a.dtype === b.dtype) return;
  const [left, right] = [legacyName(a.dtype), legacyName(b.dtype)];
  throw new DTypeError(
    `${op}: Expected ${names[0]} and ${names[1]} to have the same dtype, but found ${names[0]} of type ${left} and ${names[1]} of type ${right} instead; cast one with x.to(dtype)`,
  );
}

/** @throws ShapeError unless rows (left) or columns of B fit A. */
export function checkEquation(op: string, A: Tensor, B: Tensor, left: boolean): void {
  if ((left ? B.shape.at(-2) : B.shape.at(-1)) === A.shape.at(-2)) return;
  const size = (x: Tensor) => `${x.shape.at(-2)}x${x.shape.at(-1)}`;
  throw new ShapeError(
    `${op}: Incompatible shapes of A and B for the equation ${left ? "AX" : "XA"} = B (${size(A)} and ${size(B)})`,
  );
}

/** The axes of a stack of vectors that belong to matrices. @throws ShapeError unless `x` has them, but for the last one. */
export function checkLead(op: string, x: Tensor, name: string, A: Tensor, nameA: string): void {
  if (sameShape(x.shape.slice(0, -1), A.shape.slice(0, -2)) && x.ndim === A.ndim - 1) return;
  throw new ShapeError(
    `${op}: Expected the leading axes of ${name} to be those of ${nameA}, ${shapeText(A.shape.slice(0, -2))}, but got ${name} of shape ${shapeText(x.shape)}`,
  );
}

/**
 * Checks what tells of exchanged rows: one number each, which would be read as addresses. A device that cannot be read at once lets all values pass.
 * @param isSigned Whether the sign has a meaning of its own.
 * @throws DTypeError unless they are int32, ShapeError unless they belong to the matrices, IndexError unless they are in [1, rows].
 */
export function checkPivots(op: string, pivots: Tensor, A: Tensor, count: number, isSigned = false): void {
  checkTensor(op, pivots, "pivots");
  checkSameDevice(op, A, pivots);
  if (pivots.dtype !== "int32")
    throw new DTypeError(`${op}: pivots should be a Tensor of dtype int32, got ${pivots.dtype}; use pivots.int()`);
  checkLead(op, pivots, "pivots", A, "A");
  if (pivots.shape.at(-1) !== count)
    throw new ShapeError(
      `${op}: Number of pivots per batch should be same as the dimension of the matrix: ${count}, got ${shapeText(pivots.shape)}`,
    );
  const rows = A.shape.at(-2)!;
  const range = `pivots must be between 1 and A.size(-2) = ${rows} inclusive`;
  if (!pivots.storage.backend.readsAtOnce) {
    const sizes = isSigned ? pivots.abs() : pivots;
    demand(sizes.ge(1).logicalAnd(sizes.le(rows)), () => new IndexError(`${op}: ${range}`));
    return;
  }
  const values = pivots.toTypedArray() as Int32Array;
  const bad = values.find((value) => Math.abs(value) < 1 || Math.abs(value) > rows || (value < 0 && !isSigned));
  if (bad !== undefined)
    throw new IndexError(`${op}: ${range}, got ${bad}. Did you properly pass the result of the factorization?`);
}

/**
 * Where codes cannot be read at once, it is the next read that throws, without them.
 * @throws LinAlgError if one of the codes that a factorization returned is not 0; `%` in the text is the code.
 */
export function checkInfo(op: string, info: Tensor, problem: string): void {
  const which = (item: number): string => (info.ndim === 0 ? "" : `(Batch element ${item}): `);
  const { backend } = info.storage;
  if (!backend.readsAtOnce) {
    const text = problem.replace(" of order %", "").replaceAll(" %", "").replaceAll("%", "i");
    const x = info.eq(0).contiguous();
    backend.firstInvalid({ kind: "nonzero", x }, (item) => new LinAlgError(`${op}: ${which(item)}${text}`));
    return;
  }
  const codes = info.toTypedArray() as Int32Array;
  const bad = codes.findIndex((code) => code !== 0);
  if (bad < 0) return;
  throw new LinAlgError(`${op}: ${which(bad)}${problem.replaceAll("%", String(codes[bad]))}`);
}
