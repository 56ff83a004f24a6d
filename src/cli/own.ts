/** Modules of the user's that the command line trains or exports. */
import * as torch from "../index";
import { environment, nodeModule } from "../platform/platform";
import { UsageError } from "./commandLine";

/** What a module of the user's exports. */
export type Own = Readonly<Record<string, any>>;

/** Whether a word of the command line is the path of a module, not a name. */
export const isModulePath = (word: string): boolean => /\.[cm]?[jt]sx?$/.test(word);

/** The address of a file, from the folder that the program runs in. */
function addressOf(path: string): string {
  const { pathToFileURL } = nodeModule<typeof import("node:url")>("node:url")!;
  const { resolve } = nodeModule<typeof import("node:path")>("node:path")!;
  return pathToFileURL(resolve(path)).href;
}

/** Runs a module, and gives what it exports. @throws UsageError if there is none, or this runtime cannot read it. */
export async function importOwn(path: string): Promise<Own> {
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs")!;
  if (!existsSync(path)) throw new UsageError(`there is no module "${path}"`);
  try {
    return await import(addressOf(path));
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ERR_UNKNOWN_FILE_EXTENSION")
      throw new UsageError(
        `this Node does not read TypeScript ("${path}"): take Node 22.18 or later, Deno or Bun, or set NODE_OPTIONS="--import tsx"${environment("NODE_OPTIONS") === undefined ? "" : " too"}`,
      );
    throw error;
  }
}

/** What a module exports by a name, itself or as a property of its default export. */
export const exportOf = (own: Own, name: string): any => own[name] ?? own.default?.[name];

/**
 * The model that a module exports: `model`, or its default export; a module, a class or a function that makes one.
 * @throws UsageError if there is none.
 */
export async function modelOf(path: string, own: Own): Promise<torch.nn.Module> {
  const given = own.model ?? own.default?.model ?? own.default;
  if (given instanceof torch.nn.Module) return given;
  if (typeof given === "function") {
    const made = isClass(given) ? new given() : await given();
    if (made instanceof torch.nn.Module) return made;
  }
  if (given !== undefined && typeof given?.stateDict === "function")
    throw new UsageError(
      `"${path}": its model is of another copy of Kindling than this command line; run the one of the project: npx kindling`,
    );
  throw new UsageError(
    `"${path}" exports no model: export const model = new nn.Sequential(…), or a class or a function that makes one`,
  );
}

/** Whether a function is the class of a module, which `new` makes. */
const isClass = (given: { readonly prototype?: unknown }): boolean => given.prototype instanceof torch.nn.Module;
