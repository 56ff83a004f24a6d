/** Finds the runtimes and the browser that this machine has. */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where `.ci/run` and `npm run runtimes` install other runtimes. */
const installed = join("build", "runtimes", "node_modules", ".bin");

export interface RuntimeCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

const optional = (name: string, args: readonly string[]): RuntimeCommand => ({
  name,
  command: join(installed, name),
  args,
});

/** This Node, and what else is installed; `missing` says what is not. */
export function findRuntimes(): { found: RuntimeCommand[]; missing: string[] } {
  const others = [
    { ...optional("node", []), name: "node 24" },
    optional("deno", ["run", "--allow-all", "--quiet"]),
    optional("bun", ["run"]),
  ];
  const isThere = ({ command }: RuntimeCommand) => existsSync(command);
  return {
    found: [
      { name: `node ${process.versions.node.split(".")[0]}`, command: process.execPath, args: [] },
      ...others.filter(isThere),
    ],
    missing: others.filter((r) => !isThere(r)).map((r) => r.name),
  };
}

/** The browser's executable, or undefined. */
export function findChromium(): string | undefined {
  return [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"].find(
    (path) => path !== undefined && existsSync(path),
  );
}

/** What headless Chromium needs to run in a container without a network. */
export const chromiumFlags = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
