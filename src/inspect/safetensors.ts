/** What is in a safetensors file, of which its header alone is read. */
import { FormatError } from "../core/errors";
import { readFrom } from "../platform/server";
import { bytesText, type Findings, printable } from "./table";

/** Bytes of the longest header that the format allows. */
const MOST_HEADER = 100_000_000;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const isEntry = (value: unknown): value is Entry => {
  const { dtype, shape, data_offsets: at } = (value ?? {}) as Partial<Entry>;
  return typeof dtype === "string" && Array.isArray(shape) && Array.isArray(at) && at.every(Number.isInteger);
};

async function headerOf(path: string): Promise<[string, unknown][]> {
  const fail = (why: string): FormatError => new FormatError(`inspect: "${path}" is no safetensors file: ${why}`);
  const start = await readFrom("inspect", path, 0, 8);
  if (start.length < 8) throw fail("it is shorter than its header");
  const size = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true);
  if (size > MOST_HEADER) throw fail(`its header claims ${size} bytes`);
  const bytes = await readFrom("inspect", path, 8, Number(size));
  if (bytes.length < Number(size))
    throw fail(`its header claims ${size} bytes, but ${bytes.length} follow: it is truncated`);
  try {
    return Object.entries(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as object);
  } catch {
    throw fail("its header is not JSON");
  }
}

/** The tensors of a file. @throws FormatError naming it. */
export async function inspectSafetensors(path: string): Promise<Findings> {
  const header = await headerOf(path);
  const tensors = header.filter((entry): entry is [string, Entry] => entry[0] !== "__metadata__" && isEntry(entry[1]));
  const rows = tensors.map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [begin, end],
      },
    ]) => [printable(name), printable(dtype), printable(`[${shape.join(", ")}]`), bytesText(end - begin)],
  );
  const metadata = header.find(([name]) => name === "__metadata__")?.[1];
  const total = tensors.reduce((sum, [, { data_offsets: at }]) => sum + at[1] - at[0], 0);
  return {
    before: `${tensors.length} tensors, ${bytesText(total)}`,
    tables: [[["name", "dtype", "shape", "bytes"], ...rows]],
    after: metadata === undefined ? undefined : `metadata: ${printable(JSON.stringify(metadata))}`,
  };
}
