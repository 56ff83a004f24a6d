/** The files of a network, read and written. */
import { checkInteger, checkString } from "../core/arguments";
import { ArgumentError, describe, FormatError } from "../core/errors";
import { setOwn } from "../core/record";
import { writeStream } from "../platform/files";
import { type FileSource, openFile } from "../platform/randomAccess";
import { DarknetModule, type Design, design, weightCount } from "./network";
import { MOST_CONFIG } from "./section";
import { checkLength, type Opening, piecesOf, readHeader, readWeights } from "./weights";

/** The text of a small file. @throws FormatError if it is larger, or no text. */
async function textOf(op: string, source: FileSource): Promise<{ text: string; file: string }> {
  const opened = await openFile(op, source);
  const file = `"${opened.path}"`;
  try {
    if (opened.size > MOST_CONFIG)
      throw new FormatError(`${file} has ${opened.size} bytes; such files have at most ${MOST_CONFIG}`);
    const text = new TextDecoder().decode(await opened.read(0, opened.size));
    if (text.includes("\0")) throw new FormatError(`${file} is no text`);
    return { text, file };
  } finally {
    await opened.close();
  }
}

/** A text with line breaks is the configuration itself. */
const configOf = async (op: string, cfg: FileSource): Promise<Design> => {
  const isText = typeof cfg === "string" && cfg.includes("\n");
  const { text, file } = isText ? { text: cfg, file: "the configuration" } : await textOf(op, cfg);
  return design(text, file);
};

/** Opens a file, checks that it fits, and hands it on. */
async function withWeights<T>(
  op: string,
  source: FileSource,
  count: number,
  body: (file: Awaited<ReturnType<typeof openFile>>, opening: Opening) => Promise<T>,
): Promise<T> {
  const file = await openFile(op, source);
  try {
    const opening = await readHeader(file);
    checkLength(file, opening, count);
    return await body(file, opening);
  } finally {
    await file.close();
  }
}

const cutoffOf = (op: string, cutoff: unknown, layers: number): number =>
  cutoff === undefined ? layers : checkInteger(op, "cutoff", cutoff, 0, layers);

export async function loadNetwork(
  op: string,
  cfg: FileSource,
  weights: FileSource | null | undefined,
  cutoff: number | undefined,
): Promise<DarknetModule> {
  const plan = await configOf(op, cfg);
  const layers = cutoffOf(op, cutoff, plan.plans.length);
  if (weights == null) return new DarknetModule(plan);
  return await withWeights(op, weights, weightCount(plan.plans, layers), async (file, opening) => {
    const model = new DarknetModule(plan);
    await readWeights(model, file, opening, layers);
    return model;
  });
}

/** @throws ArgumentError unless it is a network of Darknet's. */
export function checkNetwork(op: string, model: unknown): asserts model is DarknetModule {
  if (!(model instanceof DarknetModule))
    throw new ArgumentError(`${op}: model must be what torch.darknet.load gives, got ${describe(model)}`);
}

/** Numbers of the layers before `cutoff`, as a module has them. */
const heldBy = (model: DarknetModule, cutoff: number): number =>
  model.layers
    .slice(0, cutoff)
    .reduce((sum, { weights }) => sum + weights.reduce((n, { tensor }) => n + tensor.numel(), 0), 0);

export async function loadInto(
  op: string,
  model: unknown,
  weights: FileSource,
  cutoff: number | undefined,
): Promise<void> {
  checkNetwork(op, model);
  const layers = cutoffOf(op, cutoff, model.layers.length);
  await withWeights(op, weights, heldBy(model, layers), (file, opening) => readWeights(model, file, opening, layers));
}

export async function saveFrom(
  op: string,
  model: unknown,
  f: string | URL | null | undefined,
  cutoff: number | undefined,
): Promise<Uint8Array | undefined> {
  checkNetwork(op, model);
  const layers = cutoffOf(op, cutoff, model.layers.length);
  checkInteger(op, "model.seen", model.seen, 0);
  if (f == null) {
    const pieces = [...piecesOf(model, layers)];
    return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }
  await writeStream(op, f, async (write) => {
    for (const piece of piecesOf(model, layers)) await write(piece);
  });
  return undefined;
}

/** The lines of a text that are no comments. */
const linesOf = (text: string): string[] => text.split(/\r?\n/);

export async function readNames(op: string, source: FileSource): Promise<string[]> {
  const { text } = await textOf(op, source);
  const lines = linesOf(text).map((line) => line.trim());
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

export async function readData(op: string, source: FileSource): Promise<Record<string, string>> {
  const { text, file } = await textOf(op, source);
  const values: Record<string, string> = {};
  linesOf(text).forEach((raw, i) => {
    const line = raw.trim();
    if (line === "" || /^[#;]/.test(line)) return;
    const cut = line.indexOf("=");
    if (cut < 1)
      throw new FormatError(`${file}, line ${i + 1}: expected "key = value", got ${JSON.stringify(raw.slice(0, 60))}`);
    setOwn(values, line.slice(0, cut).trim(), checkString(op, "value", line.slice(cut + 1).trim()));
  });
  return values;
}
