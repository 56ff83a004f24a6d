/** Compute pipelines and bind groups, each made once. */
import type { PooledBuffer } from "./buffers";

/** Bytes to which uniforms of a dispatch are aligned, as every adapter allows. */
export const UNIFORM_ALIGNMENT = 256;
/** Bind groups that are kept; the oldest go first. */
const MOST_GROUPS = 4096;

/** A compiled kernel. */
export interface Pipeline {
  readonly gpu: GPUComputePipeline;
  readonly layout: Layout;
}

/** How a kernel sees its buffers: uniforms first, then a letter for each storage buffer, `r` for read and `w` for written. */
export interface Layout {
  readonly pattern: string;
  readonly groups: GPUBindGroupLayout;
  readonly pipelines: GPUPipelineLayout;
}

/** The caches of one device. */
export class Pipelines {
  private readonly layouts = new Map<string, Layout>();
  private readonly pipelines = new Map<string, Pipeline>();
  private readonly groups = new Map<string, GPUBindGroup>();

  constructor(private readonly device: GPUDevice) {}

  /** The kernel of a key, compiled from `source()` the first time. */
  pipeline(key: string, pattern: string, source: () => string): Pipeline {
    const found = this.pipelines.get(key);
    if (found !== undefined) return found;
    const layout = this.layout(pattern);
    const module = this.device.createShaderModule({ label: key, code: source() });
    const gpu = this.device.createComputePipeline({
      label: key,
      layout: layout.pipelines,
      compute: { module, entryPoint: "main" },
    });
    const made = { gpu, layout };
    this.pipelines.set(key, made);
    return made;
  }

  private layout(pattern: string): Layout {
    const found = this.layouts.get(pattern);
    if (found !== undefined) return found;
    const visibility = GPUShaderStage.COMPUTE;
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility, buffer: { type: "uniform", hasDynamicOffset: true } },
      ...[...pattern].map((letter, i): GPUBindGroupLayoutEntry => {
        const type = letter === "r" ? "read-only-storage" : "storage";
        return { binding: i + 1, visibility, buffer: { type } };
      }),
    ];
    const groups = this.device.createBindGroupLayout({ label: pattern, entries });
    const pipelines = this.device.createPipelineLayout({ label: pattern, bindGroupLayouts: [groups] });
    const made = { pattern, groups, pipelines };
    this.layouts.set(pattern, made);
    return made;
  }

  /** Buffers bound for a layout; the uniforms are `bytes` of a page, at an offset that the dispatch names. */
  group(layout: Layout, page: PooledBuffer, bytes: number, buffers: readonly PooledBuffer[]): GPUBindGroup {
    let key = `${layout.pattern} ${page.id} ${bytes}`;
    for (const buffer of buffers) key += ` ${buffer.id}`;
    const found = this.groups.get(key);
    if (found !== undefined) return found;
    if (this.groups.size >= MOST_GROUPS) this.groups.delete(this.groups.keys().next().value!);
    const made = this.device.createBindGroup({
      layout: layout.groups,
      entries: [
        { binding: 0, resource: { buffer: page.gpu, size: bytes } },
        ...buffers.map((buffer, i) => ({ binding: i + 1, resource: { buffer: buffer.gpu, ...buffer.window } })),
      ],
    });
    this.groups.set(key, made);
    for (const buffer of buffers) buffer.groups.add(key);
    return made;
  }

  /** Forgets the bind groups of a buffer that is to go. */
  forget(buffer: PooledBuffer): void {
    for (const key of buffer.groups) this.groups.delete(key);
    buffer.groups.clear();
  }

  /** How many kernels were compiled. */
  get compiled(): number {
    return this.pipelines.size;
  }
}
