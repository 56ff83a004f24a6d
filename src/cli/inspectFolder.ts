/** `kindling inspect FOLDER`: checkpoints of a training run, models of Hugging Face, and sets of safetensors files. */
import { isPlainObject } from "../core/binding";
import { FormatError } from "../core/errors";
import { inspectSafetensors } from "../inspect/safetensors";
import { inspectIndex, inspectRun } from "../inspect/sets";
import { printable } from "../inspect/table";
import { joinPath, listEntries, readText } from "../platform/dataFiles";

const CHECKPOINT = /^checkpoint-\d{8,15}\.safetensors$/;
/** Entries of a config that are shown; some models list thousands of classes. */
const MOST_ENTRIES = 60;

/** What a config.json says, one line for each entry. */
async function configText(path: string): Promise<string> {
  let config: unknown;
  try {
    config = JSON.parse(await readText("inspect", path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FormatError(`inspect: "${path}" is no JSON: ${error.message}`, { cause: error });
  }
  if (!isPlainObject(config)) throw new FormatError(`inspect: "${path}" holds no object`);
  const entries = Object.entries(config as object);
  const lines = entries
    .slice(0, MOST_ENTRIES)
    .map(([key, value]) => `${printable(key)}: ${printable(JSON.stringify(value)).slice(0, 100)}`);
  return [...lines, ...(entries.length > MOST_ENTRIES ? [`… ${entries.length - MOST_ENTRIES} more`] : [])].join("\n");
}

/** What is in a folder. @throws FormatError if it holds nothing that is known. */
export async function inspectFolder(path: string): Promise<string> {
  const entries = await listEntries("inspect", path);
  const names = entries.filter(({ isFolder }) => !isFolder).map(({ name }) => name);
  if (names.some((name) => CHECKPOINT.test(name)))
    return inspectRun(
      path,
      names.filter((name) => CHECKPOINT.test(name)),
    );
  const parts: string[] = [];
  if (names.includes("config.json")) parts.push(await configText(joinPath(path, "config.json")));
  const indices = names.filter((name) => name.endsWith(".safetensors.index.json"));
  const single = names.filter((name) => name.endsWith(".safetensors") && !/-\d{5}-of-\d{5}\./.test(name));
  for (const name of indices) parts.push(`${name}: ${await inspectIndex(joinPath(path, name))}`);
  for (const name of single) parts.push(`${name}: ${await inspectSafetensors(joinPath(path, name))}`);
  if (parts.length === 0)
    throw new FormatError(
      `inspect: the folder "${path}" holds no checkpoints, no config.json and no safetensors files: name one of its files`,
    );
  return parts.join("\n\n");
}
