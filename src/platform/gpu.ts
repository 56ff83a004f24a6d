/** Where WebGPU comes from: browsers and Deno have it built in, Node and Bun take it from npm's `webgpu` (Dawn), if that is installed. */
import { runtime } from "./platform";

/** What npm's `webgpu` exports. */
interface DawnModule {
  create(flags: readonly string[]): GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Either WebGPU, or why there is none and what to do about it. */
export type FoundGpu = { readonly gpu: GPU } | { readonly reason: string };

/** Dawn crashes when its root object is collected while devices live. */
let dawn: GPU | undefined;

/** The WebGPU of this runtime. */
export async function findGpu(): Promise<FoundGpu> {
  const builtIn = (globalThis.navigator as Partial<Navigator> | undefined)?.gpu;
  if (builtIn !== undefined) return { gpu: builtIn };
  if (runtime === "node" || runtime === "bun") return findDawn();
  return { reason: withoutGpu() };
}

/** What to do where the runtime should have WebGPU, but does not. */
function withoutGpu(): string {
  if (runtime === "deno") return "this Deno has no navigator.gpu; start it with --unstable-webgpu, or update it";
  return globalThis.isSecureContext === false
    ? "a page has WebGPU only in a secure context: serve it over https or from localhost"
    : "this browser has no WebGPU";
}

async function findDawn(): Promise<FoundGpu> {
  if (dawn !== undefined) return { gpu: dawn };
  // The name is a variable, so that bundlers do not look for a package that is optional.
  const name = "webgpu";
  try {
    const { create, globals }: DawnModule = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
    for (const [key, value] of Object.entries(globals))
      if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value, writable: true, configurable: true });
    dawn = create([]);
    return { gpu: dawn };
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    return {
      reason: `${runtime} has no WebGPU of its own and npm's "webgpu" cannot be loaded (${message}); run npm install webgpu`,
    };
  }
}
