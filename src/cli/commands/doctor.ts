/** `kindling doctor`: what this machine gives Kindling, and what to do about the rest. */
import { script } from "kindling:isolation";
import type { Command } from "commander";
import * as torch from "../../index";
import { bytesText } from "../../inspect/table";
import { choice } from "../commandLine";
import { print, printJson } from "../console";
import { headers, type Server, servers } from "../headers";
import { memoryLimit } from "../memoryLimit";
import { measureProduct, type ProductSpeed } from "../speed";

/** The adapter, or why there is none. */
async function adapter(): Promise<{ name: string } | { reason: string }> {
  try {
    await torch.webgpu.init();
    return { name: torch.webgpu.getDeviceName() };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/** A measurement, or nothing where nothing can be computed. */
async function speed(simd: string): Promise<ProductSpeed | undefined> {
  return simd === "none" ? undefined : measureProduct();
}

function speedText({ size, gflops, share, threads }: ProductSpeed): string {
  const limit = gflops / share;
  return `a product of ${size}×${size} reaches ${gflops.toFixed(1)} GFLOP/s on ${threads} thread${threads > 1 ? "s" : ""}, ${(100 * share).toFixed(0)} % of the limit of ${limit.toFixed(1)}`;
}

/** Everything that is known, for people or programs. */
async function diagnose(json: boolean): Promise<void> {
  const webgpu = await adapter();
  const product = await speed(torch.doctor().simd);
  // After the measurement, which starts the threads.
  const found = torch.doctor();
  const limit = memoryLimit();
  const hints = [...found.hints];
  if ("reason" in webgpu) hints.push(`WebGPU is off: ${webgpu.reason}`);
  if (json) return printJson({ ...found, memoryLimit: limit, webgpu, speed: product ?? null, hints });
  const { threads } = found;
  print(`runtime  ${found.runtime}`);
  print(`SIMD     ${found.simd}`);
  print(`threads  ${threads.running} of ${threads.wanted}`);
  print(`memory   ${found.sharedMemory ? "shared with threads" : "of one thread"}, up to ${bytesText(limit)}`);
  print(`WebGPU   ${"name" in webgpu ? webgpu.name : "off"}`);
  print(`speed    ${product === undefined ? "nothing can be computed here" : speedText(product)}`);
  print(hints.length === 0 ? "\nAll is on." : `\nWhat is off, why, and how to turn it on:\n- ${hints.join("\n- ")}`);
}

const examples = `
Examples:
  kindling doctor                              what is on, what is off and why, and how fast this machine is
  kindling doctor --headers nginx              the two headers that turn threads on in a page, for a server
  kindling doctor --service-worker > isolation.js   a file that does it where a server cannot, such as GitHub Pages`;

/** Adds the command. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say what this machine gives, how fast it is, and how to turn on what is off")
    .addOption(choice("--headers <server>", `print the headers for threads: ${servers.join(", ")}`, servers))
    .option("--service-worker", "print the file that turns threads on where headers cannot be set")
    .option("--json", "write it as JSON")
    .addHelpText("after", examples)
    .action(async (options: { headers?: Server; serviceWorker?: boolean; json?: boolean }) => {
      if (options.serviceWorker) print(script.trimEnd());
      else if (options.headers !== undefined) print(headers[options.headers]);
      else await diagnose(options.json ?? false);
    });
}
