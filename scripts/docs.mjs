/**
 * `npm run docs`: builds the documentation site into build/site, from the pages in docs/, by VitePress and TypeDoc, which are installed into build/docs.
 * `-- --no-api` leaves the reference out, which takes most of the time. DOCS_BASE is the path that the site is served under, with slashes around it.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureBuilt, run } from "./ensure.mjs";

const wantsApi = !process.argv.includes("--no-api");
const SITE = join("build", "site");
const WORK = join("build", "docs");
const REFERENCE = "docs/.vitepress/reference";
const REPOSITORY = JSON.parse(readFileSync("package.json", "utf8")).repository.url.replace(/^git\+|\.git$/g, "");

/** Installs the packages by their lock file, unless they are there. */
async function install() {
  mkdirSync(WORK, { recursive: true });
  const [from, to] = ["docs/.vitepress/package-lock.json", join(WORK, "node_modules", "installed.json")];
  if (existsSync(to) && readFileSync(from, "utf8") === readFileSync(to, "utf8")) return;
  for (const name of ["package.json", "package-lock.json"]) cpSync(`docs/.vitepress/${name}`, join(WORK, name));
  await run("npm", ["ci", "--prefix", WORK, "--no-audit", "--no-fund", "--loglevel=error"]);
  cpSync(from, to);
}

/** Links out of docs/ lead to the repository. */
const withRepository = (/** @type {string} */ text) =>
  text.replace(/\]\(\.\.\/((?!tutorials\/|how-to\/)[^)#]*[^)]*)\)/g, `](${REPOSITORY}/blob/main/$1)`);

/** Copies the pages and the theme to where they are built. */
function copyPages() {
  for (const entry of readdirSync(WORK))
    if (!/^(node_modules|package)/.test(entry)) rmSync(join(WORK, entry), { recursive: true });
  for (const name of readdirSync("docs", { recursive: true, encoding: "utf8" })) {
    if (!/\.(md|png|mjs|vue|css)$/.test(name)) continue;
    mkdirSync(dirname(join(WORK, name)), { recursive: true });
    if (!name.endsWith(".md")) cpSync(join("docs", name), join(WORK, name));
    else {
      const text = readFileSync(join("docs", name), "utf8").replace(/^<!--.*-->\n/, "");
      writeFileSync(join(WORK, name), dirname(name) === "." ? withRepository(text) : text);
    }
  }
}

/** The table of all names, from the same source as docs/names.md. */
function writeNames() {
  const program = ["--import", "tsx", "scripts/docsTable.ts"];
  const rows = execFileSync(process.execPath, program, { encoding: "utf8", maxBuffer: 1 << 28 });
  writeFileSync(join(WORK, ".vitepress", "names.json"), rows);
  const about = "Each public name of PyTorch 1.13 with what it is called here, or why it is not here.";
  writeFileSync(join(WORK, "name-table.md"), `# PyTorch's names → ours\n\n${about}\n\n\`\`\`kindling-names\n\`\`\`\n`);
}

/** The library beside the pages, for the blocks that run there, and the service worker that gives them threads. */
function copyLibrary() {
  for (const name of readdirSync("dist"))
    if (name.endsWith(".js") && name !== "cli.js") cpSync(join("dist", name), join(SITE, "kindling", name));
  cpSync("src/cli/isolation.js", join(SITE, "isolation.js"));
}

async function buildApi() {
  await run(process.execPath, [
    join(WORK, "node_modules", "typedoc", "bin", "typedoc"),
    ...["--entryPoints", "src/index.ts", "--tsconfig", "tsconfig.build.json", "--skipErrorChecking"],
    ...["--excludeInternal", "--excludePrivate", "--disableSources", "--readme", "none", "--name", "Kindling"],
    ...["--plugin", `./${REFERENCE}/plugin.mjs`, "--customJs", `${REFERENCE}/navigation.js`],
    ...["--customCss", `${REFERENCE}/style.css`],
    ...["--validation.notExported", "false", "--validation.invalidLink", "false", "--logLevel", "Error"],
    ...["--out", join(SITE, "api")],
  ]);
}

await ensureBuilt();
await install();
copyPages();
writeNames();
rmSync(SITE, { recursive: true, force: true });
await run(process.execPath, [join(WORK, "node_modules", "vitepress", "bin", "vitepress.js"), "build", WORK]);
copyLibrary();
if (wantsApi) await buildApi();
console.log(`The site is in ${SITE}: npx serve ${SITE}`);
