/** Axes of inputs whose sizes are left open, and inputs of other sizes and values with which the model is traced again. */
import { isFloat } from "../../core/dtype";
import { ArgumentError, describe } from "../../core/errors";
import { arange } from "../../ops/creation/ranges";
import { Tensor } from "../../tensor/tensor";

/** Which axes of inputs and outputs are open: by number with a name, or by numbers alone. */
export type DynamicAxes = Readonly<Record<string, Readonly<Record<number, string>> | readonly number[]>>;

/** An open size: the axes that have it. */
export interface Variable {
  readonly name: string;
  readonly size: number;
  readonly axes: readonly (readonly [input: number, axis: number])[];
}

const op = "onnx.export";

/** The names of the open axes of one tensor, by number. @throws ArgumentError for other things, or axes that there are not. */
export function axisNames(name: string, given: unknown, ndim: number): Map<number, string> {
  if (typeof given !== "object" || given === null)
    throw new ArgumentError(
      `${op}: dynamicAxes.${name} must be an object such as { 0: "batch" } or an array of axes, got ${describe(given)}`,
    );
  const entries: [unknown, unknown][] = Array.isArray(given)
    ? given.map((axis) => [axis, `${name}_dynamic_axes_${axis}`])
    : Object.entries(given).map(([axis, label]) => [Number(axis), label]);
  const names = new Map<number, string>();
  for (const [axis, label] of entries) {
    if (!Number.isInteger(axis) || (axis as number) < -ndim || (axis as number) >= ndim)
      throw new ArgumentError(`${op}: dynamicAxes.${name} names axis ${describe(axis)} of a tensor with ${ndim} axes`);
    if (typeof label !== "string" || label === "")
      throw new ArgumentError(`${op}: dynamicAxes.${name} must name axis ${axis} by a text, got ${describe(label)}`);
    names.set(((axis as number) + ndim) % ndim, label);
  }
  return names;
}

/** The open sizes of the inputs. @throws ArgumentError if one name stands for two sizes. */
export function variablesOf(
  inputs: readonly (readonly [name: string, x: Tensor])[],
  dynamicAxes: DynamicAxes,
): Variable[] {
  const found = new Map<string, { name: string; size: number; axes: [number, number][] }>();
  inputs.forEach(([name, x], i) => {
    if (!Object.hasOwn(dynamicAxes, name)) return;
    for (const [axis, label] of axisNames(name, dynamicAxes[name], x.ndim)) {
      const size = x.shape[axis]!;
      const known = found.get(label) ?? { name: label, size, axes: [] };
      if (known.size !== size)
        throw new ArgumentError(
          `${op}: dynamicAxes calls axes of the sizes ${known.size} and ${size} "${label}"; give them two names`,
        );
      known.axes.push([i, axis]);
      found.set(label, known);
    }
  });
  return [...found.values()];
}

/** Inputs with other sizes: elements are repeated from the beginning, so that their values stay valid. */
export function resized(inputs: readonly Tensor[], axes: Variable["axes"], size: number): Tensor[] {
  return inputs.map((input, i) => {
    let x = input;
    for (const [own, axis] of axes)
      if (own === i) x = x.indexSelect(axis, arange(0, size).remainder(x.shape[axis]!).to("int64"));
    return x;
  });
}

/** Elements in another order; floats that look the same so are changed, toward 0 and off it, so that most functions still take them. */
function shuffledOne(x: Tensor): Tensor {
  const turned = x
    .reshape(-1)
    .flip(0)
    .reshape(...x.shape);
  if (!isFloat(x.dtype) || x.numel() === 0 || !turned.eq(x).all().item()) return turned;
  return x.mul(0.75).add(0.0625);
}

/** Inputs of the same sizes with other values. */
export const shuffled = (inputs: readonly Tensor[]): Tensor[] => inputs.map(shuffledOne);

/** Replaces the tensors in arguments, in order. */
export function withTensors(args: readonly unknown[], tensors: readonly Tensor[]): unknown[] {
  let next = 0;
  const visit = (value: unknown): unknown => {
    if (value instanceof Tensor) return tensors[next++];
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visit(item)]));
    return value;
  };
  return args.map(visit);
}
