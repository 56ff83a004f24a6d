/** In-place forms: the result of an op written over its first operand, with the graph rebuilt around the change. */

import { enableGrad } from "../../autograd/mode";
import { isRecorded, type Node, onRebase, onReplayView, record, replaceHistory } from "../../autograd/node";
import { AutogradError } from "../../core/errors";
import { isNested, sameShape } from "../../core/shape";
import { named } from "../../core/signature";
import type { Named, Typed } from "../../core/signatureTypes";
import { allocate, filled } from "../../tensor/create";
import { Tensor } from "../../tensor/tensor";
import { asStrided } from "../shape/asStrided";
import { checkFits, checkInplace } from "./checks";
import { replacing } from "./define";

type Op = (x: any, ...args: any[]) => Tensor;

/** The same op with a tensor as its first operand, which it changes. */
type Changing<F> = F extends (x: any, ...rest: infer A) => Tensor ? (x: Tensor, ...rest: A) => Tensor : never;

/** An op whose result can be written to memory that exists. */
interface WithInto {
  readonly into?: (out: Tensor, x: Tensor, ...args: any[]) => void;
}

/** What an operand that overlaps a part of what is changed means: a mistake, as PyTorch says of most ops, or its value before. */
type Overlap = "refused" | "allowed";

/**
 * The in-place form of an op: `add_` from `add`. It changes `x`, raises its version, and returns it.
 * @throws AutogradError for a leaf that requires grad, ShapeError if the result has another shape, DTypeError if it cannot be cast.
 */
export function inplace<S extends string, F extends Op>(
  name: string,
  op: Typed<S, F> & WithInto,
  overlap: Overlap = "refused",
  isMap = false,
): Named<S, Changing<F>> {
  const isRefused = overlap === "refused";
  const { signature, implementation, into } = op;
  const compute = implementation as Op;
  const changed: Op = (x, ...args) => {
    checkInplace(name, x);
    const safe = args.map((arg) => (arg instanceof Tensor && overlaps(name, x, arg, isRefused) ? arg.clone() : arg));
    if (isRecorded([x, ...safe])) changeRecorded(name, x, compute(before(x), ...safe));
    else if (isMap)
      change(
        name,
        x,
        replacing(x, () => compute(x, ...safe)),
      );
    else if (into === undefined) change(name, x, compute(x, ...safe));
    else {
      into(x, x, ...safe);
      x.storage.version++;
    }
    return x;
  };
  return named(name, signature, changed) as unknown as Named<S, Changing<F>>;
}

/** {@link inplace} of an op that reads its first operand no more once it has applied `mapWith` to it: the result is written over it in one pass. */
export const inplaceMap = <S extends string, F extends Op>(name: string, op: Typed<S, F>): Named<S, Changing<F>> =>
  inplace(name, op, "refused", true);

/**
 * Whether an operand shares memory with `x` in another layout, and so would see the change half way.
 * @throws AutogradError where that is refused, and both are dense and overlap in part: the result would be none that is meant.
 */
function overlaps(op: string, x: Tensor, other: Tensor, isRefused: boolean): boolean {
  if (other.storage !== x.storage) return false;
  if (other.offset === x.offset && sameShape(other.shape, x.shape) && sameShape(other.strides, x.strides)) return false;
  if (!isRefused) return true;
  const [size, otherSize] = [x.numel(), other.numel()];
  const isApart = other.offset >= x.offset + size || x.offset >= other.offset + otherSize;
  if (size > 0 && otherSize > 0 && !isApart && isDense(x) && isDense(other))
    throw new AutogradError(
      `${op}: unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. Please clone() the tensor before performing the operation.`,
    );
  return true;
}

/** Whether the elements fill a range of memory without gaps, each place once. */
const isDense = (x: Tensor): boolean =>
  x.isContiguous() || (isNested(x.shape, x.strides) && lastPlace(x.shape, x.strides) === x.numel() - 1);

const lastPlace = (shape: readonly number[], strides: readonly number[]): number =>
  shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 0);

/** The value and history of `x` as they are now, in memory of their own, since the gradient may need them. */
function before(x: Tensor): Tensor {
  const old = allocate(x.shape, x.dtype, x);
  x.storage.backend.copy(old, x);
  old.node = x.gradFn;
  old.outputNr = x.outputNr;
  return old;
}

function change(name: string, x: Tensor, result: Tensor): void {
  if (result === x) {
    x.storage.version++;
    return;
  }
  writeBack(name, x, result);
  result.dispose();
}

function changeRecorded(name: string, x: Tensor, y: Tensor): void {
  writeBack(name, x, y);
  rebase(x, y.dtype === x.dtype ? y : y.to(x.dtype));
}

/** Copies the result of `name` into `x`. */
export function writeBack(name: string, x: Tensor, y: Tensor): void {
  checkFits(name, x, y.shape, y.dtype);
  x.storage.backend.copy(x, y);
  x.storage.version++;
}

/** Gives `x`, whose memory now holds `y`, the history of `y`; if `x` is a view, its base gets the change as a slice. */
export function rebase(x: Tensor, y: Tensor): void {
  if (x.origin === null) {
    replaceHistory(x, y.node as Node | null, y.outputNr);
    return;
  }
  const { base } = x.origin;
  if (!base.isContiguous())
    throw new AutogradError(
      "an in-place change of a view whose base is not contiguous cannot be recorded; clone() the base first",
    );
  const { shape, strides } = x;
  const offset = x.offset - base.offset;
  const mask = filled(allocate(base.shape, base.dtype, base), 1);
  const window = new Tensor(mask.storage, mask.dtype, shape, strides, offset);
  mask.storage.backend.copy(window, filled(allocate(shape, mask.dtype, mask), 0));
  const old = new Tensor(base.storage, base.dtype, base.shape, base.strides, base.offset);
  old.node = base.node;
  old.outputNr = base.outputNr;
  const now = new Tensor(base.storage, base.dtype, base.shape, base.strides, base.offset);
  record(
    "CopySlices",
    now,
    [old, y],
    [mask],
    [
      (g, [outside]) => g.mul(outside!),
      (g) => {
        const whole = g.contiguous();
        return asStrided(whole, shape, strides, { storageOffset: whole.offset + offset });
      },
    ],
  );
  replaceHistory(base, now.node as Node | null, 0);
}

onRebase(rebase);

/** A view that is older than an in-place change of its base is taken from the base anew. */
onReplayView((view, base) =>
  enableGrad(() => {
    const source = new Tensor(base.storage, base.dtype, base.shape, base.strides, base.offset);
    source.node = base.node;
    source.outputNr = base.outputNr;
    return asStrided(source, view.shape, view.strides, { storageOffset: view.offset }).node;
  }),
);
