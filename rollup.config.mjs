import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { deflateRawSync } from "node:zlib";
import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import esbuild from "rollup-plugin-esbuild";
import license from "rollup-plugin-license";
import { escapeToAscii } from "./scripts/building/ascii.mjs";
import { chunksOf } from "./scripts/building/chunks.mjs";
import { nameClasses } from "./scripts/building/classNames.mjs";
import { explainCommonJs } from "./scripts/building/commonjs.mjs";
import { embedDataWorker } from "./scripts/building/dataWorker.mjs";
import { embedKernels } from "./scripts/building/kernels.mjs";
import { embedLimit } from "./scripts/building/limit.mjs";
import { embedLoader } from "./scripts/building/loader.mjs";
import { ROOMS, sourceOfRoom } from "./scripts/building/rooms.mjs";
import { shortenShaders } from "./scripts/building/wgsl.mjs";

/** Lets a file import a package's binary of WebAssembly as deflated base64 text, as the kernels are. */
function embedBinaries() {
  return {
    name: "embed-binaries",
    load: (id) =>
      id.endsWith(".wasm")
        ? `export default ${JSON.stringify(deflateRawSync(readFileSync(id), { level: 9 }).toString("base64"))};`
        : null,
  };
}

/** Lets a file import the style sheet of a package as text. */
function embedStyles() {
  return {
    name: "embed-styles",
    load: (id) => (id.endsWith(".css") ? `export default ${JSON.stringify(readFileSync(id, "utf8"))};` : null),
  };
}

/** Lets the command line import the script of the board's page, with all that it imports, as text. */
function embedBoard() {
  const id = "kindling:board";
  /** @type {import("esbuild").BuildOptions} */
  const options = {
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    loader: { ".css": "text" },
  };
  return {
    name: "embed-board",
    resolveId: (source) => (source === id ? id : null),
    async load(source) {
      if (source !== id) return null;
      const { outputFiles = [] } = await build({ ...options, entryPoints: ["src/cli/browser/main.ts"] });
      return `export const script = ${JSON.stringify(outputFiles.map(({ text }) => text).join(""))};`;
    },
  };
}

/** Lets the command line import the script that turns threads on without a server's headers as text. */
function embedIsolation() {
  const id = "kindling:isolation";
  return {
    name: "embed-isolation",
    resolveId: (source) => (source === id ? id : null),
    load: (source) =>
      source === id ? `export const script = ${JSON.stringify(readFileSync("src/cli/isolation.js", "utf8"))};` : null,
  };
}

/**
 * What Emscripten wrote around the codecs of @jsquash: they are given their binary, so they need no address of it, which other bundlers
 * would try to follow; and they need not put an `ImageData` and a `self` into Node's global scope.
 */
const glue = [
  [/var _scriptDir = import\.meta\.url;/, 'var _scriptDir = "";'],
  [/new URL\("\w+\.wasm",import\.meta\.url\)\.href/, '""'],
  [/const isServiceWorker=.*?(?=var moduleOverrides=)/, ""],
  [/emval_get_global\(\)\[name\]/, "(Module[name]??emval_get_global()[name])"],
];

/** The same for the older kind of module, which asks a runtime for its files before it knows that it needs none. */
const commonGlue = [
  [/var _scriptName = .*\n.*_scriptName \|\| __filename;/, ""],
  [/if\(ENVIRONMENT_IS_NODE\)\{\}/, ""],
  [/if\(ENVIRONMENT_IS_NODE\)\{var fs=require.*?(?=var out=)/, ""],
  [/if \(typeof exports === 'object'[\s\S]*$/, "export default libjpegturbowasm_decode;"],
];

/** @returns {[RegExp, string][] | undefined} Undefined for other files. */
function glueOf(id) {
  if (/@jsquash.*\/codec\/.*\.js$/.test(id)) return /** @type {[RegExp, string][]} */ (glue);
  return /codec-libjpeg-turbo.*\.js$/.test(id) ? /** @type {[RegExp, string][]} */ (commonGlue) : undefined;
}

function cleanCodecs() {
  return {
    name: "clean-codecs",
    transform(code, id) {
      const changes = glueOf(id);
      if (changes === undefined) return null;
      let text = code;
      for (const [pattern, replacement] of changes) {
        if (!pattern.test(text)) throw new Error(`${id} has no ${pattern}`);
        text = text.replace(pattern, replacement);
      }
      if (/import\.meta|require\(|eval\(|new Function/.test(text))
        throw new Error(`${id} still asks for its address or for code`);
      return { code: text, map: null };
    },
  };
}

/** Packages with libjpeg-turbo or what was made of it inside, whose licenses one of them passes on. */
const JPEG_CODECS = ["@jsquash/jpeg", "@cornerstonejs/codec-libjpeg-turbo-8bit"];

/** The licenses of what is bundled, which ask to be passed on; codecs inside of packages have their own. */
const licenses = license({
  thirdParty: {
    output: {
      file: "dist/THIRD-PARTY-LICENSES.txt",
      template: (packages) =>
        packages
          .map(({ name, version, license, licenseText }) => {
            const codec = JPEG_CODECS.includes(name ?? "")
              ? `\n\n${readFileSync("node_modules/@jsquash/jpeg/codec/LICENSE.codec.md", "utf8")}`
              : "";
            return `${name} ${version} (${license})\n\n${licenseText ?? ""}${codec}\n`;
          })
          .sort()
          .join(`\n${"-".repeat(80)}\n\n`),
    },
  },
});

const entry = resolve("src/index.ts");

/** What a program can import besides the whole library: `kindling/NAME`, which is `torch.NAME`. */
const rooms = Object.fromEntries(ROOMS.map((room) => [`rooms/${room}`, `kindling:room/${room}`]));

/** Makes the entries of the rooms. */
function openRooms() {
  return {
    name: "open-rooms",
    resolveId: (source) => (source.startsWith("kindling:room/") ? source : null),
    load(source) {
      if (!source.startsWith("kindling:room/")) return null;
      return `export * from ${JSON.stringify(sourceOfRoom(source.slice("kindling:room/".length)))};`;
    },
  };
}

export default {
  input: { kindling: entry, cli: resolve("src/cli/main.ts"), ...rooms },
  // Packages of the command line alone ask for parts of Node.
  external: /^node:|^events$|^readline$/,
  // Codecs, formats and the like, imported when they are first needed, are files beside the bundle.
  output: {
    dir: "dist",
    // Deno wants the prefix.
    paths: { events: "node:events", readline: "node:readline" },
    format: "es",
    // The files are readable as they are. Maps would be four times as large as the code.
    sourcemap: process.env.KINDLING_MAPS === "1",
    chunkFileNames: "[name].js",
    minifyInternalExports: true,
    manualChunks: chunksOf(entry),
  },
  // What the library takes from packages is bundled: the browser's variants, which run in every runtime.
  plugins: [
    embedKernels(),
    embedLoader(),
    embedBinaries(),
    cleanCodecs(),
    embedStyles(),
    embedBoard(),
    embedLimit(),
    embedIsolation(),
    nodeResolve({ browser: true }),
    commonjs({
      include:
        /asciichart|papaparse|commander|cli-progress|string-width|strip-ansi|ansi-regex|emoji-regex|is-fullwidth/,
    }),
    esbuild({ target: "es2022" }),
    shortenShaders(resolve("src/backend/webgpu")),
    nameClasses(resolve("src"), resolve("src/backend/webgpu")),
    openRooms(),
    embedDataWorker(),
    explainCommonJs(),
    escapeToAscii(),
    licenses,
  ],
  onwarn: (warning) => {
    // The package's generators were compiled for older engines, with a look for a `this` that modules do not have.
    if (warning.code === "THIS_IS_UNDEFINED" && warning.id?.includes("@bufbuild/protobuf")) return;
    throw new Error(warning.message);
  },
};
