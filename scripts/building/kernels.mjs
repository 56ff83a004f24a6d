import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { signaturesOf } from "./signatures.mjs";

/**
 * A plugin of rollup and of Vite that lets the sources import the compiled kernels as deflated base64 text, so that the binary travels inside the
 * module. Base64 of the binary itself hides its repetitions from the compression of the web server: it would travel 1.4 times as large.
 */
export function embedKernels() {
  const id = "kindling:kernels";
  const binary = (target) => readFileSync(`build/kernels.${target}.wasm`);
  const text = (target) => deflateRawSync(binary(target), { level: 9 }).toString("base64");
  const values = () => ({
    baseline: text("baseline"),
    relaxed: text("relaxed"),
    signatures: signaturesOf(binary("baseline")),
  });
  return {
    name: "embed-kernels",
    resolveId: (source) => (source === id ? id : null),
    load: (source) =>
      source === id
        ? Object.entries(values())
            .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
            .join("")
        : null,
    /** The binary as a file, for runtimes that take only what they have compiled themselves. */
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "kernels.wasm", source: binary("baseline") });
    },
  };
}
