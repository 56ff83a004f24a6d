/**
 * Biome for `assembly/`: `node scripts/building/kernelStyle.mjs` checks format and rules, with `--write` it mends them.
 *
 * Decorators of functions and constants are AssemblyScript's, not TypeScript's: Biome does not read them. It sees a copy in which they are comments, of
 * which what it writes is turned back.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** A decorator, at the start of a line, of what TypeScript lets nobody decorate. */
const DECORATOR = /^@(\w+)\s+(?=(?:@\w+\s+)*(?:export\s+)?(?:function|const|let)\b)/gm;
const HIDDEN = /^\/\/ @decorator (\w+)$/gm;

/** The text as Biome reads it. */
export const hide = (text) => text.replace(DECORATOR, "// @decorator $1\n");
/** The opposite of {@link hide}. */
export const show = (text) => text.replace(HIDDEN, "@$1");

/**
 * What does not hold in AssemblyScript: `==` compares values of one type, everything is imported as a value, a strategy may ignore its arguments and
 * types, NaN is what differs from itself, `return f()` ends in a tail call, numbers are written with all their digits.
 */
const OFF = {
  suspicious: [
    ...["noDoubleEquals", "noTsIgnore", "noSelfCompare", "noApproximativeNumericConstant"],
    ...["noShadowRestrictedNames", "noAssignInExpressions"],
  ],
  correctness: ["noVoidTypeReturn", "noUnusedFunctionParameters", "noPrecisionLoss", "noUnusedVariables"],
  complexity: ["noCommaOperator"],
  style: ["useImportType"],
};

/** The repository's settings for Biome, with the rules of AssemblyScript. */
function settings() {
  const { formatter, linter } = JSON.parse(readFileSync("biome.json", "utf8"));
  const rules = structuredClone(linter.rules);
  for (const [group, names] of Object.entries(OFF))
    rules[group] = { ...rules[group], ...Object.fromEntries(names.map((name) => [name, "off"])) };
  return { formatter, linter: { rules } };
}

/** Runs Biome on the files of a folder; its exit code. */
function biome(folder, isWriting) {
  const program = resolve("node_modules", ".bin", "biome");
  const args = ["check", "--error-on-warnings", ...(isWriting ? ["--write"] : []), "assembly"];
  return spawnSync(program, args, { cwd: folder, stdio: "inherit" }).status ?? 1;
}

/** @returns The exit code. */
export function checkKernelStyle(isWriting) {
  const paths = readdirSync("assembly", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const folder = mkdtempSync(join(tmpdir(), "kernel-style-"));
  const copyOf = (path) => join(folder, "assembly", path);
  try {
    writeFileSync(join(folder, "biome.json"), JSON.stringify(settings()));
    for (const path of paths) {
      mkdirSync(dirname(copyOf(path)), { recursive: true });
      writeFileSync(copyOf(path), hide(readFileSync(join("assembly", path), "utf8")));
    }
    const status = biome(folder, isWriting);
    if (isWriting)
      for (const path of paths) {
        const text = show(readFileSync(copyOf(path), "utf8"));
        if (text !== readFileSync(join("assembly", path), "utf8")) writeFileSync(join("assembly", path), text);
      }
    return status;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename) process.exit(checkKernelStyle(process.argv.includes("--write")));
