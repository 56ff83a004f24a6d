/** Environments with a page: Chromium, with the library as it is or built by a bundler. */
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import nodeResolve from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { rollup } from "rollup";
import esbuild from "rollup-plugin-esbuild";
import { checkResult } from "./check.mjs";
import { isolation, serve, shared } from "./server.mjs";
import { app, heavyTools, load, missingHeavy, missingTool, project, run } from "./tools.mjs";

const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
  (path) => path !== undefined && existsSync(path),
);
const noBrowser =
  executablePath === undefined ? "Chromium is not installed (Debian's package chromium, or CHROMIUM)" : undefined;

let browser;

export const closeBrowser = async () => browser?.close();

async function openPage() {
  browser ??= await chromium.launch({
    executablePath,
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
  return (await browser.newContext()).newPage();
}

/** Waits for the result of a page, or of a frame in it. @returns It, and what was printed, in workers as well. */
async function resultAt(url, prepare = async (page) => void (await page.goto(url))) {
  const page = await openPage();
  const output = [];
  page.on("console", (message) => output.push(message.text()));
  page.on("pageerror", (error) => output.push(String(error)));
  try {
    await prepare(page);
    for (let tries = 0; ; tries++) {
      for (const frame of page.frames()) {
        const result = await frame.evaluate("globalThis.result").catch(() => undefined);
        if (result !== undefined) return { result, output };
      }
      assert.ok(tries < 600, `no result: ${output.join("\n").slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await page.context().close();
  }
}

/** Opens a page of a folder and checks what it gives. */
async function expectPage(root, { path = "/page.html", headers = isolation, made = {}, ...options } = {}) {
  const server = await serve(root, headers, made);
  try {
    const { result, output } = await resultAt(server.url + path);
    checkResult(result, output, options);
    return { result, output };
  } finally {
    server.close();
  }
}

const html = (head) => `<!doctype html><meta charset="utf-8"><title>Kindling</title>${head}`;
const built = (name) => join(project, "built", name);

/** A page around a script that a bundler wrote to `built/NAME/main.js`. */
function pageAround(name, script = '<script type="module" src="./main.js"></script>') {
  mkdirSync(built(name), { recursive: true });
  writeFileSync(join(built(name), "page.html"), html(script));
}

const environments = {};

/** The second data set is in the program's own file after bundling: workers cannot import it. */
const bundled = { warnings: 2 };

/** Unbundled programs: the page finds the library by an import map. */
const importMap = (base = "") =>
  `<script type="importmap">{"imports":{"kindling":"${base}/node_modules/kindling/dist/kindling.js"}}</script>`;
const unbundled = html(`${importMap()}<script type="module" src="/app/main.js"></script>`);
const made = { "/page.html": unbundled };

environments["Chromium, import map, isolated"] = {
  // Workers have no import map, so that they cannot import what imports "kindling".
  run: () => expectPage(project, { made, ...bundled }),
};

environments["Chromium, not isolated"] = {
  async run() {
    const { output } = await expectPage(project, { made, headers: {}, threads: false });
    const hints = output.filter((text) => !text.startsWith("RESULT") && text.includes("Cross-Origin-Opener-Policy"));
    assert.equal(hints.length, 1);
  },
};

const direct = `<script type="module">
import * as torch from "/node_modules/kindling/dist/kindling.js";
import { run } from "/app/program.js";
console.log("STARTED");
globalThis.result = await run(torch).catch((error) => ({ error: String(error?.stack ?? error) }));
</script>`;

environments["Chromium, script of the same origin"] = {
  run: () => expectPage(project, { made: { "/page.html": html(direct) } }),
};

environments["Chromium, script of another origin"] = {
  async run() {
    const other = await serve(project, shared);
    const text = direct.replace("/node_modules", `${other.url}/node_modules`);
    await expectPage(project, { made: { "/page.html": html(text) } }).finally(() => other.close());
  },
};

environments["Chromium, module worker"] = {
  run: () =>
    expectPage(project, {
      made: {
        "/page.html": html(`<script type="module">
const worker = new Worker("/worker.js", { type: "module" });
worker.onmessage = ({ data }) => { globalThis.result = data; };
worker.onerror = (event) => { globalThis.result = { error: event.message }; };
</script>`),
        "/worker.js": `${direct.replace(/<\/?script.*?>/g, "")}\npostMessage(globalThis.result);`,
      },
    }),
};

environments["Chromium, strict policy"] = {
  run: () =>
    expectPage(project, {
      made: {
        "/page.html": html('<script type="module" src="/direct.js"></script>'),
        "/direct.js": direct.replace(/<\/?script.*?>/g, ""),
      },
      headers: {
        ...isolation,
        "Content-Security-Policy":
          "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:; require-trusted-types-for 'script'; trusted-types kindling",
      },
    }),
};

environments["Chromium, policy without wasm: a clear error"] = {
  async run() {
    const headers = { ...isolation, "Content-Security-Policy": "script-src 'self'; worker-src blob:" };
    const source = `import * as torch from "/node_modules/kindling/dist/kindling.js";
let error = "none";
try { torch.ones(2); } catch (thrown) { error = String(thrown); }
globalThis.result = { error, doctor: torch.doctor() };`;
    const files = { "/page.html": html('<script type="module" src="/direct.js"></script>'), "/direct.js": source };
    const server = await serve(project, headers, files);
    const { result } = await resultAt(`${server.url}/page.html`).finally(() => server.close());
    assert.match(result.error, /^DeviceError: .*'wasm-unsafe-eval'/);
    assert.equal(result.doctor.simd, "none");
    assert.match(String(result.doctor.hints), /wasm-unsafe-eval/);
  },
};

environments["Chromium, policy without workers"] = {
  run: () =>
    expectPage(project, {
      made: {
        "/page.html": html('<script type="module" src="/direct.js"></script>'),
        "/direct.js": direct.replace(/<\/?script.*?>/g, ""),
      },
      headers: { ...isolation, "Content-Security-Policy": "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'" },
      // The library's own data set is read here as well.
      warnings: 2,
    }),
};

let classic;
/** All in one script, for pages that no modules are loaded in: bundled once, since the environments that load it run side by side. */
const buildClassic = () => (classic ??= bundleClassic());

async function bundleClassic() {
  await build({
    entryPoints: [join(app, "classic.js")],
    outfile: join(built("classic"), "main.js"),
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    logLevel: "error",
  });
  pageAround("classic", '<script src="./main.js"></script>');
}

environments["Chromium, one classic script"] = {
  async run() {
    await buildClassic();
    await expectPage(built("classic"));
  },
};

environments["Chromium, file://"] = {
  async run() {
    await buildClassic();
    const { result, output } = await resultAt(pathToFileURL(join(built("classic"), "page.html")).href);
    checkResult(result, output, { threads: false });
    assert.match(String(result.doctor.hints), /opened from a file.*http:\/\/localhost/);
  },
};

environments["Chromium, sandboxed frame"] = {
  async run() {
    await buildClassic();
    const files = { "/outer.html": html('<iframe sandbox="allow-scripts" src="/page.html"></iframe>') };
    const headers = { ...isolation, "Cross-Origin-Resource-Policy": "cross-origin" };
    const { result } = await expectPage(built("classic"), {
      path: "/outer.html",
      made: files,
      headers,
      threads: false,
    });
    assert.match(String(result.doctor.hints), /sandboxed frame/);
  },
};

environments["Chromium, SharedWorker"] = {
  async run() {
    await buildClassic();
    const files = {
      "/page.html": html(`<script>
const worker = new SharedWorker("/shared.js");
worker.port.onmessage = ({ data }) => { globalThis.result = data; };
</script>`),
      "/shared.js": `importScripts("/main.js");
onconnect = ({ ports: [port] }) => { const wait = setInterval(() => { if (globalThis.result) { clearInterval(wait); port.postMessage(globalThis.result); } }, 50); };`,
    };
    const server = await serve(built("classic"), isolation, files);
    const { result } = await resultAt(`${server.url}/page.html`).finally(() => server.close());
    checkResult(result, ["STARTED"], { threads: false });
    assert.match(String(result.doctor.hints), /SharedWorker.*dedicated worker/);
  },
};

environments["Chromium, page of a service worker, offline"] = {
  async run() {
    const files = {
      "/page.html": unbundled,
      "/first.html": html(`<script type="module">
await navigator.serviceWorker.register("/service.js");
await navigator.serviceWorker.ready;
globalThis.registered = true;
</script>`),
      // Adds the headers of isolation, as on hosts that cannot be told to send them.
      "/service.js": `const isolated = (response) => new Response(response.body, { status: response.status, headers: {
  ...Object.fromEntries(response.headers), "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" } });
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => event.respondWith(caches.open("kindling").then(async (cache) => {
  const known = await cache.match(event.request.url);
  if (known) return isolated(known);
  const response = await fetch(event.request.url);
  await cache.put(event.request.url, response.clone());
  return isolated(response);
}));`,
    };
    const server = await serve(project, {}, files);
    const { result, output } = await resultAt(server.url, async (page) => {
      await page.goto(`${server.url}/first.html`);
      await page.waitForFunction("globalThis.registered === true");
      await page.goto(`${server.url}/page.html`);
      await page.waitForFunction("globalThis.result !== undefined", undefined, { timeout: 90_000 });
      page.context().setOffline(true);
      server.close();
      server.server.closeAllConnections();
      await page.goto(`${server.url}/page.html`);
    });
    // The program ran once on the network, and once without.
    checkResult(result, output, { ...bundled, starts: 2 });
  },
};

/** Writes a page around the program, which bundlers take as their entry. */
const withTool = (name, tool, make, options = {}) => ({
  missing: missingTool(tool),
  async run() {
    rmSync(built(name), { recursive: true, force: true });
    pageAround(name);
    await make(built(name));
    await expectPage(built(name), { ...bundled, ...options });
  },
});

environments["Vite, build"] = withTool("vite", "vite", async (outDir) => {
  const vite = await load("vite");
  await vite.build({
    root: app,
    logLevel: "error",
    build: { outDir, emptyOutDir: true, rollupOptions: { input: join(app, "page.html") } },
  });
});

environments["Vite, dev"] = {
  missing: missingTool("vite"),
  async run() {
    const vite = await load("vite");
    const server = await vite.createServer({
      root: app,
      logLevel: "error",
      server: { port: 0, headers: isolation, hmr: false },
    });
    await server.listen();
    try {
      const { result, output } = await resultAt(`http://localhost:${server.httpServer.address().port}/page.html`);
      // Modules stay apart, so that workers import the second data set.
      checkResult(result, output, { warnings: 1 });
    } finally {
      await server.close();
    }
  },
};

const compile = (tool, config) =>
  new Promise((resolve, reject) =>
    tool(config, (error, stats) => {
      if (error) reject(error);
      else if (stats.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
      else resolve();
    }),
  );

const webpackConfig = (path) => ({
  context: app,
  mode: "production",
  entry: "./main.js",
  output: { path, filename: "main.js" },
  performance: false,
});

environments["webpack 5"] = withTool("webpack", "webpack", async (path) => {
  const { default: webpack } = await load("webpack");
  const { default: Minimizer } = await load("minimizer-webpack-plugin");
  // The minifier that webpack has by default takes a minute for the same.
  const minimizer = [new Minimizer({ minify: Minimizer.esbuildMinify })];
  await compile(webpack, { ...webpackConfig(path), optimization: { minimizer } });
});

environments.Rspack = {
  ...withTool("rspack", "", async (path) => {
    const { rspack } = await load("@rspack/core", heavyTools);
    await compile(rspack, webpackConfig(path));
  }),
  missing: missingHeavy("@rspack/core"),
};

environments["esbuild, names kept"] = withTool("esbuild", "", async (outdir) => {
  await build({
    entryPoints: [join(app, "main.js")],
    outdir,
    bundle: true,
    minify: true,
    keepNames: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
});

environments.Rollup = withTool("rollup", "", async (dir) => {
  const bundle = await rollup({
    input: join(app, "main.js"),
    plugins: [nodeResolve({ browser: true }), esbuild({ minify: true, target: "es2022" })],
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  await bundle.write({ dir, format: "es" });
});

environments.Parcel = {
  missing: missingHeavy("parcel"),
  isHeavy: true,
  async run() {
    const parcel = join(heavyTools, "node_modules", ".bin", "parcel");
    const folder = built("parcel");
    await run(parcel, ["build", "app/page.html", "--dist-dir", folder, "--no-source-maps", "--no-cache"]);
    await expectPage(folder, bundled);
  },
};

environments["Next.js, server and client"] = {
  missing: missingHeavy("next"),
  isHeavy: true,
  run: runNext,
};

/** The page is made by the server, which computes a product, and trains in the browser. */
async function runNext() {
  const folder = join(heavyTools, "next");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "app"), { recursive: true });
  cpSync(join(project, "node_modules", "kindling"), join(heavyTools, "node_modules", "kindling"), { recursive: true });
  for (const name of ["program.js", "cubes.js", "main.js"]) cpSync(join(app, name), join(folder, "app", name));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(
    join(folder, "next.config.mjs"),
    `export default { output: "export", turbopack: { root: ${JSON.stringify(heavyTools)} } };`,
  );
  writeFileSync(
    join(folder, "app", "layout.js"),
    "export default function Layout({ children }) { return <html><body>{children}</body></html>; }",
  );
  writeFileSync(
    join(folder, "app", "page.js"),
    `import * as torch from "kindling";
import Training from "./training";
export default function Page() { return <main><p id="sum">{torch.ones(2, 3).matmul(torch.ones(3, 2)).sum().item()}</p><Training /></main>; }`,
  );
  writeFileSync(
    join(folder, "app", "training.js"),
    `"use client";
import { useEffect } from "react";
export default function Training() { useEffect(() => { import("./main.js"); }, []); return null; }`,
  );
  await run(join(heavyTools, "node_modules", ".bin", "next"), ["build"], {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" },
    timeout: 540_000,
  });
  await expectPage(join(folder, "out"), { path: "/", ...bundled });
}

export const pages = Object.fromEntries(
  Object.entries(environments).map(([name, { missing, ...rest }]) => [
    name,
    { missing: noBrowser ?? missing, ...rest },
  ]),
);
