/**
 * `npm run docs:ops -- DIR`: writes `docs/ops.md`, the support matrix of PyTorch's table of ops, from a run of the samples in DIR.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { find, ourPath } from "../test/conformance/adapter";
import { camelCase } from "../test/conformance/place";
import {
  type Counts,
  count,
  type DeviceRecord,
  deviceFile,
  type Entry,
  isComplete,
  kinds,
  type Report,
  summary,
} from "../test/conformance/report";
import { openSource, type Source } from "../test/conformance/source";
import { reflectedName } from "../test/conformance/special";
import { torch } from "../test/conformance/values";
import { runWatched } from "../test/conformance/watched";

/** Milliseconds that one sample may take. */
const SAMPLE_LIMIT = 20_000;

/** Why an entry differs on purpose; the others are listed with the judge's first complaint. */
const decisions: Readonly<Record<string, string>> = {
  unique: "with `sorted=False` PyTorch gives the order of its hash table, which it does not specify; ours is ascending",
  polygamma: "at the poles of a float32 PyTorch's sine gives large finite numbers; ours are infinite",
  "special.polygamma": "as `polygamma`",
  ...Object.fromEntries(
    ["airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"].map((name) => [
      `special.${name}`,
      "PyTorch 1.13's float64 values are off by up to 1e-6; ours agree with SciPy",
    ]),
  ),
};

/** Everything that a row of the matrix says. */
interface Row {
  readonly name: string;
  readonly entry: Entry;
  /** The dtypes of inputs whose results all pass. */
  readonly dtypes: readonly string[];
  readonly reason: string | undefined;
}

/** The dtype of the first tensor in a sample's input or arguments. */
function dtypeOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("t" in value && "d" in value) return String(value.t);
  for (const item of Object.values(value)) {
    const found = dtypeOf(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The dtype of each sample by its id. */
function dtypesOf(source: Source): Map<string, string> {
  const samples = source.files("ops").flatMap((file) => source.samples("ops", file));
  return new Map(samples.map((sample) => [sample.id, dtypeOf([sample.input, sample.args, sample.kwargs]) ?? ""]));
}

/** Judges every entry. */
async function judge(folder: string): Promise<{ rows: Row[]; entries: Readonly<Record<string, Entry>> }> {
  const dtypes = dtypesOf(openSource(folder));
  const report: Report = { families: {} };
  const seen = new Map<string, Map<string, boolean>>();
  const reasons = new Map<string, string>();
  await runWatched({ folder, families: ["ops"] }, SAMPLE_LIMIT, ({ family, entry, id, result }) => {
    count(report, family, entry, result);
    const bad = kinds.map((kind) => result[kind]).find((one) => one && one.outcome !== "passed");
    if (bad && !reasons.has(entry)) reasons.set(entry, `${id}: ${bad.reason}`);
    const own = seen.get(entry) ?? new Map<string, boolean>();
    const dtype = dtypes.get(id) ?? "";
    seen.set(entry, own.set(dtype, (own.get(dtype) ?? true) && bad === undefined));
  });
  const { entries } = report.families.ops!;
  const rows = Object.entries(entries).map(([name, entry]): Row => {
    const passing = [...seen.get(name)!].filter(([dtype, passes]) => dtype !== "" && passes);
    return { name, entry, dtypes: passing.map(([dtype]) => dtype), reason: reasons.get(name) };
  });
  return { rows, entries };
}

/** Our function, method or attribute of an entry; none if there is none. */
function oursOf(name: string): string {
  if (name === "__getitem__") return "`x.at(…)`";
  const reflected = reflectedName(name);
  if (reflected) return `\`torch.${reflected}(other, x)\``;
  const path = ourPath(name);
  if (typeof find(path) === "function") return `\`torch.${path}\``;
  const method = camelCase(name);
  return method in torch.Tensor.prototype ? `\`x.${method}\`` : "";
}

const cell = (counts: Counts | undefined): string => {
  if (counts === undefined) return "";
  const all = counts.passed + counts.failed + counts.missing;
  return counts.passed === all ? "✓" : `${counts.passed} / ${all}`;
};

const short: Readonly<Record<string, string>> = {
  float32: "f32",
  float64: "f64",
  int64: "i64",
  int32: "i32",
  uint8: "u8",
};
const order = ["float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"];

/** What was recorded of WebGPU, by `npm run conformance -- DIR --family ops --device webgpu --update`. */
const gpu: DeviceRecord = JSON.parse(readFileSync(deviceFile("webgpu"), "utf8"));

/** ✓ where all that WebGPU can have of an entry passes there, else what does of each kind. */
function gpuCell(name: string): string {
  const own = gpu.entries[name];
  if (own === undefined) return "";
  const each = [...new Set(Object.values(own).filter((mark) => mark !== "–"))];
  if (each.length === 0) return "–";
  if (each.length === 1 && each[0] === "✓") return "✓";
  return kinds.flatMap((kind) => own[kind] ?? []).join(", ");
}

/** How many entries run on WebGPU entirely. */
function gpuSummary(): string {
  const names = Object.keys(gpu.entries).filter((name) => gpuCell(name) !== "–");
  const whole = names.filter((name) => gpuCell(name) === "✓");
  const left = Object.entries(gpu.excluded).map(([reason, n]) => `${n} for ${reason}`);
  return `${whole.length} of ${names.length} entries entirely, on ${gpu.adapter}; excluded samples, by kind: ${left.join(", ")}`;
}

const line = ({ name, entry, dtypes }: Row): string => {
  const sorted = [...dtypes].sort((a, b) => order.indexOf(a) - order.indexOf(b)).map((dtype) => short[dtype] ?? dtype);
  const cells = kinds.map((kind) => cell(entry[kind]));
  return `| \`${name}\` | ${oursOf(name)} | ${cells.join(" | ")} | ${sorted.join(" ")} | ${gpuCell(name)} |`;
};

function page(rows: readonly Row[], entries: Readonly<Record<string, Entry>>): string {
  const open = rows.filter(({ entry }) => !isComplete(entry));
  const reasons = open.map(({ name, reason }) => `- \`${name}\`: ${decisions[name] ?? reason?.replaceAll("\n", " ")}`);
  return `<!-- Written by \`npm run docs:ops\`; not by hand. -->
# Support of PyTorch's ops

Each entry of PyTorch's own table of ops, judged by samples that PyTorch 1.13 computed: values, gradients, and gradients of gradients
(\`createGraph\`). ✓: every sample passes; 7 / 9: so many do; empty: PyTorch's table has none. *dtypes* are those of inputs for which every sample
passes; float16 and bfloat16 are computed in float32 and rounded. All of this is the device \`cpu\`. The last column is the device \`webgpu\`
([webgpu.md](webgpu.md)), with the same samples and tolerances: ✓ where all that it can have passes, else how many do of each kind; – where it can have
none, since it has no float64.

webgpu: ${gpuSummary()}

${summary("ops", { entries, excluded: {} })}

There are no complex, sparse or quantized tensors: what cannot be said without them (\`fft.fft\`, \`linalg.eig\`, \`view_as_complex\`) is not here.

## What differs

${reasons.join("\n")}

## The matrix

| PyTorch | Kindling | forward | gradient | second | dtypes | webgpu |
| --- | --- | --- | --- | --- | --- | --- |
${rows.map(line).join("\n")}
`;
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("docs:ops: which folder of samples? npm run docs:ops -- DIR");
  process.exit(2);
}
const { rows, entries } = await judge(resolve(folder));
writeFileSync("docs/ops.md", page(rows, entries));
console.log(summary("ops", { entries, excluded: {} }));
