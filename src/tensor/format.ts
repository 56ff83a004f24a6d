/** Tensors as text, laid out as PyTorch prints them. @see torch/_tensor_str.py */
import type { Backend, Operand } from "../backend/backend";
import { checkChoice, checkFlag, checkInteger, MAX_COUNT } from "../core/arguments";
import { type DType, getDefaultDtype, isFloat } from "../core/dtype";
import { named } from "../core/signature";
import { allocate } from "./create";
import { isTensor, Tensor } from "./tensor";

/** How tensors are printed. @see torch.set_printoptions */
export interface PrintOptions {
  /** Digits after the point. Default: 4. */
  precision?: number;
  /** Tensors of more elements are summarized. Default: 1000. */
  threshold?: number;
  /** Elements shown at each end of a summarized axis. Default: 3. */
  edgeitems?: number;
  /** Characters in a line. Default: 80. */
  linewidth?: number;
  /** Scientific notation: always, never, or (null) where it is needed. Default: null. */
  sciMode?: boolean | null;
}

const defaults = { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80, sciMode: null as boolean | null };
const current = { ...defaults };

const profiles = {
  default: defaults,
  short: { precision: 2, threshold: 1000, edgeitems: 2, linewidth: 80 },
  full: { precision: 4, threshold: Number.POSITIVE_INFINITY, edgeitems: 3, linewidth: 80 },
};

/** Changes how tensors are printed; a profile ("default", "short", "full") sets several options. @see torch.set_printoptions */
export const setPrintoptions = named(
  "setPrintoptions",
  "; precision, threshold, edgeitems, linewidth, profile, sciMode",
  (options: PrintOptions & { profile?: "default" | "short" | "full" } = {}): void => {
    const { profile, ...rest } = options;
    checkPrintOptions(rest);
    if (profile !== undefined && profile !== null)
      Object.assign(
        current,
        profiles[checkChoice("setPrintoptions", "profile", profile, ["default", "short", "full"])],
      );
    for (const [name, value] of Object.entries(rest))
      if (value !== undefined) Object.assign(current, { [name]: value });
  },
);

function checkPrintOptions({ precision, threshold, edgeitems, linewidth, sciMode }: PrintOptions): void {
  const op = "setPrintoptions";
  // No number of any dtype has more digits after the point that mean something.
  if (precision !== undefined) checkInteger(op, "precision", precision, 0, 100);
  if (threshold !== undefined && threshold !== Number.POSITIVE_INFINITY) checkInteger(op, "threshold", threshold, 0);
  if (edgeitems !== undefined) checkInteger(op, "edgeitems", edgeitems, 0, MAX_COUNT);
  if (linewidth !== undefined) checkInteger(op, "linewidth", linewidth, 1);
  if (sciMode !== undefined && sciMode !== null) checkFlag(op, "sciMode", sciMode);
}

/** Ties to even, as C and Python round: JavaScript rounds exact ties up. `exact` has more digits than `up`, the rounded text. */
function toEven(exact: string, up: string, digits: number): string {
  const point = exact.indexOf(".");
  if (!/^50*$/.test(exact.slice(point + 1 + digits))) return up;
  const down = exact.slice(0, digits > 0 ? point + 1 + digits : point);
  return Number(down.at(-1)) % 2 === 0 ? down : up;
}

const moreThan = (digits: number): number => Math.min(100, digits + 25);

/** Numbers from this one on are whole, and `toFixed` gives up on them. */
const HUGE = 1e21;

/** `1.5000`. */
function fixed(value: number, digits: number): string {
  if (Math.abs(value) >= HUGE) return `${BigInt(value)}${digits > 0 ? `.${"0".repeat(digits)}` : ""}`;
  return toEven(value.toFixed(moreThan(digits)), value.toFixed(digits), digits);
}

/** `1.5000e+01`, with at least two digits of exponent. */
function scientific(value: number, digits: number): string {
  const [exact = ""] = value.toExponential(moreThan(digits)).split("e");
  const [up = "", exponent = ""] = value.toExponential(digits).split("e");
  return `${toEven(exact, up, digits)}e${exponent.replace(/^([+-])(\d)$/, "$10$2")}`;
}

type Value = number | bigint | boolean;

/** The format that all elements of one tensor share. */
class Formatter {
  width = 1;
  private readonly isFloat: boolean;
  private isIntegral = true;
  private isScientific = false;

  constructor(values: readonly Value[], dtype: DType) {
    this.isFloat = isFloat(dtype);
    if (this.isFloat) this.fitFloats(values as number[]);
    else for (const value of values) this.width = Math.max(this.width, plain(value).length);
  }

  private fitFloats(values: readonly number[]): void {
    const shown = values.filter((v) => Number.isFinite(v) && v !== 0);
    if (shown.length === 0) return;
    const sizes = shown.map(Math.abs);
    const max = sizes.reduce((a, b) => Math.max(a, b));
    const min = sizes.reduce((a, b) => Math.min(a, b));
    this.isIntegral = shown.every(Number.isInteger);
    const spreadOut = max / min > 1000 || max > 1e8 || (!this.isIntegral && min < 1e-4);
    // The width is that of the notation that the values call for, even if the option sets another, as in PyTorch.
    this.isScientific = spreadOut;
    for (const value of shown) this.width = Math.max(this.width, this.float(value).length);
    this.isScientific = current.sciMode ?? spreadOut;
  }

  private float(value: number): string {
    if (Number.isNaN(value)) return "nan";
    if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
    if (this.isScientific) return scientific(value, current.precision);
    if (this.isIntegral) return `${Object.is(value, -0) ? "-0" : fixed(value, 0)}.`;
    return (Object.is(value, -0) ? "-" : "") + fixed(value, current.precision);
  }

  format(value: Value): string {
    return (this.isFloat ? this.float(value as number) : plain(value)).padStart(this.width);
  }
}

const plain = (value: Value): string => (typeof value === "boolean" ? (value ? "True" : "False") : String(value));

type Nested = Value | Nested[];

/** What is printed: the elements, or of a summarized tensor those at its edges. */
interface Shown {
  readonly data: Nested;
  /** Whether elements are left out in the middle, per axis. */
  readonly isCut: readonly boolean[];
}

/** Texts, with others in the place of what was left out. */
function withGap(texts: readonly string[], isCut: boolean, gap: string): readonly string[] {
  const { edgeitems } = current;
  return isCut ? [...texts.slice(0, edgeitems), gap, ...texts.slice(texts.length - edgeitems)] : texts;
}

function vectorText(values: readonly Value[], indent: number, isCut: boolean, formatter: Formatter): string {
  const perLine = Math.max(1, Math.floor((current.linewidth - indent) / (formatter.width + 2)));
  const items = withGap(
    values.map((v) => formatter.format(v)),
    isCut,
    " ...",
  );
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(", "));
  return `[${lines.join(`,\n${" ".repeat(indent + 1)}`)}]`;
}

function nestedText({ data, isCut }: Shown, indent: number, formatter: Formatter): string {
  const ndim = isCut.length;
  if (ndim === 0) return formatter.format(data as Value);
  if (ndim === 1) return vectorText(data as Value[], indent, isCut[0]!, formatter);
  const inner = isCut.slice(1);
  const texts = (data as Nested[]).map((row) => nestedText({ data: row, isCut: inner }, indent + 1, formatter));
  const parts = withGap(texts, isCut[0]!, "...");
  return `[${parts.join(`,${"\n".repeat(ndim - 1)}${" ".repeat(indent + 1)}`)}]`;
}

const flatten = (data: Nested): Value[] => (Array.isArray(data) ? data.flatMap(flatten) : [data]);

/** Copies windows of `x` to windows of `y`, of one shape: both ends of the axes from `axis` on that are cut, else the whole axis. */
function copyEdges(y: Operand, x: Operand, isCut: readonly boolean[], axis: number, backend: Backend): void {
  const next = isCut.indexOf(true, axis);
  if (next < 0) {
    backend.copy(y, x);
    return;
  }
  const { edgeitems } = current;
  const part = (z: Operand, start: number): Operand => ({
    storage: z.storage,
    dtype: z.dtype,
    shape: z.shape.with(next, edgeitems),
    strides: z.strides,
    offset: z.offset + start * z.strides[next]!,
  });
  copyEdges(part(y, 0), part(x, 0), isCut, next + 1, backend);
  copyEdges(part(y, edgeitems), part(x, x.shape[next]! - edgeitems), isCut, next + 1, backend);
}

/** Reads what is printed, and no more. */
function shownOf(x: Tensor): Shown {
  const { edgeitems, threshold } = current;
  const isCut = x.shape.map((n) => x.numel() > threshold && n > 2 * edgeitems);
  if (!isCut.includes(true)) return { data: x.tolist(), isCut };
  x.assertAlive("toString");
  const y = allocate(
    x.shape.map((n, axis) => (isCut[axis] ? 2 * edgeitems : n)),
    x.dtype,
    x,
  );
  if (y.numel() > 0) copyEdges(y, x, isCut, 0, x.storage.backend);
  const data: Nested = y.tolist();
  y.dispose();
  return { data, isCut };
}

/** @internal A text that begins with `tensor(`, with what follows the values, in lines that are not too long. */
export function withSuffixes(text: string, suffixes: readonly string[], indent: number): string {
  let out = text;
  let lineLength = text.length - text.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    if (lineLength + suffix.length + 2 > current.linewidth) {
      out += `,\n${" ".repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
    } else {
      out += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return `${out})`;
}

/**
 * The text of a tensor, as `console.log` and `String` show it. Of one whose values cannot be read at once, it has the shape in their place.
 * @example String(torch.ones(2)) // "tensor([1., 1.])"
 */
export function formatTensor(x: Tensor): string {
  const prefix = "tensor(";
  const suffixes: string[] = [];
  if (x.device !== "cpu") suffixes.push(`device='${x.device}'`);
  const usual = x.dtype === getDefaultDtype() || x.dtype === "int64" || x.dtype === "bool";
  let body: string;
  if (x.numel() === 0) {
    if (x.ndim !== 1) suffixes.push(`size=(${x.shape.join(", ")})`);
    if (x.dtype !== getDefaultDtype()) suffixes.push(`dtype=torch.${x.dtype}`);
    body = "[]";
  } else if (!x.storage.backend.readsAtOnce) {
    // As PyTorch shows tensors whose values it does not have.
    suffixes.push(`size=(${x.shape.join(", ")}${x.ndim === 1 ? "," : ""})`);
    if (x.dtype !== getDefaultDtype()) suffixes.push(`dtype=torch.${x.dtype}`);
    body = "...";
  } else {
    if (!usual) suffixes.push(`dtype=torch.${x.dtype}`);
    const shown = shownOf(x);
    body = nestedText(shown, prefix.length, new Formatter(flatten(shown.data), x.dtype));
  }
  if (x.gradFn !== null) suffixes.push(`gradFn=<${x.gradFn.name}>`);
  else if (x.requiresGrad) suffixes.push("requiresGrad=True");
  return withSuffixes(prefix + body, suffixes, prefix.length);
}

Tensor.prototype.toString = function (this: Tensor) {
  return formatTensor(this);
};

/** The hooks by which Node and Bun, and Deno, print objects. */
for (const symbol of ["nodejs.util.inspect.custom", "Deno.customInspect"])
  Object.defineProperty(Tensor.prototype, Symbol.for(symbol), {
    value(this: Tensor) {
      return isTensor(this) ? formatTensor(this) : "Tensor";
    },
  });
