import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { embedKernels } from "./scripts/building/kernels.mjs";
import { embedLoader } from "./scripts/building/loader.mjs";

/**
 * Whether the tests load the sources, as `npm run dev` and `npm run coverage` ask by KINDLING_SOURCES=1, and not the bundle. What starts a worker
 * that imports the library needs the bundle.
 */
const usesSources = process.env.KINDLING_SOURCES === "1";

/**
 * Test files share processes, which saves each the start and the import. They may change the library's modes, but leave them as they were (`test/helpers/sharing.ts`
 * looks). A file that cannot ends in `.alone.test.ts`: it registers a device, replaces modules, changes the folder, or counts memory or threads.
 */
const alone = "test/**/*.alone.test.ts";

export default defineConfig({
  plugins: usesSources ? [embedKernels(), embedLoader()] : [],
  test: {
    testTimeout: 60_000,
    // The tests run what users get, the built bundle, loaded by Node itself.
    alias: { kindling: resolve(usesSources ? "src/index.ts" : "dist/kindling.js") },
    server: { deps: { external: [/\/dist\//] } },
    // Hundreds of sources are transformed once and kept on the disk.
    experimental: { fsModuleCache: usesSources },
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "html"],
      reportsDirectory: "build/coverage",
    },
    pool: "forks",
    // More files at once take as long, each longer: vitest itself and the programs that tests start need the cores, too.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        extends: true,
        test: {
          name: "shared",
          include: ["test/**/*.test.ts"],
          exclude: [alone],
          isolate: false,
          setupFiles: ["test/helpers/sharing.ts"],
        },
      },
      { extends: true, test: { name: "alone", include: [alone] } },
    ],
  },
});
