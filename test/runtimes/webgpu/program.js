/** Trains on both devices: the same text in every runtime. */
import { programsOf as networksOf } from "./networks.js";
import { programsOf as tutorialsOf } from "./tutorials.js";
import { programsOf as tutorialsOfPictures } from "./tutorialsOfPictures.js";
import { programsOf as tutorialsOfText } from "./tutorialsOfText.js";

const parts = [networksOf, tutorialsOf, tutorialsOfPictures, tutorialsOfText];

/**
 * What the networks and the tutorials read on both devices, and how many bytes the GPU gave for it: of the first network, unless all are wanted.
 * @param {typeof import("kindling")} torch
 * @param {boolean} all
 */
export async function run(torch, all) {
  await torch.webgpu.init();
  const programs = parts.flatMap((programsOf) => Object.entries(programsOf(torch)));
  const results = {};
  for (const [name, program] of programs.slice(0, all ? undefined : 1)) {
    const on = (device) => {
      torch.manualSeed(0);
      return program(device);
    };
    const cpu = await on("cpu");
    const { bytesRead } = torch.webgpu.counts();
    const gpu = await on("webgpu");
    results[name] = { cpu, gpu, bytesRead: torch.webgpu.counts().bytesRead - bytesRead };
  }
  return { name: torch.webgpu.getDeviceName(), results };
}
