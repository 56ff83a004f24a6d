/** Checks of all ops over all dtypes: whatever an op is given, it answers or refuses, and no kernel sees operands of two dtypes. */
import * as kindling from "kindling";
import { prepared } from "./samples/linalg";
import { type DType, floatsOf, materialize, type Tensor, t, tensorsOf, torch, withFloats } from "./spec";
import { changes, type Op } from "./table";

export const floats: readonly DType[] = ["float32", "float64", "float16", "bfloat16"];
export const dtypes: readonly DType[] = [...floats, "int64", "int32", "int16", "int8", "uint8", "bool"];

/** Pairs of dtypes: of all operands but one, and of that one. */
const mixtures: readonly (readonly [DType, DType])[] = [
  ["float32", "float64"],
  ["float64", "float32"],
  ["float32", "float16"],
  ["bfloat16", "float32"],
  ["float32", "int64"],
  ["float64", "bool"],
];

const isFloat = (dtype: DType): boolean => floats.includes(dtype);

/** The arguments of a sample, the i-th of its tensors in `dtypeOf(i)`. */
function operands(sample: readonly unknown[], dtypeOf: (i: number) => DType): unknown[] {
  const args = materialize(sample, "contiguous", "float64")!;
  const cast = (x: Tensor, i: number) => x.mul(isFloat(dtypeOf(i)) ? 1 : 3).to(dtypeOf(i));
  return withFloats(args, floatsOf(args).map(cast));
}

/** Forward, backward and twice backward. */
function differentiate(op: Op, args: unknown[]): void {
  const inputs = floatsOf(args).map((x) => x.requiresGrad_());
  const derive = (ys: readonly Tensor[]): Tensor[] =>
    ys.flatMap((y) => {
      const options = { gradOutputs: torch.onesLike(y), createGraph: true, allowUnused: true };
      return (torch.autograd.grad(y, inputs, options) as (Tensor | null)[]).filter((g) => g?.requiresGrad) as Tensor[];
    });
  const outputs = tensorsOf(op(...args)).filter((y) => y.isFloatingPoint() && y.requiresGrad);
  for (const y of outputs)
    torch.autograd.grad(y, inputs, { gradOutputs: torch.onesLike(y), allowUnused: true, retainGraph: true });
  derive(derive(outputs));
}

/** Runs `f`, which may refuse its operands with an error of the library. @throws Error for any other one, such as a trap. */
function attempt(what: string, f: () => void): void {
  try {
    torch.tidy(f);
  } catch (error) {
    if (!(error instanceof kindling.KindlingError)) throw new Error(`${what}: ${error}`);
    // The last line of the backend: the op itself should have seen it.
    if (/defect|^[a-zA-Z]*: expected scalar type \w+ but found \w+; cast one operand/.test(error.message))
      throw new Error(`${what}: ${error.message}`);
  }
}

/** Sample calls of an op: its own, or one for an elementwise op. */
const callsOf = (op: Op, samples: readonly (readonly unknown[])[] = []): readonly (readonly unknown[])[] =>
  op.entry === undefined ? samples : [op.entry.kind === "binary" ? [t(3, 4), t(3, 4)] : [t(3, 4)]];

function sweep(name: string, given: Op, sample: readonly unknown[], dtypeOf: (i: number) => DType, what: string): void {
  const onCopy: Op = (x, ...rest) => given(x.clone(), ...rest);
  const op = changes(name) ? onCopy : given.entry ? given : (prepared[name]?.(given) ?? given);
  attempt(`${name} of ${what}`, () => void op(...operands(sample, dtypeOf)));
  if (isFloat(dtypeOf(0)))
    attempt(`gradient of ${name} of ${what}`, () => differentiate(op, operands(sample, dtypeOf)));
}

/** All operands in each dtype. */
export function checkDTypes(name: string, op: Op, samples?: readonly (readonly unknown[])[]): void {
  for (const sample of callsOf(op, samples)) for (const dtype of dtypes) sweep(name, op, sample, () => dtype, dtype);
}

/** One operand of another dtype than the others. */
export function checkMixtures(name: string, op: Op, samples?: readonly (readonly unknown[])[]): void {
  for (const sample of callsOf(op, samples)) {
    const count = floatsOf(materialize(sample, "contiguous", "float64")!).length;
    for (let k = 0; count > 1 && k < count; k++)
      for (const [most, one] of mixtures)
        sweep(name, op, sample, (i) => (i === k ? one : most), `${most}, but operand ${k} of ${one}`);
  }
}
