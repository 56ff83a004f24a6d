/** Distinct elements and slices. The shape of the result depends on the data, so the device is read. */
import { noGrad } from "../../autograd/mode";
import { sizeOfShape, wrapDim } from "../../core/shape";
import { named } from "../../core/signature";
import type { Overloaded } from "../../core/signatureTypes";
import { tensor } from "../../tensor/create";
import type { Tensor } from "../../tensor/tensor";
import { checkTensor } from "../builders/checks";
import { sort } from "../reduce/sort";

/** Options of {@link uniqueConsecutive}. */
export interface UniqueConsecutiveOptions {
  /** Also where each element went: `x` is `values` at these indices. Default: false. */
  returnInverse?: boolean;
  /** Also how often each value occurs. Default: false. */
  returnCounts?: boolean;
  /** Compare slices along this axis instead of elements. */
  dim?: number | null;
}

/** Options of {@link unique}. */
export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** In ascending order; it always is here. */
  sorted?: boolean;
}

/** The parts that were asked for: alone, or as an array [values, inverse?, counts?]. */
export type UniqueResult<O> = O extends { returnInverse: true } | { returnCounts: true } ? Tensor[] : Tensor;

interface Groups {
  /** Where each group begins, int64. */
  readonly starts: Tensor;
  /** The group of each element, int64. */
  readonly group: Tensor;
}

/** Groups of equal neighbors, from the mask of elements that differ from the one before. */
function groupsOf(isFirst: Tensor): Groups {
  return { starts: isFirst.nonzero().reshape(-1), group: isFirst.cumsum(0).sub(1) };
}

/** Whether each row of [n, m] differs from the one before; the first does. */
function differs(rows: Tensor): Tensor {
  const n = rows.shape[0]!;
  const first = rows.newOnes([n], { dtype: "bool" });
  if (n > 1)
    first.narrow(0, 1, n - 1).copy_(
      rows
        .narrow(0, 1, n - 1)
        .ne(rows.narrow(0, 0, n - 1))
        .any(1),
    );
  return first;
}

/** The order of the rows of [n, m], by their elements from left to right. */
function lexicographicOrder(rows: Tensor): Tensor {
  const [n, m] = rows.shape;
  const values = rows.toTypedArray();
  const order = Array.from({ length: n }, (_, i) => i);
  order.sort((a, b) => {
    for (let j = 0; j < m; j++) {
      const [u, v] = [values[a * m + j]!, values[b * m + j]!];
      if (u !== v) return u < v ? -1 : 1;
    }
    return a - b;
  });
  return tensor(order, { dtype: "int64", device: rows.device });
}

function results(
  x: Tensor,
  values: Tensor,
  { starts, group }: Groups,
  order: Tensor | undefined,
  { returnInverse, returnCounts, dim }: UniqueConsecutiveOptions,
): Tensor | Tensor[] {
  const n = group.numel();
  const parts = [values];
  if (returnInverse) {
    const inverse = order === undefined ? group : group.newZeros([n]).scatter(0, order, group);
    parts.push(dim === undefined || dim === null ? inverse.reshape(x.shape) : inverse);
  }
  if (returnCounts) parts.push(starts.newZeros(starts.shape).scatterAdd(0, group, group.newOnes([n])));
  return parts.length === 1 ? values : parts;
}

/** Distinct elements of the flattened tensor; sorted first if `isSorted`. */
function distinctElements(x: Tensor, isSorted: boolean, options: UniqueConsecutiveOptions): Tensor | Tensor[] {
  const flat = x.reshape(-1);
  const { values, indices } = isSorted ? sort(flat) : { values: flat, indices: undefined };
  const groups = groupsOf(differs(values.unsqueeze(1)));
  return results(x, values.indexSelect(0, groups.starts), groups, indices, options);
}

/** Distinct slices along an axis. */
function distinctSlices(
  x: Tensor,
  isSorted: boolean,
  dim: number,
  options: UniqueConsecutiveOptions,
): Tensor | Tensor[] {
  const slices = x.movedim(dim, 0).contiguous();
  const rows = slices.reshape([slices.shape[0]!, sizeOfShape(slices.shape.slice(1))]);
  const order = isSorted ? lexicographicOrder(rows) : undefined;
  const groups = groupsOf(differs(order === undefined ? rows : rows.indexSelect(0, order)));
  const chosen = order === undefined ? groups.starts : order.indexSelect(0, groups.starts);
  return results(x, x.indexSelect(dim, chosen), groups, order, options);
}

function distinct(op: string, x: Tensor, isSorted: boolean, options: UniqueConsecutiveOptions): Tensor | Tensor[] {
  const { dim } = options;
  return noGrad(() => {
    if (dim === undefined || dim === null) return distinctElements(x, isSorted, options);
    return distinctSlices(x, isSorted, wrapDim(op, dim, x.ndim), options);
  });
}

/** A function whose result depends on its options `O`, `Flags` of which can also be given by position. */
interface UniqueFunction<O, Flags extends readonly boolean[]> {
  <G extends O>(input: Tensor, options?: G): UniqueResult<G>;
  <G extends O>(options: { input: Tensor } & G): UniqueResult<G>;
  (input: Tensor, ...flags: Partial<Flags>): Tensor | Tensor[];
  (input: Tensor, ...flags: [...Flags, dim: number | null]): Tensor | Tensor[];
}

/** The method of a {@link UniqueFunction}. */
interface UniqueMethod<O, Flags extends readonly boolean[]> {
  <G extends O>(options?: G): UniqueResult<G>;
  (...flags: Partial<Flags>): Tensor | Tensor[];
  (...flags: [...Flags, dim: number | null]): Tensor | Tensor[];
}

type Consecutive = [returnInverse: boolean, returnCounts: boolean];

type Unique = [sorted: boolean, ...Consecutive];

/**
 * The distinct elements, or slices along `dim`, in ascending order. NaN differs from NaN.
 * @see torch.unique
 * @example const [values, inverse, counts] = x.unique({ returnInverse: true, returnCounts: true });
 */
export const unique = named(
  "unique",
  "input; sorted, returnInverse, returnCounts, dim",
  (x: Tensor, options: UniqueOptions = {}): Tensor | Tensor[] =>
    distinct("unique", checkTensor("unique", x).detach(), true, options),
) as unknown as Overloaded<UniqueFunction<UniqueOptions, Unique>, UniqueMethod<UniqueOptions, Unique>>;

/** The elements, or slices along `dim`, without those that equal the one before. @see torch.unique_consecutive */
export const uniqueConsecutive = named(
  "uniqueConsecutive",
  "input; returnInverse, returnCounts, dim",
  (x: Tensor, options: UniqueConsecutiveOptions = {}): Tensor | Tensor[] =>
    distinct("uniqueConsecutive", checkTensor("uniqueConsecutive", x).detach(), false, options),
) as unknown as Overloaded<
  UniqueFunction<UniqueConsecutiveOptions, Consecutive>,
  UniqueMethod<UniqueConsecutiveOptions, Consecutive>
>;
