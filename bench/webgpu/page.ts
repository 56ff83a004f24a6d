/** Runs in the page: measures the workloads of the suite and emits a row for each. */
import { type Contender, type Effort, measure, type Timing } from "../measure";
import { flops } from "../workloads";
import type { GpuLibrary } from "./contender";
import { loadKindling } from "./kindling";
import { measurePeak } from "./peak";
import { attentionFlops, type GpuWorkload, type Scale, suiteOf } from "./suite";

export interface GpuJob extends Effort {
  readonly filter: string;
  readonly peers: readonly string[];
}

export interface GpuSetting {
  readonly adapter: string;
  readonly scale: Scale;
  /** GFLOP/s of float32 at most. */
  readonly peak: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface GpuRow {
  readonly name: string;
  readonly flops: number | undefined;
  readonly timings: Readonly<Record<string, Timing>>;
}

export type GpuMessage = { readonly setting: GpuSetting } | { readonly row: GpuRow } | { readonly note: string };

type Emit = (message: GpuMessage) => void;

const loaders: Readonly<Record<string, () => Promise<{ load(): Promise<GpuLibrary> }>>> = {
  tfjs: () => import("../peers/webgpu/tfjs"),
  "jax-js": () => import("../peers/webgpu/jax"),
};

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0]!;

async function loadPeers({ peers }: GpuJob, emit: Emit): Promise<GpuLibrary[]> {
  const libraries: GpuLibrary[] = [];
  for (const name of peers)
    try {
      libraries.push(await (await loaders[name]!()).load());
    } catch (error) {
      emit({ note: `${name} is left out: ${textOf(error)}` });
    }
  return libraries;
}

const isSoftware = (info: GPUAdapterInfo): boolean =>
  /swiftshader|llvmpipe|software/i.test(Object.values(textOfInfo(info)).join(" "));

const textOfInfo = ({ vendor, architecture, device, description }: GPUAdapterInfo) => ({
  vendor,
  architecture,
  device,
  description,
});

async function settingOf(peers: readonly GpuLibrary[]): Promise<GpuSetting> {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
  const device = await adapter!.requestDevice();
  const scale = isSoftware(adapter!.info) ? "software" : "card";
  const peak = await measurePeak(device, scale === "software");
  device.destroy();
  const name = Object.values(textOfInfo(adapter!.info)).filter(Boolean).join(", ");
  return {
    adapter: name,
    scale,
    peak,
    versions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
  };
}

const operations = (workload: GpuWorkload): number | undefined =>
  workload.kind === "attention" ? attentionFlops(workload) : flops(workload);

/** What runs a workload once before it counts: a library that fails is left out with a note. */
async function contendersOf(workload: GpuWorkload, libraries: readonly GpuLibrary[], emit: Emit) {
  const contenders: [string, Contender][] = [];
  for (const library of libraries)
    try {
      const contender = await library.create(workload);
      if (contender === undefined) continue;
      await contender.time(1);
      contenders.push([library.name, contender]);
    } catch (error) {
      emit({ note: `${library.name} cannot run ${workload.name}: ${textOf(error)}` });
    }
  return contenders;
}

export async function run(job: GpuJob, emit: Emit): Promise<void> {
  const peers = await loadPeers(job, emit);
  const own = await loadKindling();
  const setting = await settingOf(peers);
  emit({ setting });
  for (const workload of suiteOf(setting.scale)) {
    if (!workload.name.includes(job.filter)) continue;
    const contenders = await contendersOf(workload, [own, ...peers], emit);
    if (contenders[0]?.[0] !== own.name) continue;
    const timings = await measure(
      contenders.map(([, contender]) => contender),
      job,
    );
    emit({
      row: {
        name: workload.name,
        flops: operations(workload),
        timings: Object.fromEntries(contenders.map(([name], i) => [name, timings[i]!])),
      },
    });
  }
}
