/** One declaration file out of those that `tsc` writes to build/types: editors and every module resolution find all names in it. */
import { dts } from "rollup-plugin-dts";
import { expand, loosen } from "./scripts/types/expand.mjs";
import { nameMembers } from "./scripts/types/names.mjs";
import { unifyTuples } from "./scripts/types/tuples.mjs";

/**
 * What the declarations need beyond the oldest default library, that of ES2016. `Symbol.dispose` is declared as @types/node does, since
 * TypeScript 5.0 has no library of it, and what browsers have for programs without DOM and Node.
 */
const banner = `/// <reference lib="es2021" />

declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
  interface URL {}
  interface Blob {}
  interface WritableStream<W = any> {}
  interface ImageData {}
  interface HTMLCanvasElement {}
}
`;

/** The ops reach Tensor by an augmentation of its module, which is this one now: a second declaration of the interface. */
function mergeAugmentations() {
  const augmentation = /^declare module "\.\/all" \{\n((?: {4}.*\n|\n)*)\}\n/gm;
  return {
    name: "merge-augmentations",
    renderChunk: (code) => code.replace(augmentation, (_, body) => body.replace(/^ {4}/gm, "")),
  };
}

/** What calls take, written out. */
const writeOut = { name: "write-out", renderChunk: (code) => loosen(expand(code)) };

/** Rooms of the package refer to the types in namespaces, which none may that is exported as a type only. It makes no difference here otherwise. */
const exportTypes = {
  name: "export-types",
  renderChunk: (code) => code.replace(/^( +)export type \{/gm, "$1export {"),
};

/** Before TypeScript 5.2 the arguments of `this(x)` within a module are not resolved: there, any are taken. */
const forOldCompilers = {
  name: "for-old-compilers",
  generateBundle(_, bundle) {
    const { code } = bundle["kindling.d.ts"];
    const call = "    (...args: this[typeof given]): this[typeof returned];\n";
    if (!code.includes(call)) throw new Error("the call of a module is declared otherwise");
    const source = unifyTuples(code.replace(call, () => `${call}    (...args: any[]): any;\n`));
    this.emitFile({ type: "asset", fileName: "kindling.ts5.0.d.ts", source });
  },
};

const onwarn = (warning) => {
  throw new Error(warning.message);
};

/** What the build declares of the kernels (`build/kernels.d.ts`): known to the sources, of no interest to users. */
const external = ["kindling:kernels"];

const withoutKernels = {
  name: "without-kernels",
  renderChunk(code) {
    if (code.includes(external[0])) throw new Error(`a public type depends on ${external[0]}, which is not published`);
    return null;
  },
};

/** All declarations in one file, then without those that only served to work others out. */
export default [
  {
    input: "build/types/index.d.ts",
    external,
    output: { file: "build/all.d.ts", format: "es" },
    plugins: [dts(), mergeAugmentations(), writeOut],
    onwarn,
  },
  {
    input: "build/all.d.ts",
    external,
    output: { file: "dist/kindling.d.ts", format: "es", banner },
    plugins: [dts(), { name: "name-members", renderChunk: nameMembers }, exportTypes, withoutKernels, forOldCompilers],
    onwarn,
  },
];
