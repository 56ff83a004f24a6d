import { build } from "esbuild";

/** @type {import("esbuild").BuildOptions & { write: false }} */
const options = { bundle: true, minify: true, write: false, format: "iife", globalName: "loader", target: "es2022" };

/**
 * A plugin of rollup and of Vite that lets the sources import what the threads of the pool run as the text of a script, which defines `loader`:
 * AssemblyScript's loader and the loop of a thread. The text is made here, so that no bundler of users changes it.
 */
export function embedLoader() {
  const id = "kindling:loader";
  const contents =
    'export { instantiateSync } from "@assemblyscript/loader"; export { computeThread } from "./src/backend/wasm/worker.ts";';
  return {
    name: "embed-loader",
    resolveId: (source) => (source === id ? id : null),
    async load(source) {
      if (source !== id) return null;
      const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: "." } });
      return `export const script = ${JSON.stringify(outputFiles[0].text)};`;
    },
  };
}
