import { build } from "esbuild";

/** @type {import("esbuild").BuildOptions & { write: false }} */
const options = { bundle: true, minify: true, write: false, format: "iife", globalName: "loader", target: "es2022" };

/**
 * A plugin of rollup and of Vite that lets the sources import AssemblyScript's loader as the text of a script, which defines `loader`: what the threads of
 * the pool run travels as text.
 */
export function embedLoader() {
  const id = "kindling:loader";
  const contents = 'export { instantiateSync } from "@assemblyscript/loader";';
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
