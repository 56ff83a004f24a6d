/** Values as Python prints them, so that modules and optimizers print as in PyTorch. */

/** A float: `0.1`, `1.0`, `1e-05`, `inf`. */
export function float(x: number): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "-inf";
  const magnitude = Math.abs(x);
  if (magnitude !== 0 && (magnitude < 1e-4 || magnitude >= 1e16))
    return x.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** A number as its user wrote it, a tuple, a boolean, `None`; strings without quotes, as in an f-string. */
export function text(x: unknown): string {
  if (x === null || x === undefined) return "None";
  if (typeof x === "boolean") return x ? "True" : "False";
  if (Array.isArray(x)) return x.length === 1 ? `(${text(x[0])},)` : `(${x.map(text).join(", ")})`;
  if (typeof x === "number" && !Number.isInteger(x)) return float(x);
  return String(x);
}
