/** Unpacks the binaries of the kernels, by a decoder in WebAssembly: it takes a third of the time of one in JavaScript, which runs cold. */

import { lengths, packed, unpacker } from "kindling:kernels";

const PAGE = 65_536;
/** Where the stream begins: the decoder's tables lie before it. */
const STREAM = 16_384;

interface Unpacker {
  readonly memory: WebAssembly.Memory;
  readonly unpack: (stream: number, target: number, length: number) => void;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The binary of a level. The one of the baseline comes second in the stream, which is unpacked up to its end. */
export function unpackKernels(
  level: "baseline" | "relaxed",
  compile: (binary: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): Uint8Array<ArrayBuffer> {
  const decoder = new WebAssembly.Instance(compile(decodeBase64(unpacker)));
  const { memory, unpack } = decoder.exports as unknown as Unpacker;
  const stream = decodeBase64(packed);
  const target = STREAM + stream.length;
  const begin = level === "relaxed" ? 0 : lengths[0];
  const end = level === "relaxed" ? lengths[0] : lengths[0] + lengths[1];
  memory.grow(Math.max(0, Math.ceil((target + end - memory.buffer.byteLength) / PAGE)));
  new Uint8Array(memory.buffer, STREAM).set(stream);
  unpack(STREAM, target, end);
  return new Uint8Array(memory.buffer.slice(target + begin, target + end));
}
