/** Calls as programs. What is printed is what runs: the fuzzer evaluates the same text. */
import type { Call, TensorValue, Value } from "./value";
import { isFloat } from "./value";

/** Longer tensors are written as a formula. */
const LONGEST_LITERAL = 24;

const numberText = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

function plainText(value: unknown): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "string")
    return value.length > 60 ? `${JSON.stringify(value[0])}.repeat(${value.length})` : JSON.stringify(value);
  return String(value);
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The n-th of the values that a drawn tensor has: steps of the golden ratio. */
const at = (i: number, low: number, high: number): number => low + (high - low) * ((0.6180339887498949 * (i + 1)) % 1);

function elements({ values, dtype }: TensorValue, n: number): string {
  const round = isFloat(dtype) ? (x: number) => x : (x: number) => Math.floor(x);
  if (!("low" in values)) {
    const shown = Array.from({ length: n }, (_, i) => (values.length === 0 ? 0 : values[i % values.length]!));
    return literal(shown, dtype);
  }
  const { low, high } = values;
  const top = isFloat(dtype) ? high : high + 1;
  if (n > LONGEST_LITERAL) {
    const formula = `${numberText(low)} + ${numberText(top - low)} * ((0.6180339887498949 * (i + 1)) % 1)`;
    return `Float64Array.from({ length: ${n} }, (_, i) => ${isFloat(dtype) ? formula : `Math.floor(${formula})`})`;
  }
  return literal(
    Array.from({ length: n }, (_, i) => round(Number(at(i, low, top).toPrecision(6)))),
    dtype,
  );
}

/** An array that `torch.tensor` converts without questions. */
const literal = (values: readonly number[], dtype: string): string =>
  isFloat(dtype as never) || dtype === "bool"
    ? `[${values.map(numberText).join(", ")}]`
    : `Float64Array.from([${values.map(numberText).join(", ")}])`;

/** The expression that makes a tensor. */
function tensorText(x: TensorValue, device: string | undefined): string {
  const { shape, dtype } = x;
  const n = count(shape);
  const make = (size: readonly number[], elementsText = elements(x, count(size))): string => {
    const where = device === undefined ? "" : `, device: "${device}"`;
    const flat = `torch.tensor(${elementsText}, { dtype: "${dtype}"${where} })`;
    return size.length === 1 && elementsText !== "[]" ? flat : `${flat}.view([${size.join(", ")}])`;
  };
  const last = shape.length - 1;
  switch (x.layout) {
    case "transposed":
      if (last < 1) break;
      return `${make([...shape.slice(0, -2), shape[last]!, shape[last - 1]!])}.transpose(-2, -1)`;
    case "strided":
      if (last < 0) break;
      return `${make(shape.with(last, shape[last]! * 2))}.slice(${last}, 1, null, 2)`;
    case "offset":
      return `${make([n + 5])}.narrow(0, 3, ${n}).view([${shape.join(", ")}])`;
    case "expanded":
      if (last < 0 || shape[0] === 0) break;
      return `${make(shape.with(0, 1))}.expand([${shape.join(", ")}])`;
    case "overlapping":
      if (n === 0) break;
      return `${make([shape.reduce((a, b) => a + b - 1, 1)])}.asStrided([${shape.join(", ")}], [${shape.map(() => 1).join(", ")}])`;
  }
  return make(shape);
}

/** A program in parts: what is made before, and the call. */
export interface Program {
  /** Statements that make the tensors `x0`, `x1`, … */
  readonly setup: string;
  readonly tensors: number;
  /** An expression. */
  readonly call: string;
}

/** Writes calls, each tensor in a constant of its own. */
class Printer {
  readonly statements: string[] = [];
  tensors = 0;

  /** @param device Where tensors are made, if it is said. */
  constructor(private readonly device: string | undefined) {}

  value(value: Value): string {
    switch (value.is) {
      case "plain":
        return plainText(value.value);
      case "list":
        return this.listText(value.items);
      case "record":
        return `{ ${value.entries.map(([key, item]) => `${/^\w+$/.test(key) ? key : JSON.stringify(key)}: ${this.value(item)}`).join(", ")} }`;
      case "new":
        return `new torch.${value.path}(${value.args.map((item) => this.value(item)).join(", ")})`;
      case "code":
        return value.text;
      case "alias":
        return this.tensors === 0 ? "torch.ones([2])" : `x0${value.view}`;
      case "tensor":
        return this.tensor(value);
    }
  }

  /** A list that repeats one item many times is written short. */
  private listText(items: readonly Value[]): string {
    if (items.length > 12 && items.every((item) => item === items[0]))
      return `Array(${items.length}).fill(${this.value(items[0]!)})`;
    return `[${items.map((item) => this.value(item)).join(", ")}]`;
  }

  private tensor(value: TensorValue): string {
    const name = `x${this.tensors++}`;
    const grad = value.requiresGrad ? `.detach().requiresGrad_()` : "";
    this.statements.push(`const ${name} = ${tensorText(value, this.device)}${grad};`);
    if (value.isDisposed) this.statements.push(`${name}.dispose();`);
    return name;
  }
}

/**
 * The program of a call.
 * @param device Where its tensors are made and its modules are moved to, if it is said. Modules are then made before the call.
 */
export function printCall({ kind, path, args, inputs = [] }: Call, device?: string): Program {
  const printer = new Printer(device);
  const texts = args.map((value) => printer.value(value));
  const given = inputs.map((value) => printer.value(value)).join(", ");
  if (kind === "module" && device !== undefined) {
    printer.statements.push(`const model = new torch.${path}(${texts.join(", ")}).to("${device}");`);
    return { setup: printer.statements.join("\n"), tensors: printer.tensors, call: `model(${given})` };
  }
  const call = callText(kind, path, texts, given);
  return { setup: printer.statements.join("\n"), tensors: printer.tensors, call };
}

function callText(kind: Call["kind"], path: string, args: readonly string[], given: string): string {
  switch (kind) {
    case "function":
      return `torch.${path}(${args.join(", ")})`;
    case "method":
      return `${args[0] ?? "torch.ones([2])"}.${path}(${args.slice(1).join(", ")})`;
    case "module":
      return `new torch.${path}(${args.join(", ")})(${given})`;
    case "class":
      return `new torch.${path}(${args.join(", ")})`;
    case "optimizer":
      return `((o) => { for (const p of o.paramGroups.flatMap((g) => g.params)) p.grad = torch.onesLike(p); o.step(${given}); o.step(${given}); return o.paramGroups.flatMap((g) => g.params); })(new torch.${path}(${args.join(", ")}))`;
    case "scheduler":
      return `((s) => { for (let i = 0; i < 4; i++) s.step(${given}); return s.getLastLr(); })(new torch.${path}(${args.join(", ")}))`;
  }
}
