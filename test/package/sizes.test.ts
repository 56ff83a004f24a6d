/** What programs pay for each part of the library that they import, minified and compressed as web servers do. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";
import { afterAll, expect, test } from "vitest";

/**
 * Kilobytes (of 1000 bytes), gzip's level 9, of everything that is loaded at once, both binaries of the kernels included: some 84 of them. What is loaded when it
 * is first used does not count. A budget that is exceeded wants a reason, or a part that is loaded later.
 */
const budgets: Readonly<Record<string, readonly [file: string, names: readonly string[] | undefined, budget: number]>> =
  {
    "the core: tensors, their ops and gradients": ["core.js", undefined, 266],
    "a product of tensors": ["kindling.js", ["randn", "matmul"], 274],
    "nn and optim": ["kindling.js", ["nn", "optim", "randn"], 353],
    "nn, optim and data": ["kindling.js", ["nn", "optim", "utils"], 407],
    "kindling/nn": ["rooms/nn.js", undefined, 330],
    "kindling/optim": ["rooms/optim.js", undefined, 345],
    "kindling/distributions": ["rooms/distributions.js", undefined, 377],
    "kindling/vision": ["rooms/vision.js", undefined, 481],
    "kindling/text": ["rooms/text.js", undefined, 362],
    "kindling/audio": ["rooms/audio.js", undefined, 365],
    "kindling/onnx": ["rooms/onnx.js", undefined, 266],
    "the whole library": ["kindling.js", undefined, 635],
  };

const textOf = (file: string): string => readFileSync(resolve("dist", file), "utf8");

/** The files that a file imports or exports from, and the names that it hands on from each. */
function importsOf(file: string): (readonly [file: string, names: readonly string[]])[] {
  return [...textOf(file).matchAll(/^(?:import|export) ?(\*|\{[^}]*\})?[^'"\n]*['"]\.\.?\/([\w./]+)['"];$/gm)].map(
    ([, list = "", path]) => [path!, [...list.matchAll(/(\w+)\s*[,}]/g)].map(([, name]) => name!)],
  );
}

/** The files that are loaded for some of the names of a file, or for all that it has. Bundlers leave files without side effects out that nobody needs. */
function loaded(file: string, names?: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (path: string, wanted?: readonly string[]): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const [next, handed] of importsOf(path))
      if (wanted === undefined || handed.some((name) => wanted.includes(name))) visit(next);
  };
  visit(file, names);
  return found;
}

const compressed = new Map<string, Promise<number>>();

/** Kilobytes of a file. */
async function sizeOf(file: string): Promise<number> {
  const { code } = await transform(textOf(file), { minify: true, format: "esm", target: "es2022" });
  return gzipSync(code, { level: 9 }).length / 1000;
}

function kept(file: string): Promise<number> {
  const size = compressed.get(file) ?? sizeOf(file);
  compressed.set(file, size);
  return size;
}

const measured: string[] = [];
afterAll(() => console.log(`Compressed sizes in kB:\n${measured.join("\n")}`));

test.each(Object.entries(budgets))("%s", { timeout: 120_000 }, async (name, [file, names, budget]) => {
  const sizes = await Promise.all([...loaded(file, names)].map(kept));
  const size = sizes.reduce((sum, one) => sum + one, 0);
  measured.push(`${size.toFixed(0).padStart(5)} of ${budget}  ${name}`);
  expect(size).toBeLessThan(budget);
  // A budget far above what is needed holds nothing.
  expect(size).toBeGreaterThan(budget * 0.85);
});

test("the device of WebGPU, which is loaded by torch.webgpu.init(), and its kernels of vision", async () => {
  const [device, vision] = [await kept("lazyWebgpu.js"), await kept("lazyVision.js")];
  measured.push(`${device.toFixed(0).padStart(5)} of 60  WebGPU, and ${vision.toFixed(0)} of 6 for vision`);
  expect(device).toBeLessThan(60);
  expect(vision).toBeLessThan(6);
});
