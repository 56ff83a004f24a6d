/** Builds another revision of Kindling beside this one. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "./options";

const git = (...args: string[]): string =>
  execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

function commitOf(revision: string): string {
  try {
    return git("rev-parse", "--verify", "--short=12", `${revision}^{commit}`);
  } catch {
    throw new UsageError(`git knows no revision "${revision}"`);
  }
}

/** The bundle of a revision, built in `build/revisions` unless it is there already. */
export function buildRevision(revision: string): string {
  const commit = commitOf(revision);
  const folder = resolve("build", "revisions", commit);
  const bundle = join(folder, "dist", "kindling.js");
  if (existsSync(bundle)) return bundle;
  console.error(`bench: building ${revision} (${commit})…`);
  if (!existsSync(folder)) git("clone", "--quiet", "--no-checkout", ".", folder);
  git("-C", folder, "checkout", "--quiet", commit);
  execFileSync("npm", ["run", "--silent", "build"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return bundle;
}
