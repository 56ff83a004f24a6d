import { build } from "esbuild";

const id = "kindling:dataWorker";
/** Stands for the text until the chunks that it is made of are known. */
const PLACEHOLDER = "@kindling/data-worker-text";
/** What a worker loads when it first needs it. Nothing else that is loaded lazily is reached by data sets and transforms of the library. */
const LAZY_PARTS = ["lazyTurboDecoder.js", "lazyJpegDecoder.js"];

/** Resolves imports between the chunks of a bundle that is not written yet. */
function fromBundle(bundle, withoutKernels) {
  return {
    name: "from-bundle",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\// }, ({ path, kind }) => {
        const name = path.slice(2);
        if (kind === "dynamic-import" && !LAZY_PARTS.includes(name)) return { path: name, namespace: "absent" };
        return { path: name, namespace: "chunk", sideEffects: true };
      });
      onLoad({ filter: /.*/, namespace: "chunk" }, ({ path }) => ({ contents: withoutKernels(bundle[path].code) }));
      onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
        contents: `throw new Error("DataLoader: ${path} is not among what workers can load; export the data set from a module and give it \`static module\`, or use numWorkers: 0");`,
      }));
    },
  };
}

/** Workers are given the compiled kernels: the largest text of all, base64 of more than 64 KiB, is left out. */
const withoutKernels = (code) => code.replace(/^(const packed\S* = )"[A-Za-z0-9+/=]{65536,}"/gm, '$1""');

/** The files that the library consists of at its start, those that others need first. */
function staticParts(bundle) {
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    for (const part of bundle[name].imports) visit(part);
    seen.add(name);
  };
  visit("kindling.js");
  return [...seen].filter((name) => name !== "kindling.js");
}

/** The library as the text of a script, which looks for a data worker's port when it runs. */
async function scriptOf(bundle) {
  const { outputFiles } = await build({
    stdin: {
      contents: staticParts(bundle)
        .map((name) => `import "./${name}";`)
        .join(""),
    },
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    platform: "neutral",
    plugins: [fromBundle(bundle, withoutKernels)],
  });
  return outputFiles[0].text;
}

/**
 * A plugin of rollup that lets the sources import the whole library, without its kernels, as the text of a script: the workers of a DataLoader run it. So it
 * travels inside every bundle that is made of the library, and no bundler has to know of it.
 */
export function embedDataWorker() {
  return {
    name: "embed-data-worker",
    resolveId: (source) => (source === id ? id : null),
    load: (source) => (source === id ? `export const script = "${PLACEHOLDER}";` : null),
    async generateBundle(_, bundle) {
      const holders = Object.values(bundle).filter((chunk) => chunk.code?.includes(`"${PLACEHOLDER}"`));
      if (holders.length !== 1) throw new Error(`the text of data workers is in ${holders.length} files`);
      const text = JSON.stringify(await scriptOf(bundle));
      holders[0].code = holders[0].code.replace(`"${PLACEHOLDER}"`, () => text);
    },
  };
}
