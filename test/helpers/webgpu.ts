/** A GPU for tests: the one of the machine, or the software driver that Debian's Chromium brings. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import * as torch from "kindling";
import { swiftshader } from "./adapter";

async function reasonToSkip(): Promise<string | undefined> {
  // The loader of drivers reads both when the first adapter is asked for.
  if (existsSync(swiftshader)) process.env.VK_ICD_FILENAMES ??= swiftshader;
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  try {
    await torch.webgpu.init();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why tests of the GPU are skipped, or undefined where there is one. */
export const noGpu = await reasonToSkip();

/** What to add to the title of tests that need a GPU. */
export const onGpu = noGpu === undefined ? `on ${torch.webgpu.getDeviceName()}` : `(skipped: ${noGpu})`;
