import { readFileSync } from "node:fs";
import { signaturesOf } from "./signatures.mjs";

/** A plugin of rollup and of Vite that lets the sources import the compiled kernels as text, packed (pack.mjs), so that they travel inside the module. */
export function embedKernels() {
  const id = "kindling:kernels";
  const binary = () => readFileSync("build/kernels.baseline.wasm");
  const values = () => ({
    ...JSON.parse(readFileSync("build/kernels.packed.json", "utf8")),
    signatures: signaturesOf(binary()),
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
      this.emitFile({ type: "asset", fileName: "kernels.wasm", source: binary() });
    },
  };
}
