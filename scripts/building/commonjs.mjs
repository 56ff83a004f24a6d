/** What is thrown by a `require` that cannot load ES modules. */
const MESSAGE =
  "kindling is an ES module, which this require() cannot load. Node can require it from 20.19 and 22.12 on; before, use await import('kindling'). " +
  "In Jest, write the test as an ES module and run node --experimental-vm-modules node_modules/jest/bin/jest.js, " +
  "or let Babel transform the package: transformIgnorePatterns: ['node_modules/(?!kindling)'].";

/** What programs in CommonJS see for which TypeScript does not know that they can require ES modules. */
const STUB = `/** ${MESSAGE} */\ndeclare const kindlingIsAnEsModule: never;\nexport = kindlingIsAnEsModule;\n`;

/** What TypeScript has to know of `kindling/kernels.wasm`, which some platforms import as a module. */
const KERNELS = "/** A `WebAssembly.Module`. */\ndeclare const kernels: object;\nexport default kernels;\n";

/** A plugin of rollup that writes what old versions of `require` find in place of the library: an error that says what to do. */
export function explainCommonJs() {
  return {
    name: "explain-commonjs",
    generateBundle() {
      const source = `"use strict";\nthrow new Error(${JSON.stringify(MESSAGE)});\n`;
      this.emitFile({ type: "asset", fileName: "commonjs.cjs", source });
      this.emitFile({ type: "asset", fileName: "commonjs.d.cts", source: STUB });
      this.emitFile({ type: "asset", fileName: "kernels.wasm.d.ts", source: KERNELS });
    },
  };
}
