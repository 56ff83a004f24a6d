/** The rules for sizes: files that are read in one go, and folders that are seen at a glance. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

const FOLDERS = ["assembly", "bench", "examples", "scripts", "src", "test"];
const MOST_LINES = 400;
const MOST_FILES = 25;

/** Files that are longer, with the reason. */
const LONGER: Readonly<Record<string, string>> = {
  "src/backend/webgpu/wgsl/program.ts": "One class that writes the parts of a shader.",
  "src/data/loader.ts": "One class with the states of a pass; what stands alone has files of its own.",
  "src/data/workerPool.ts": "One class with the states of its workers and of what they were asked for.",
  "test/distributed/programs/collectives.mjs":
    "One program for all collectives, since starting processes takes the time.",
  "test/docs/blocks.alone.test.ts": "What each page's blocks need, a few lines for each page.",
  "test/bundlers/pages.mjs": "A list of environments with a page, each a few lines.",
  "src/distributions/base/constraints.ts": "The table of the constraints, an entry each.",
  "src/nn/layers/transformer.ts": "The layers of one paper, which share options and masks.",
  "src/nn/layers/tunableActivation.ts": "A list of small layers of one kind.",
  "src/nn/losses/losses.ts": "A list of small layers of one kind.",
  "src/nn/module/container.ts": "Four containers that mirror the methods of lists and dictionaries.",
  "src/nn/module/module.ts": "One class with the whole interface of torch.nn.Module.",
  "src/nn/recurrent/rnn.ts": "One layer in its forms, which share their checks and the order of their weights.",
  "src/ops/builders/define.ts": "The builders of elementwise ops, which share how they compute and record.",
  "src/platform/download.ts": "One download with its locks, retries, checks and progress.",
  "src/tensor/tensor.ts": "The class itself, whose members share its private state.",
  "test/io/torch.test.ts": "What is saved here loads in PyTorch and the other way, a test for each kind.",
  "test/nn/byName.test.ts": "A table of calls, an entry for each layer.",
  "test/nn/native.test.ts": "A table of calls, an entry for each native op.",
  "test/onnx/exportOps.test.ts": "A table of models, an entry for each op.",
  "test/tensorboard/writer.test.ts": "A test for each method of the writer.",
  "test/vision/datasets/files.test.ts": "The files of many data sets, a test each.",
};

const isCode = (path: string): boolean => /\.(ts|mts|mjs|js)$/.test(path);
/** What protoc-gen-es writes (`npm run proto`). */
const isGenerated = (path: string): boolean => path.endsWith("_pb.ts");

/** Every folder at or below `folder`, with the names of its own files. */
function foldersBelow(folder: string): [path: string, files: string[]][] {
  const entries = readdirSync(resolve(root, folder), { withFileTypes: true }).filter(
    ({ name }) => name !== "node_modules",
  );
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const inner = entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => foldersBelow(`${folder}/${name}`));
  return [[folder, files], ...inner];
}

const folders = FOLDERS.flatMap(foldersBelow);

test(`no folder has more than ${MOST_FILES} files of its own`, () => {
  expect(folders.length).toBeGreaterThan(100);
  const crowded = folders.filter(([, files]) => files.length > MOST_FILES);
  expect(crowded.map(([path, files]) => `${path}: ${files.length}`)).toEqual([]);
});

test(`no file has more than ${MOST_LINES} lines without its reason`, () => {
  const files = folders.flatMap(([folder, names]) => names.map((name) => `${folder}/${name}`));
  const code = files.filter((path) => isCode(path) && !isGenerated(path));
  const lengthOf = (path: string): number => readFileSync(resolve(root, path), "utf8").trimEnd().split("\n").length;
  const long = code.filter((path) => lengthOf(path) > MOST_LINES);
  expect(code.length).toBeGreaterThan(500);
  expect(long.sort()).toEqual(Object.keys(LONGER).sort());
});
