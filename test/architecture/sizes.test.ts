/** The rules for sizes: files that are read in one go, and folders that are seen at a glance. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

const FOLDERS = ["assembly", "bench", "examples", "scripts", "src", "test"];
const MOST_LINES = 400;
const MOST_FILES = 25;

/** Files that are longer, with the reason. */
const LONGER: Readonly<Record<string, string>> = {};

const isCode = (path: string): boolean => /\.(ts|mts|mjs|js)$/.test(path);
/** What protoc-gen-es writes (`npm run proto`). */
const isGenerated = (path: string): boolean => path.endsWith("_pb.ts");

/** Every folder at or below `folder`, with the names of its own files. */
function foldersBelow(folder: string): [path: string, files: string[]][] {
  const entries = readdirSync(resolve(root, folder), { withFileTypes: true });
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
