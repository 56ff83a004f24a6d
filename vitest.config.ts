import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    // The tests run what users get: the built bundle, loaded by Node itself.
    alias: { kindling: resolve("dist/kindling.js") },
    server: { deps: { external: [/\/dist\//] } },
    pool: "forks",
    // Files wait for each other's processes, disks and timers more than for a core.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
