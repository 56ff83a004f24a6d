/** Times of kernels. A pass has two timestamps, so that while they are taken each dispatch has a pass of its own. */
import type { DeviceSpan, DeviceTimer } from "../capabilities";

/** Dispatches of a set of timestamps, of which a set has two each. */
const DISPATCHES = 2048;

interface Span {
  readonly name: string;
  readonly op: string;
  readonly tag: unknown;
  /** When it was asked for, in microseconds since the start. */
  readonly asked: number;
}

/** The timestamps of up to {@link DISPATCHES} dispatches. */
interface Batch {
  readonly set: GPUQuerySet;
  readonly spans: Span[];
}

const now = (): number => performance.now() * 1000;

/** The timer of one device. */
export class GpuTimer implements DeviceTimer {
  readonly reason: string | undefined;
  private batches: Batch[] = [];
  private tag: (() => unknown) | undefined;
  private origin = 0;

  /** @param flush Submits what was recorded. */
  constructor(
    private readonly device: GPUDevice,
    private readonly flush: () => void,
  ) {
    if (!device.features.has("timestamp-query"))
      this.reason = 'the adapter has no "timestamp-query", so that the times of its kernels are not known';
  }

  start(tag: () => unknown): void {
    this.flush();
    this.origin = now();
    if (this.reason === undefined) this.tag = tag;
  }

  /** Whether somebody measures. */
  get isOn(): boolean {
    return this.tag !== undefined;
  }

  /** Where the pass of a dispatch writes its times; undefined if nobody measures. */
  next(op: string, kernel: string): GPUComputePassTimestampWrites | undefined {
    if (this.tag === undefined) return undefined;
    let batch = this.batches.at(-1);
    if (batch === undefined || batch.spans.length === DISPATCHES) {
      batch = { set: this.device.createQuerySet({ type: "timestamp", count: 2 * DISPATCHES }), spans: [] };
      this.batches.push(batch);
    }
    const at = 2 * (batch.spans.push({ name: kernel, op, tag: this.tag(), asked: now() - this.origin }) - 1);
    return { querySet: batch.set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  async stop(): Promise<readonly DeviceSpan[]> {
    this.tag = undefined;
    this.flush();
    const { batches } = this;
    this.batches = [];
    const times = await Promise.all(batches.map((batch) => this.read(batch)));
    const spans = batches.flatMap(({ spans }) => spans);
    return placed(spans, times.flat());
  }

  /** Begins and ends of a batch, in microseconds of the GPU's clock. */
  private async read({ set, spans }: Batch): Promise<(readonly [begin: number, end: number])[]> {
    const size = 16 * spans.length;
    const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
    const resolved = this.device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
    const mapped = this.device.createBuffer({ size, usage: COPY_DST | MAP_READ });
    const encoder = this.device.createCommandEncoder();
    encoder.resolveQuerySet(set, 0, 2 * spans.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, mapped, 0, size);
    this.device.queue.submit([encoder.finish()]);
    await mapped.mapAsync(GPUMapMode.READ);
    const times = new BigUint64Array(mapped.getMappedRange().slice(0));
    for (const one of [set, resolved, mapped]) one.destroy();
    return spans.map((_, i) => [Number(times[2 * i]) / 1000, Number(times[2 * i + 1]) / 1000] as const);
  }
}

/** The spans on the clock of the cpu: as early as none begins before it was asked for. */
function placed(spans: readonly Span[], times: readonly (readonly [number, number])[]): DeviceSpan[] {
  const shift = spans.reduce((most, { asked }, i) => Math.max(most, asked - times[i]![0]), Number.NEGATIVE_INFINITY);
  return spans.map(({ name, op, tag }, i) => {
    const [begin, end] = times[i]!;
    return { name, op, tag, start: begin + shift, duration: Math.max(0, end - begin) };
  });
}
