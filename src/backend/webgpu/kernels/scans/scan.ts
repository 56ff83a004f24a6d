/** Running sums, products, logarithms of sums of exponentials, and extrema with their positions. */
import type { DType } from "../../../../core/dtype";
import { sizeOfShape } from "../../../../core/shape";
import type { Operand } from "../../../operand";
import type { RunningExtremum, Scan } from "../../../ops";
import type { Gpu } from "../../gpu";
import { convert, type Scalar, scalarOf } from "../../wgsl/elements";
import { type Fold, scanRows } from "./rowScan";

/** A {@link Scan}, or the number of elements so far that are not 0. */
export type ScanWork = Omit<Scan, "kind"> & { readonly kind: Scan["kind"] | "count" };

/** A fold of single numbers. */
const numeric = (name: string, type: Scalar, begin: string, merge: Fold["merge"], declarations = ""): Fold => ({
  name: `${name} ${type}`,
  state: type,
  declarations,
  begin,
  merge,
  pack: (s) => [type === "f32" ? `bitcast<i32>(${s})` : s],
  unpack: ([word]) => (type === "f32" ? `bitcast<f32>(${word})` : word!),
});

const LOG_ADD = `fn logAdd(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return nan(); }
  let high = max(a, b);
  if (isInf(high)) { return high; }
  return high + log1pSafe(expSafe(min(a, b) - high));
}`;

function foldOf(kind: ScanWork["kind"], type: Scalar): Fold {
  const one = (value: number): string => (type === "f32" ? `f32(${value})` : `i32(${value})`);
  switch (kind) {
    case "cumprod":
      return numeric(kind, type, one(1), (a, b) => `${a} * ${b}`);
    case "logcumsumexp":
      return numeric(kind, type, "-infinity()", (a, b) => `logAdd(${a}, ${b})`, LOG_ADD);
    default:
      return numeric(kind, type, one(0), (a, b) => `${a} + ${b}`);
  }
}

/** An expression for whether a value is not 0, as a number. */
const isTrue = (value: string, dtype: DType): string =>
  `select(0i, 1i, ${scalarOf(dtype) === "f32" ? `isNonzero(${value})` : `(${value}) != 0i`})`;

const rowsOf = (x: Operand, n: number): number => (n === 0 ? 0 : sizeOfShape(x.shape) / n);

/** Runs a scan of numbers. */
export function runScan(gpu: Gpu, { kind, y, x, n, inner, reverse }: ScanWork): void {
  scanRows(gpu, foldOf(kind, scalarOf(y.dtype) ?? "f32"), { rows: rowsOf(x, n), n, inner, reverse }, (program) => {
    const target = program.scatter(y);
    const source = program.read(x);
    return {
      read: (place) => {
        const value = source.loadAt(`${place}`);
        return kind === "count" ? isTrue(value, x.dtype) : convert(value, x.dtype, y.dtype);
      },
      write: (place, s) => target.storeAt(`${place}`, s),
    };
  });
}

/** Runs a scan. */
export const scan = (gpu: Gpu, work: Scan): void => runScan(gpu, work);

/** The later of equal elements is taken, and the last NaN. */
function extremumFold(kind: RunningExtremum["kind"], type: Scalar): Fold {
  const nans = type === "f32" ? "if (isNan(b.value)) { return b; }\n  if (isNan(a.value)) { return a; }" : "";
  const [word, back] = type === "f32" ? ["bitcast<i32>", "bitcast<f32>"] : ["", ""];
  return {
    name: `${kind} ${type}`,
    state: "Running",
    declarations: `struct Running { value: ${type}, at: i32 }
fn later(a: Running, b: Running) -> Running {
  if (b.at < 0i) { return a; }
  if (a.at < 0i) { return b; }
  ${nans}
  if (b.value ${kind === "cummax" ? ">=" : "<="} a.value) { return b; }
  return a;
}`,
    begin: `Running(${type}(0), -1i)`,
    merge: (a, b) => `later(${a}, ${b})`,
    pack: (s) => [`${word}(${s}.value)`, `${s}.at`],
    unpack: ([value, at]) => `Running(${back}(${value}), ${at})`,
  };
}

/** Runs a scan for extrema. */
export function runningExtremum(gpu: Gpu, { kind, values, indices, x, n, inner }: RunningExtremum): void {
  const fold = extremumFold(kind, scalarOf(x.dtype) ?? "f32");
  scanRows(gpu, fold, { rows: rowsOf(x, n), n, inner, reverse: false }, (program) => {
    const best = program.scatter(values);
    const places = program.write(indices);
    const source = program.read(x);
    return {
      read: (place, i) => `Running(${source.loadAt(`${place}`)}, i32(${i}))`,
      write: (place, s) => `${best.storeAt(`${place}`, `${s}.value`)}\n${places.storeAt(`${place}`, `${s}.at`)}`,
    };
  });
}
