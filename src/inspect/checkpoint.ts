/** What is in a file of `torch.save`. */
import { load } from "../io/serialization";
import { Tensor } from "../tensor/tensor";
import { bytesText, type Findings, printable } from "./table";

/** Rows of a table; a file may hold more than anybody reads. */
const MOST_ROWS = 10_000;

/** One row for each tensor and plain value, by its path. */
function rowsOf(path: string, value: unknown, rows: string[][]): void {
  if (rows.length >= MOST_ROWS) return;
  if (value instanceof Tensor) {
    const bytes = bytesText(value.numel() * value.elementSize());
    rows.push([printable(path), value.dtype, `[${value.shape.join(", ")}]`, bytes]);
    return;
  }
  if (typeof value !== "object" || value === null) {
    rows.push([printable(path), value === null ? "null" : typeof value, printable(String(value)).slice(0, 60), ""]);
    return;
  }
  const entries = value instanceof Map ? [...value].map(([key, item]) => [String(key), item]) : Object.entries(value);
  if (entries.length === 0) rows.push([printable(path), Array.isArray(value) ? "list" : "dict", "empty", ""]);
  for (const [key, item] of entries) rowsOf(path === "" ? String(key) : `${path}.${key}`, item, rows);
}

/** The tensors and values of a checkpoint. @throws FormatError naming it. */
export async function inspectCheckpoint(path: string): Promise<Findings> {
  const rows: string[][] = [];
  rowsOf("", await load(path), rows);
  const after = rows.length >= MOST_ROWS ? `only the first ${MOST_ROWS} are shown` : undefined;
  return { tables: [[["name", "type", "shape or value", "bytes"], ...rows]], after };
}
