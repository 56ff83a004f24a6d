/**
 * `node scripts/building/joinData.mjs INPUT OUTPUT`: joins the data segments of a kernel binary. The compiler writes one for each constant, a fourteenth
 * of the compressed binary; nothing but constants lies between them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

const [input, output] = process.argv.slice(2);
// The declarations of the package lag behind what it exports.
const module = /** @type {any} */ (binaryen.readBinary(readFileSync(input)));
const segments = Array.from({ length: module.getNumDataSegments() }, (_, i) =>
  module.getDataSegmentInfo(module.getDataSegmentByIndex(i)),
);
const start = Math.min(...segments.map(({ offset }) => offset));
const end = Math.max(...segments.map(({ offset, data }) => offset + data.byteLength));
const data = new Uint8Array(end - start);
for (const segment of segments) data.set(new Uint8Array(segment.data), segment.offset - start);

// The name of the imported memory, as Binaryen calls it when it reads a binary without names.
const memory = "mimport$0";
const { initial, max, shared } = module.getMemoryInfo(memory);
module.setMemory(
  initial,
  max,
  null,
  [{ offset: module.i32.const(start), data, passive: false }],
  shared,
  false,
  memory,
);
module.addMemoryImport(memory, "env", "memory", shared);
writeFileSync(output, module.emitBinary());
