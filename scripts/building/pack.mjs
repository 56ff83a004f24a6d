/**
 * Packs the kernels as they travel: both binaries in one LZMA stream, which the second adds little to, and the binary that unpacks it. Engines have no
 * such decoder, and Deflate looks back 32 KiB only, so that it would store what the two have in common twice.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import asc from "assemblyscript/asc";
import { compress } from "lzma1";

/** 3 bits of literal context, none of literal position, 2 of position: what `assembly/unpack/lzma.ts` reads. */
const PROPERTIES = 0x5d;
/** The properties, the size of the dictionary, and the length. */
const HEADER = 13;

/** The stream of the bytes, one after the other, without a header. @param {readonly Uint8Array[]} parts */
function pack(parts) {
  const stream = Buffer.from(compress(Buffer.concat(parts), 9));
  if (stream[0] !== PROPERTIES) throw new Error(`the stream has the properties ${stream[0]}, not ${PROPERTIES}`);
  return stream.subarray(HEADER);
}

/** Compiles what unpacks the stream. */
async function compileUnpacker() {
  const { error, stderr, binary } = await asc.compileString(readFileSync("assembly/unpack/lzma.ts", "utf8"), {
    optimizeLevel: 3,
    shrinkLevel: 2,
    runtime: "stub",
    noAssert: true,
  });
  if (error) throw new Error(`what unpacks the kernels does not compile: ${stderr}`);
  return /** @type {Uint8Array} */ (binary);
}

/** Writes `build/kernels.packed.json`, of the binaries of both levels. @param {string} to */
export async function packKernels(to) {
  // Most engines have the relaxed instructions: they unpack only what comes first.
  const parts = ["relaxed", "baseline"].map((level) => readFileSync(`build/kernels.${level}.wasm`));
  const text = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("base64");
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(
    to,
    JSON.stringify({
      unpacker: text(await compileUnpacker()),
      packed: text(pack(parts)),
      lengths: parts.map(({ length }) => length),
    }),
  );
}
