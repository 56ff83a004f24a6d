/** What the built bundle shows, and which of its names are PyTorch's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as kindling from "kindling";

/** The names of PyTorch 1.13 and torchvision 0.14 by namespace, as their documentation and `dir()` give them. */
const theirs = JSON.parse(readFileSync(join(import.meta.dirname, "pytorchNames.json"), "utf8")) as Record<
  string,
  string
>;

/** `log_softmax` → `logSoftmax`. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[^_])_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());

const namesOf = (space: string): string[] => theirs[space]?.split(" ").map(camelCase) ?? [];

/** Ops are functions and methods alike, so that each has the names of all. */
const ops = new Set(
  ["torch", "torch.Tensor", "torch.nn.functional", "torch.linalg", "torch.special", "torch.fft"].flatMap(namesOf),
);

const opSpaces = new Set(["", "Tensor", "nn.functional", "linalg", "special", "fft", "masked"]);

/** `optim.lrScheduler` → `torch.optim.lr_scheduler`. */
const theirPath = (path: string): string =>
  `torch.${path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`.replace("torch.vision", "torchvision");

const isTheirs = (path: string, name: string): boolean =>
  opSpaces.has(path) ? ops.has(name) : namesOf(theirPath(path)).includes(name);

/** Namespaces are objects without a prototype. */
const isSpace = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === null;

/** Every export below a namespace as [namespace, name]. */
function* exportsOf(space: Record<string, unknown>, path: string): Generator<[string, string]> {
  for (const [name, value] of Object.entries(space))
    if (name.startsWith("__")) continue;
    else if (isSpace(value)) yield* exportsOf(value, path === "" ? name : `${path}.${name}`);
    else yield [path, name];
}

/** The members that a tensor has, apart from PyTorch's spelling of them, which is explained by an error. */
const members = Object.entries(Object.getOwnPropertyDescriptors(kindling.Tensor.prototype))
  .filter(([name, { set }]) => !(set !== undefined && /[a-z]_[a-z]|^h$/.test(name)))
  .map(([name]): [string, string] => ["Tensor", name]);

/** Exports and methods whose names are not PyTorch's, by path. */
export const ownNames = (): string[] =>
  [...exportsOf(kindling as unknown as Record<string, unknown>, ""), ...members]
    .filter(([path, name]) => !isTheirs(path, name))
    .map(([path, name]) => (path === "" ? name : `${path}.${name}`))
    .sort();
