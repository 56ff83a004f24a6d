import { readFileSync } from "node:fs";
import esbuild from "rollup-plugin-esbuild";
import { signaturesOf } from "./scripts/signatures.mjs";

/** Lets the sources import the compiled kernels as base64 text, so that the binary travels inside the module. */
function embedKernels() {
  const id = "kindling:kernels";
  const binary = (target) => readFileSync(`build/kernels.${target}.wasm`);
  const values = () => ({
    baseline: binary("baseline").toString("base64"),
    relaxed: binary("relaxed").toString("base64"),
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
  };
}

export default {
  input: { kindling: "src/index.ts" },
  output: { dir: "dist", format: "es", sourcemap: true },
  plugins: [embedKernels(), esbuild({ target: "es2022" })],
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
};
