/** What programs pay for each part of the library that they import, minified and compressed as web servers do. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";

/**
 * Kilobytes (of 1000 bytes), gzip's level 9, of everything that is loaded at once, both binaries of the kernels included: some 166 of them. What is loaded when it
 * is first used does not count. A budget that is exceeded wants a reason, or a part that is loaded later. With code splitting, esbuild keeps a part that
 * something which is loaded later needs, so that `kindling/nn` costs less than the namespace `nn` of the whole.
 */
const budgets: Readonly<Record<string, readonly [source: string, budget: number]>> = {
  "a product of tensors": ['import { randn } from "kindling"; console.log(randn(2, 2).matmul(randn(2, 2)));', 610],
  "nn and optim": ['import { nn, optim } from "kindling"; console.log(nn, optim);', 610],
  "kindling/nn": ['export * from "kindling/nn";', 480],
  "kindling/optim": ['export * from "kindling/optim";', 480],
  "kindling/distributions": ['export * from "kindling/distributions";', 520],
  "kindling/vision": ['export * from "kindling/vision";', 640],
  "kindling/text": ['export * from "kindling/text";', 500],
  "kindling/audio": ['export * from "kindling/audio";', 500],
  "kindling/onnx": ['export * from "kindling/onnx";', 500],
  "the whole library": ['import * as torch from "kindling"; console.log(torch);', 660],
};

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const fileOf = (path: string): string => resolve(manifest.exports[path.replace(/^kindling/, ".")].import.default);

const measured: string[] = [];
afterAll(() => console.log(`Compressed sizes in kB:\n${measured.join("\n")}`));

async function kilobytes(source: string): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: resolve("."), loader: "js" },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
    plugins: [
      {
        name: "built",
        setup: ({ onResolve }) => onResolve({ filter: /^kindling/ }, ({ path }) => ({ path: fileOf(path) })),
      },
    ],
  });
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind } of metafile.outputs[path]!.imports) if (kind === "import-statement") visit(next);
  };
  visit(Object.keys(metafile.outputs).find((path) => metafile.outputs[path]!.entryPoint === "<stdin>")!);
  return [...loaded].reduce((sum, path) => {
    const file = outputFiles.find((one) => one.path === resolve(path))!;
    return sum + gzipSync(file.contents, { level: 9 }).length / 1000;
  }, 0);
}

test.each(Object.entries(budgets))("%s", { timeout: 120_000 }, async (name, [source, budget]) => {
  const size = await kilobytes(source);
  measured.push(`${size.toFixed(0).padStart(5)} of ${budget}  ${name}`);
  expect(size).toBeLessThan(budget);
  // A budget far above what is needed holds nothing.
  expect(size).toBeGreaterThan(budget * 0.7);
});
