/** What is in NumPy's files, of which the headers alone are read. */
import { FormatError } from "../core/errors";
import { checkReadable, contentOf, readDirectory, type ZipEntry } from "../platform/archives/zip";
import { openFile } from "../platform/randomAccess";
import { bytesText, type Findings, printable } from "./table";

/** Bytes of the longest header: NumPy itself reads no longer one without being told to. */
const MOST_HEADER = 10_000;

/** dtype, shape and order as the header of an array has them; undefined if the bytes are no such header. */
function headerOf(bytes: Uint8Array): string[] | undefined {
  if (bytes.length < 12 || bytes[0] !== 0x93 || new TextDecoder().decode(bytes.subarray(1, 6)) !== "NUMPY")
    return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isShort = bytes[6] === 1;
  const [start, size] = isShort ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (size > MOST_HEADER || start + size > bytes.length) return undefined;
  const text = new TextDecoder().decode(bytes.subarray(start, start + size));
  const descr = /'descr': *(?:'([^']*)'|(\[.*?\]))/.exec(text);
  const shape = /'shape': *\(([^)]*)\)/.exec(text);
  if (descr === null || shape === null) return undefined;
  const order = /'fortran_order': *True/.test(text) ? "Fortran" : "C";
  return [printable(descr[1] ?? descr[2]!), printable(`[${shape[1]!.replace(/, *$/, "")}]`), order];
}

/** An array. @throws FormatError naming the file. */
export async function inspectNpy(path: string): Promise<Findings> {
  const file = await openFile("inspect", path);
  try {
    const header = headerOf(await file.read(0, Math.min(file.size, MOST_HEADER + 12)));
    if (header === undefined) throw new FormatError(`inspect: "${path}" has no header of NumPy: it is damaged`);
    const heads = ["dtype", "shape", "order", "bytes"];
    return { tables: [[heads, [...header, bytesText(file.size)]]] };
  } finally {
    await file.close();
  }
}

/** The beginning of a file in an archive. */
async function startOf(source: Parameters<typeof contentOf>[0], entry: ZipEntry): Promise<Uint8Array> {
  let start: Uint8Array = new Uint8Array(0);
  for await (const piece of contentOf(source, entry)) {
    start = Uint8Array.of(...start, ...piece.subarray(0, MOST_HEADER + 12 - start.length));
    if (start.length >= MOST_HEADER + 12) break;
  }
  return start;
}

/** The arrays of an archive. @throws FormatError naming it. */
export async function inspectNpz(path: string): Promise<Findings> {
  const file = await openFile("inspect", path);
  try {
    const rows: string[][] = [];
    for (const entry of await readDirectory(file)) {
      checkReadable(path, entry);
      const header = headerOf(await startOf(file, entry)) ?? ["no array", "", ""];
      rows.push([printable(entry.name.replace(/\.npy$/, "")), ...header, bytesText(entry.size)]);
    }
    return { tables: [[["name", "dtype", "shape", "order", "bytes"], ...rows]] };
  } finally {
    await file.close();
  }
}
