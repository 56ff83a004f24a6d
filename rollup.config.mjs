import { readFileSync } from "node:fs";
import esbuild from "rollup-plugin-esbuild";

/** Lets the sources import the compiled kernels as base64 text, so that the binary travels inside the module. */
function embedKernels() {
  const id = "kindling:kernels";
  const base64 = (target) => readFileSync(`build/kernels.${target}.wasm`).toString("base64");
  return {
    name: "embed-kernels",
    resolveId: (source) => (source === id ? id : null),
    load: (source) =>
      source === id
        ? `export const baseline = "${base64("baseline")}";\nexport const relaxed = "${base64("relaxed")}";\n`
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
