/** Where samples come from: a folder as PyTorch's samples are published, or the packed choice in `test/golden`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

const families = ["ops", "modules", "optim", "sched", "rng", "curves", "transforms", "distributions", "io", "onnx"];

/** The packed samples of this repository. */
const golden = join(dirname(fileURLToPath(import.meta.url)), "..", "golden");

export interface Source {
  readonly families: readonly string[];
  /** The family's `index.json`. */
  index(family: string): any;
  /** The names of the family's sample files. */
  files(family: string): readonly string[];
  /** The samples of a file, in order. */
  samples(family: string, file: string): readonly any[];
  /** A binary file of `io/`. */
  bytes(family: string, file: string): Uint8Array;
}

const parseLines = (text: string): any[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** Opens a folder of either form. */
export function openSource(folder: string): Source {
  if (existsSync(join(folder, "samples.jsonl.br"))) return new PackedSource(folder);
  if (isNodeTests(folder)) return new NodeTestSource(folder);
  if (!existsSync(join(folder, "index.json")))
    throw new Error(`${folder} has no index.json: it is not a folder of samples`);
  return new FolderSource(folder);
}

/** Whether a folder holds backend tests of ONNX. */
const isNodeTests = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => existsSync(join(folder, name, "model.onnx")));

/** ONNX's own backend tests: a folder with a model for each, and folders of inputs and outputs in it. */
class NodeTestSource implements Source {
  readonly families = ["onnx"];

  constructor(private readonly folder: string) {}

  index(): any {
    return {};
  }

  files(): readonly string[] {
    return readdirSync(this.folder)
      .filter((name) => existsSync(join(this.folder, name, "model.onnx")))
      .sort();
  }

  samples(_family: string, file: string): readonly any[] {
    return readdirSync(join(this.folder, file))
      .filter((name) => name.startsWith("test_data_set_"))
      .map((set) => ({
        id: `${file}/${set}`,
        model: `${file}/model.onnx`,
        inputs: this.list(file, set, "input"),
        outputs: this.list(file, set, "output"),
      }));
  }

  private list(file: string, set: string, kind: string): string[] {
    const names = readdirSync(join(this.folder, file, set)).filter((name) => name.startsWith(`${kind}_`));
    return names
      .sort((a, b) => Number.parseInt(a.slice(kind.length + 1), 10) - Number.parseInt(b.slice(kind.length + 1), 10))
      .map((name) => `${file}/${set}/${name}`);
  }

  bytes(_family: string, file: string): Uint8Array {
    return readFileSync(join(this.folder, file));
  }
}

class FolderSource implements Source {
  readonly families: readonly string[];

  constructor(private readonly folder: string) {
    this.families = families.filter((family) => existsSync(join(folder, family)));
  }

  /** Signatures are the same for all samples of an operator: a folder without its own index takes that of the packed samples. */
  index(family: string): any {
    const path = join(this.folder, family, "index.json");
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : new PackedSource(golden).index(family);
  }

  files(family: string): readonly string[] {
    const suffix = family === "io" ? ".json" : ".jsonl";
    return readdirSync(join(this.folder, family))
      .filter((name) => name.endsWith(suffix) && name !== "index.json")
      .sort();
  }

  samples(family: string, file: string): readonly any[] {
    const text = readFileSync(join(this.folder, family, file), "utf8");
    return family === "io" ? [JSON.parse(text)] : parseLines(text);
  }

  bytes(family: string, file: string): Uint8Array {
    return readFileSync(join(this.folder, family, file));
  }
}

/** A line of the packed form: an index, a sample or a binary file. */
export type PackedLine =
  | { readonly family: string; readonly index: unknown }
  | { readonly family: string; readonly file: string; readonly sample: unknown }
  | { readonly family: string; readonly file: string; readonly base64: string };

class PackedSource implements Source {
  private readonly lines: readonly PackedLine[];

  constructor(folder: string) {
    this.lines = parseLines(brotliDecompressSync(readFileSync(join(folder, "samples.jsonl.br"))).toString("utf8"));
  }

  get families(): readonly string[] {
    return [...new Set(this.lines.map(({ family }) => family))];
  }

  index(family: string): any {
    for (const line of this.lines) if (line.family === family && "index" in line) return line.index;
    return {};
  }

  files(family: string): readonly string[] {
    return [...new Set(this.lines.flatMap((line) => (line.family === family && "sample" in line ? [line.file] : [])))];
  }

  samples(family: string, file: string): readonly any[] {
    return this.lines.flatMap((line) =>
      line.family === family && "sample" in line && line.file === file ? [line.sample] : [],
    );
  }

  bytes(family: string, file: string): Uint8Array {
    for (const line of this.lines)
      if (line.family === family && "base64" in line && line.file === file) return Buffer.from(line.base64, "base64");
    throw new Error(`${family}/${file} is not among the packed samples`);
  }
}
