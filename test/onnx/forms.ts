/** Sample calls of ops as models, and what ONNX Runtime makes of them. */
import * as torch from "kindling";
import { prepared } from "../ops/samples/linalg";
import { ints, materialize, within } from "../ops/spec";
import { changes, type Op, samples, table } from "../ops/table";
import { bytesOf, difference } from "./runtime";

type Call = (...args: unknown[]) => unknown;

/** Sample calls of an op: its own, or those that an elementwise op has. */
export function callsOf(name: string): readonly (readonly unknown[])[] {
  const own = samples[name];
  if (own !== undefined) return own;
  const op = table.get(name)!;
  if (op.entry !== undefined) return [entryCall(op.entry)];
  if (name.endsWith("_") && table.has(name.slice(0, -1))) return callsOf(name.slice(0, -1));
  return [];
}

/** Operands within the domain of an elementwise op. */
function entryCall({ kind, rule, domain }: NonNullable<Op["entry"]>): readonly unknown[] {
  const whole = ints([
    [5, 2, 7],
    [1, 3, 4],
  ]);
  const one = rule === "integer" ? whole : within(...domain, 3, 4);
  return kind === "binary" ? [one, rule === "integer" ? ints([3, 1, 2]) : within(...domain, 3, 4)] : [one];
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The tensors of a value, in order. */
function collect(value: unknown, found: torch.Tensor[]): void {
  if (value instanceof torch.Tensor) found.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isPlain(value)) for (const item of Object.values(value)) collect(item, found);
}

/** A value with its tensors replaced, in order. */
function replace(value: unknown, xs: torch.Tensor[]): unknown {
  if (value instanceof torch.Tensor) return xs.shift();
  if (Array.isArray(value)) return value.map((item) => replace(item, xs));
  if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, xs)]));
  return value;
}

/** A sample call as a model of its tensors. Where it has none, an input stands beside it. */
export function modelOf(name: string, sample: readonly unknown[]): { f: Call; inputs: torch.Tensor[] } {
  const given = table.get(name)!;
  const op: Call = changes(name)
    ? (x, ...rest) => given((x as torch.Tensor).clone(), ...rest)
    : (prepared[name]?.(given) ?? given);
  const args = materialize(sample, "contiguous", "float32")!;
  const inputs: torch.Tensor[] = [];
  collect(args, inputs);
  if (inputs.length === 0) return { f: (x) => [(x as torch.Tensor).add(1), op(...args)], inputs: [torch.ones(1)] };
  return { f: (...xs) => readable(op(...(replace(args, [...(xs as torch.Tensor[])]) as unknown[]))), inputs };
}

/** Halves become floats, whose values are compared. */
function readable(value: unknown): unknown {
  if (value instanceof torch.Tensor)
    return value.dtype === "float16" || value.dtype === "bfloat16" ? value.float() : value;
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value === "object" && value !== null && Symbol.iterator in value)
    return [...(value as Iterable<unknown>)].map(readable);
  return value;
}

/** The largest difference of ONNX Runtime's results from ours at an opset. */
export async function gap(name: string, sample: readonly unknown[], opsetVersion: number): Promise<number> {
  torch.manualSeed(0);
  const { f, inputs } = modelOf(name, sample);
  const bytes = await bytesOf(f, inputs, { opsetVersion });
  return difference(bytes, f, inputs);
}
