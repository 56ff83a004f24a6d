/** The documentation site. `npm run docs` copies this folder and the pages to build/docs and builds them there. */
import { transformSync } from "esbuild";
import { defineConfig } from "vitepress";
import { sidebar } from "./sidebar.mjs";

const isProgramPage = (page) => /^(tutorials|how-to)\//.test(page);
const startsProgram = (code) => /^import .* from "kindling";$/m.test(code);

/** Programs that read or write files, which a page has not. */
const needsFiles = (code) =>
  /"photos"|resnet18\.pth|\.onnx"|\.cfg"|\.jpg"|"runs\/|saveFile\(|readImage|download: true/.test(code);

/** A block without types, the library's names taken from `torch`. */
function plain(code) {
  const named = code
    .replace(/^import \* as torch from "kindling";$/gm, "")
    .replace(/^import \{(.*)\} from "kindling";$/gm, (_, names) => {
      const values = names.split(",").filter((name) => !/^\s*type /.test(name));
      return `const {${values.join(",")}} = torch;`;
    })
    .replace(/^export /gm, "");
  return transformSync(named, { loader: "ts", format: "esm", target: "es2022" }).code;
}

/** The code that runs a block: those that it goes on from, whose output is dropped, and the block itself. Undefined if a page cannot run it. */
function programOf(page, tokens, index) {
  const { content } = tokens[index];
  const before = [];
  if (!startsProgram(content)) {
    if (!isProgramPage(page)) return undefined;
    for (let i = index - 1; i >= 0; i--) {
      if (tokens[i].type !== "fence" || tokens[i].info.trim() !== "ts") continue;
      before.unshift(tokens[i].content);
      if (startsProgram(tokens[i].content)) break;
    }
    if (before.length === 0) return undefined;
  }
  const code = [...before, content].join("\n");
  if (needsFiles(code)) return undefined;
  return plain(`${before.join("\n")}\n;__begin();\n${content}`);
}

/** Puts a button under each block that a page can run, and components where a fence names them. */
function runnable(md) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const info = tokens[index].info.trim();
    if (info === "kindling-names") return "<NamesTable />";
    const html = fence(tokens, index, options, env, self);
    if (info !== "ts") return html;
    const program = programOf(env.relativePath ?? "", tokens, index);
    return program === undefined ? html : `${html}<RunBlock code="${Buffer.from(program).toString("base64")}" />`;
  };
  // Tables that are wider than a phone scroll, and are reached by the keyboard then.
  let tables = 0;
  md.renderer.rules.table_open = () =>
    `<div class="table" tabindex="0" role="region" aria-label="table ${++tables}"><table>\n`;
  md.renderer.rules.table_close = () => "</table></div>\n";
  // The corner of a table has no heading.
  const { rules } = md.renderer;
  rules.th_open = (tokens, i, options, _env, self) =>
    tokens[i + 1].content === "" ? "<td>" : self.renderToken(tokens, i, options);
  rules.th_close = (tokens, i, options, _env, self) =>
    tokens[i - 1].content === "" ? "</td>" : self.renderToken(tokens, i, options);
}

export default defineConfig({
  title: "Kindling",
  description: "PyTorch for TypeScript",
  lang: "en-US",
  base: process.env.DOCS_BASE ?? "/",
  outDir: "../site",
  cleanUrls: false,
  rewrites: { "quick-start.md": "index.md" },
  head: [["script", { src: `${process.env.DOCS_BASE ?? "/"}isolation.js` }]],
  markdown: {
    html: false,
    config: runnable,
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
  },
  // Pages of the reference are made by TypeDoc afterwards.
  ignoreDeadLinks: [/^\/api\//],
  themeConfig: {
    search: { provider: "local", options: { detailedView: true } },
    outline: { level: [2, 3] },
    nav: [
      { text: "Tutorials", link: "/tutorials/tensors" },
      { text: "From PyTorch", link: "/from-pytorch" },
      { text: "API", link: "/api/index.html", target: "_self" },
    ],
    sidebar,
  },
});
