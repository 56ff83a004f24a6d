/** What is published is typed for every compiler: programs as ports write them, with the options of its `tsc --init`, without a cast. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutNote, runsAll } from "../helpers/cut";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "kindling-types-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Where `npm run compilers` installs versions of TypeScript. */
const installed = resolve("build", "compilers", "node_modules");
const versions = existsSync(installed) ? readdirSync(installed).filter((name) => name.startsWith("typescript-")) : [];
if (runsAll && versions.length === 0)
  console.error("Other compilers are not installed (npm run compilers): only the repository's own check the programs.");

/** From the one that the build uses, and the oldest, to the newest. */
const compilers = [
  { name: "the compiler of the build", path: resolve("node_modules", "typescript") },
  ...versions.map((name) => ({ name, path: join(installed, name) })),
  { name: "the newest compiler", path: resolve("node_modules", "typescript7") },
].map(({ name, path }) => ({ name, tsc: join(path, "bin", "tsc") }));

const resolutions = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

/** Copies what npm packs; `test/package/install.test.ts` installs it by npm itself. */
beforeAll(() => {
  const target = join(folder, "node_modules", "kindling");
  mkdirSync(target, { recursive: true });
  for (const name of ["package.json", ...JSON.parse(readFileSync("package.json", "utf8")).files])
    if (existsSync(name)) cpSync(name, join(target, name), { recursive: true });
});

/** What the `tsc --init` of each compiler writes. */
const initial = new Map<string, Promise<string>>();

async function initialOptions(tsc: string): Promise<string> {
  const at = mkdtempSync(join(folder, "options-"));
  await run(process.execPath, [tsc, "--init"], { cwd: at });
  return readFileSync(join(at, "tsconfig.json"), "utf8");
}

interface Compilation {
  readonly options: Readonly<Record<string, string>>;
  readonly programs: readonly string[];
  /** Whether the declarations themselves are checked. */
  readonly areChecked: boolean;
}

/** Runs a compiler on programs; what it complains of is its result. */
async function compile(tsc: string, { options, programs, areChecked }: Compilation): Promise<string> {
  const at = mkdtempSync(join(folder, "programs-"));
  for (const name of programs) cpSync(join("test/types/programs", name), join(at, name));
  writeFileSync(join(at, "package.json"), '{ "type": "module" }');
  if (!initial.has(tsc)) initial.set(tsc, initialOptions(tsc));
  writeFileSync(join(at, "tsconfig.json"), await initial.get(tsc)!);
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  return run(process.execPath, [
    tsc,
    "--project",
    at,
    "--noEmit",
    "--skipLibCheck",
    String(!areChecked),
    ...flags,
  ]).then(
    () => "",
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

/** The oldest and the newest, which differ most. */
const outermost = [compilers[1], compilers.at(-1)];
/** The newest, which is the quickest by far, or all. */
const tried = runsAll ? compilers : compilers.slice(-1);

const programs = readdirSync("test/types/programs");

/**
 * Whichever way a package is found, it has the same declarations: each compiler compiles all programs once, and one program each other way; the outermost
 * ones check the declarations, too.
 */
describe.each(tried)("$name", (compiler) => {
  const isOutermost = outermost.includes(compiler);
  test.each(runsAll ? resolutions : resolutions.slice(1))(
    `as $moduleResolution${cutNote}`,
    { timeout: 240_000 },
    async (options) => {
      const isLast = options === resolutions.at(-1);
      const chosen = isLast ? programs : ["lenet.ts"];
      expect(await compile(compiler.tsc, { options, programs: chosen, areChecked: isOutermost && isLast })).toBe("");
    },
  );
});

test.each(runsAll ? compilers.slice(0, 2) : compilers.slice(-1))(
  "without DOM and Node: $name",
  { timeout: 240_000 },
  async ({ tsc }) => {
    const at = mkdtempSync(join(folder, "plain-"));
    writeFileSync(join(at, "package.json"), '{ "type": "module" }');
    writeFileSync(
      join(at, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          lib: ["es2022"],
          types: [],
          module: "nodenext",
          target: "es2022",
          noEmit: true,
        },
      }),
    );
    const program = 'import * as torch from "kindling";\nexport const y: number = torch.ones(2).add(1).sum().item();\n';
    writeFileSync(join(at, "program.ts"), program);
    const result = run(process.execPath, [tsc, "--project", at]).then(
      () => "",
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    expect(await result).toBe("");
  },
);

test.each(programs)("%s runs", async (name) => {
  const { main } = (await import(resolve("test/types/programs", name))) as { main: () => Promise<object> };
  for (const value of Object.values(await main())) expect(value).toBeDefined();
});
