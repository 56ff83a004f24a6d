/**
 * Which file of the bundle each module goes to: what every program needs is `core.js`, and each part that a program may do without is a file of its own,
 * which bundlers leave out where nobody uses what it exports.
 */
import { relative, resolve } from "node:path";

/** What tensors, their ops and methods consist of: all that these import. */
const CORE = ["backend/wasm/backend", "ops/index", "tensor/format", "nn/native/methods"];

/** Rooms below the layers: what other parts share of them is in the core as well. */
const BASE = ["core", "platform", "backend", "tensor", "autograd", "ops"];

/** The parts, from left to right in the order of the rooms, by the modules that they begin at. A file imports only from those before it, and from the core. */
const PARTS = {
  nn: ["nn/index", "nn/native/index"],
  compile: ["compile/index", "namespaces/compiler"],
  optim: ["optim/index"],
  data: ["data/index"],
  tools: ["io/serialization", "io/numpy", "io/safetensors", "func/index", "distributed/index", "hub/index"],
  quantization: ["quantization/index", "quantization/quantized", "namespaces/ao"],
};

/** Parts that stand beside each other; what several of them share is a file as well. */
const WINGS = ["distributions", "vision", "text", "audio", "onnx", "darknet"];

const pathOf = (/** @type {string} */ name) => `${resolve("src", name)}.ts`;
const indexOf = (/** @type {string} */ wing) => pathOf(`${wing}/index`);
const roomOf = (/** @type {string} */ id) => relative(resolve("src"), id).split(/[\\/]/)[0] ?? "";

/** Folders of the rooms below the layers that only one part uses. */
const APART = ["backend/wasm/fused"];

const isApart = (/** @type {string} */ id) => APART.some((folder) => id.startsWith(resolve("src", folder)));

/** What modules import statically, directly or not. */
function closure(starts, importsOf, isLeft) {
  const found = new Set();
  for (const pending = [...starts]; pending.length > 0; ) {
    const id = pending.pop();
    if (found.has(id) || isLeft(id)) continue;
    found.add(id);
    pending.push(...importsOf(id));
  }
  return found;
}

/** The file of each module that the entry imports statically. */
function assign(entry, importsOf) {
  const files = new Map();
  const isAssigned = (id) => files.has(id);
  const put = (file, ids) => {
    for (const id of ids) files.set(id, file);
  };
  const wings = new Set(WINGS.map(indexOf));
  const common = closure([entry], importsOf, (id) => wings.has(id));
  const shared = [...common].filter((id) => BASE.includes(roomOf(id)) && !isApart(id));
  put("core", closure([...CORE.map(pathOf), ...shared], importsOf, isAssigned));
  for (const [part, names] of Object.entries(PARTS)) put(part, closure(names.map(pathOf), importsOf, isAssigned));
  const before = new Map(files);
  for (const wing of WINGS)
    for (const id of closure([indexOf(wing)], importsOf, (id) => before.has(id)))
      files.set(id, files.has(id) || common.has(id) ? "shared" : wing);
  put("more", closure([entry], importsOf, isAssigned));
  files.delete(entry);
  return files;
}

/** Names the files, for rollup's `manualChunks`. @param {string} entry */
export function chunksOf(entry) {
  /** @type {Map<string, string> | undefined} */
  let files;
  return (/** @type {string} */ id, /** @type {{ getModuleInfo: (id: string) => any }} */ { getModuleInfo }) => {
    files ??= assign(entry, (one) => getModuleInfo(one).importedIds);
    return files.get(id);
  };
}
