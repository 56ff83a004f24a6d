/** Nested arrays and plain objects of tensors: what the functions of `torch.func` take and give. */
import { renamed } from "../ops/namedTuple";
import { isTensor, type Tensor } from "../tensor/tensor";

/** `T` with `V` in the place of every tensor. */
export type Replaced<T, V> = T extends Tensor
  ? V
  : T extends readonly unknown[]
    ? { -readonly [K in keyof T]: Replaced<T[K], V> }
    : T extends (...args: never[]) => unknown
      ? T
      : T extends object
        ? { [K in keyof T]: Replaced<T[K], V> }
        : T;

/** The leaves of a nested value in order, and the value with others in their places. */
export interface Flat<L> {
  readonly leaves: readonly L[];
  rebuild(leaves: readonly unknown[]): any;
}

const isBranch = (value: unknown): value is Record<string, unknown> | readonly unknown[] =>
  Array.isArray(value) ||
  (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype);

/** Everything in a nested value that is no array and no plain object. */
export function flatten(value: unknown): Flat<unknown> {
  if (!isBranch(value)) return { leaves: [value], rebuild: ([leaf]) => leaf };
  const keys = Object.keys(value);
  const parts = Object.values(value).map(flatten);
  return {
    leaves: parts.flatMap((part) => part.leaves),
    rebuild: (leaves) => {
      const rest = [...leaves];
      const values = parts.map((part) => part.rebuild(rest.splice(0, part.leaves.length)));
      if (Array.isArray(value)) return renamed(value, values);
      return Object.fromEntries(keys.map((key, i) => [key, values[i]]));
    },
  };
}

/** The tensors in a nested value; all else stays where it is. */
export function flattenTensors(value: unknown): Flat<Tensor> {
  const { leaves, rebuild } = flatten(value);
  const tensors = leaves.filter(isTensor);
  return {
    leaves: tensors,
    rebuild: (others) => {
      let next = 0;
      return rebuild(leaves.map((leaf) => (isTensor(leaf) ? others[next++] : leaf)));
    },
  };
}

/** The nested value with each tensor changed. */
export function mapTensors(value: unknown, change: (x: Tensor) => unknown): any {
  const { leaves, rebuild } = flattenTensors(value);
  return rebuild(leaves.map(change));
}

/** A short picture of the structure, for error messages: `[*, {a: *}]`. */
export function structureText(value: unknown): string {
  if (!isBranch(value)) return "*";
  if (Array.isArray(value)) return `[${value.map(structureText).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, part]) => `${key}: ${structureText(part)}`)
    .join(", ")}}`;
}
