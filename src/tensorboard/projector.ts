/** What TensorBoard's projector reads: tables of points and labels beside the event files. */
import { ArgumentError, ShapeError } from "../core/errors";
import { writeBytes } from "../platform/files";
import { makeFolder } from "../platform/folders";
import type { Call } from "./arguments";
import { spriteOf } from "./pictures";
import type { Sink } from "./sink";
import { doubles, numbers } from "./values";

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A folder name for a tag, as PyTorch makes it. */
const folderName = (tag: string): string => tag.replaceAll("%", "%25").replaceAll("/", "%2f").replaceAll("\\", "%5c");

/** Text in the text format of protocol buffers. */
const quoted = (text: string): string => {
  const bytes = Array.from(textBytes(text), (byte) =>
    byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, "0")}` : String.fromCharCode(byte),
  );
  return `"${bytes.map((c) => (c === '"' || c === "\\" || c === "'" ? `\\${c}` : c)).join("")}"`;
};

/** A float as Python writes it: an integer with a fraction, too. */
const numberText = (x: number, isFloat: boolean): string =>
  Number.isNaN(x)
    ? "nan"
    : !Number.isFinite(x)
      ? x > 0
        ? "inf"
        : "-inf"
      : isFloat && Number.isInteger(x) && Math.abs(x) < 1e16
        ? `${Object.is(x, -0) ? "-0" : x}.0`
        : String(x);

function labelsText(metadata: readonly unknown[], header: readonly unknown[] | undefined): string {
  if (header === undefined || header.length === 0) return `${metadata.map(String).join("\n")}\n`;
  const rows = [header, ...metadata].map((row) => {
    if (!Array.isArray(row) || row.length !== header.length)
      throw new ArgumentError("len of header must be equal to the number of columns in metadata");
    return row.map(String).join("\t");
  });
  return `${rows.join("\n")}\n`;
}

/** The files of each writer's embeddings so far, in the order of the calls. */
const entries = new WeakMap<Sink, string[]>();

/** The files of an embedding, by their names. @throws ShapeError, ArgumentError. */
function filesOf({ op, values }: Call): { parts: [string, Uint8Array][]; sprite?: [number, number] } {
  const mat = numbers(op, "mat", values.mat);
  if (mat.shape.length !== 2) throw new ShapeError("mat should be 2D, where mat.size(0) is the number of data points");
  const [n, d] = mat.shape as [number, number];
  const parts: [string, Uint8Array][] = [];
  if (values.metadata !== undefined) {
    if (!Array.isArray(values.metadata) || values.metadata.length !== n)
      throw new ArgumentError("#labels should equal with #data points");
    parts.push(["metadata.tsv", textBytes(labelsText(values.metadata, values.metadataHeader))]);
  }
  let sprite: [number, number] | undefined;
  if (values.labelImg !== undefined) {
    const held = numbers(op, "labelImg", values.labelImg);
    if (held.shape[0] !== n) throw new ShapeError("#images should equal with #data points");
    const { png, width, height } = spriteOf(held);
    sprite = [width, height];
    parts.push(["sprite.png", png]);
  }
  const isFloat = mat.dtype.startsWith("float") || mat.dtype === "bfloat16";
  const data = doubles(mat.data);
  const rows = Array.from({ length: n }, (_, i) =>
    Array.from(data.subarray(i * d, (i + 1) * d), (x) => numberText(x, isFloat)).join("\t"),
  );
  parts.push(["tensors.tsv", textBytes(rows.map((row) => `${row}\n`).join(""))]);
  return { parts, ...(sprite !== undefined && { sprite }) };
}

/** Writes an embedding and tells the projector of it. */
export function addEmbedding(log: Sink, call: Call): void {
  const { tag = "default", globalStep = 0 } = call.values;
  const step = String(globalStep).padStart(5, "0");
  const folder = `${step}/${folderName(tag)}`;
  const { parts, sprite } = filesOf(call);
  const has = (name: string): boolean => parts.some(([known]) => known === name);
  const lines = [`  tensor_name: ${quoted(`${tag}:${step}`)}`];
  if (has("metadata.tsv")) lines.push(`  metadata_path: ${quoted(`${folder}/metadata.tsv`)}`);
  if (sprite !== undefined)
    lines.push(
      `  sprite {\n    image_path: ${quoted(`${folder}/sprite.png`)}\n    single_image_dim: ${sprite[0]}\n    single_image_dim: ${sprite[1]}\n  }`,
    );
  lines.push(`  tensor_path: ${quoted(`${folder}/tensors.tsv`)}`);
  const known = entries.get(log) ?? [];
  known.push(`embeddings {\n${lines.join("\n")}\n}\n`);
  entries.set(log, known);
  const config = textBytes(known.join(""));
  log.later(call.op, async () => {
    await makeFolder(call.op, `${log.folder}/${folder}`);
    for (const [name, bytes] of parts) await writeBytes(call.op, `${log.folder}/${folder}/${name}`, bytes);
    await writeBytes(call.op, `${log.folder}/projector_config.pbtxt`, config);
  });
}
