/** What is in files that belong together: checkpoints of a run, and the parts of an index. Of each its header alone is read. */
import { FormatError, KindlingError } from "../core/errors";
import { safeOpen } from "../io/lazySafetensors";
import { OpenShard } from "../io/safeOpen";
import { openSet } from "../io/shards";
import { joinPath, readText } from "../platform/dataFiles";
import { bytesText, printable, table } from "./table";

interface Saved {
  readonly metric?: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** The entry of a checkpoint's header that holds its values; see `src/checkpoint/file.ts`. */
const VALUES = "kindling.checkpoint";

/** The metric and the plain values of a checkpoint. @throws FormatError if it holds none. */
async function savedIn(path: string): Promise<Saved> {
  const open = await safeOpen("inspect", path);
  try {
    const { state } = JSON.parse(open.metadata()[VALUES] ?? "{}") as { state?: Record<string, unknown> };
    if (typeof state !== "object" || state === null) throw new FormatError(`"${path}" has no values of a checkpoint`);
    const values = (typeof state.values === "object" ? state.values : undefined) ?? {};
    return {
      values: values as Saved["values"],
      ...(typeof state.metric === "number" && { metric: state.metric }),
    };
  } catch (error) {
    if (error instanceof SyntaxError) throw new FormatError(`"${path}": its values are no JSON`, { cause: error });
    throw error;
  } finally {
    await open.close();
  }
}

async function manifestMode(folder: string): Promise<"min" | "max"> {
  try {
    return JSON.parse(await readText("inspect", joinPath(folder, "manifest.json"))).mode === "max" ? "max" : "min";
  } catch {
    return "min";
  }
}

const plainText = (values: Saved["values"]): string =>
  Object.entries(values)
    .filter(([, value]) => value === null || typeof value !== "object")
    .map(([key, value]) => `${printable(key)} ${printable(String(value)).slice(0, 30)}`)
    .join(", ");

/** The checkpoints of a run: steps and other plain values, metrics and sizes, and which is the best. Damaged ones are marked. */
export async function inspectRun(folder: string, names: readonly string[]): Promise<string> {
  const mode = await manifestMode(folder);
  const found = await Promise.all(
    names.map(async (name) => {
      const path = joinPath(folder, name);
      try {
        const shard = await OpenShard.open("inspect", path);
        await shard.file.close();
        return { name, size: shard.file.size, ...(await savedIn(path)) };
      } catch (error) {
        if (!(error instanceof KindlingError)) throw error;
        return { name, error };
      }
    }),
  );
  const metrics = found.flatMap((entry) => ("metric" in entry && entry.metric !== undefined ? [entry.metric] : []));
  const best = mode === "min" ? Math.min(...metrics) : Math.max(...metrics);
  const rows = found.map((entry) => {
    if ("error" in entry) return [entry.name, "damaged", "", "", ""];
    const { name, size, metric, values } = entry;
    const isBest = metric !== undefined && metric === best;
    return [name, bytesText(size), metric === undefined ? "" : String(metric), isBest ? "best" : "", plainText(values)];
  });
  return `${found.length} checkpoints\n${table([["file", "bytes", "metric", "", "values"], ...rows])}`;
}

/** The tensors of all files of an index. @throws FormatError naming the index or the file that is damaged. */
export async function inspectIndex(path: string): Promise<string> {
  const set = await openSet("inspect", path);
  try {
    let total = 0;
    const rows: string[][] = [];
    for (const name of set.names) {
      const { shard, entry } = await set.find(name);
      total += entry.end - entry.begin;
      const file = shard.file.path.replace(/^.*[/\\]/, "");
      const shape = `[${entry.shape.join(", ")}]`;
      rows.push([printable(name), entry.type, shape, bytesText(entry.end - entry.begin), printable(file)]);
    }
    return `${rows.length} tensors, ${bytesText(total)}\n${table([["name", "dtype", "shape", "bytes", "file"], ...rows])}`;
  } finally {
    await set.close();
  }
}
