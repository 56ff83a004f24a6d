/** What a profile sees: calls of ops, nodes of backward, calls of modules, and stretches that the program names. */

import { captureTrace } from "../autograd/anomaly";
import { watchNodes } from "../autograd/engine";
import type { RemovableHandle } from "../autograd/handle";
import type { DeviceTimer } from "../backend/capabilities";
import { cpu, memoryStats } from "../backend/cpu";
import { classNameOf } from "../core/className";
import { StateError } from "../core/errors";
import { watchCalls } from "../core/signature";
import { type Module, registerModuleForwardHook, registerModuleForwardPreHook } from "../nn/module/module";
import { flopsOf } from "../ops/builders/flops";
import { Tensor } from "../tensor/tensor";

/** What an event is: a call of an op, a node of backward, a call of a module, a stretch that the program names, or work of the GPU. */
export type EventKind = "op" | "node" | "module" | "user" | "kernel";

/** One thing that happened while a profile was recorded. Times are in microseconds, memory in bytes. */
export interface ProfilerEvent {
  /** An op's name, `mul`; a node's, `MulBackward0`; a module's path and class, `net.fc1 (Linear)`. */
  readonly name: string;
  readonly kind: EventKind;
  /** From the start of the profile. */
  readonly start: number;
  duration: number;
  /** The duration without that of the events inside: of modules without other modules, of all else without ops, nodes and named stretches. */
  selfTime: number;
  /** What the GPU did for it and for the events inside; 0 unless the GPU is watched. */
  deviceTime: number;
  /** Like {@link selfTime}. */
  selfDeviceTime: number;
  /** What was allocated and not freed again; 0 unless asked for. */
  memory: number;
  /** Like {@link selfTime}. */
  selfMemory: number;
  /** The shapes of the tensors given, if asked for; of what is no tensor an empty one. */
  readonly shapes: readonly (readonly number[])[];
  /** Floating-point operations, if asked for and known; those of the op inside do not count twice. */
  flops: number;
  /** The lines of the program that led here, the innermost first, if asked for. */
  readonly stack: readonly string[];
  /** How many events it lies in. */
  readonly depth: number;
}

/** What is recorded beside times. */
export interface RecorderOptions {
  readonly recordShapes: boolean;
  readonly profileMemory: boolean;
  readonly withStack: boolean;
  readonly withFlops: boolean;
}

/** An event that is not over. */
interface Open {
  readonly event: ProfilerEvent;
  readonly memory: number;
  readonly module: Module | undefined;
}

/** Work of the GPU as an event, which takes no time of the cpu. */
const kernelEvent = (name: string, start: number, duration: number): ProfilerEvent => ({
  name,
  kind: "kernel",
  start,
  duration,
  selfTime: duration,
  deviceTime: duration,
  selfDeviceTime: duration,
  memory: 0,
  selfMemory: 0,
  shapes: [],
  flops: 0,
  stack: [],
  depth: 0,
});

/** Functions that only say something about a tensor or a module, and the profiler's own. */
const questions = new Set(
  "isInference isFloatingPoint isComplex isSigned numel size dim stride namedModules recordFunction".split(" "),
);

/** The time when all is computed that was called for (µs). */
function now(): number {
  cpu().threads.finish();
  return performance.now() * 1000;
}

let active: Recorder | undefined;

/** The recorder at work, if there is one. */
export const activeRecorder = (): Recorder | undefined => active;

/** Records events from {@link start} to {@link stop}. One at a time. */
export class Recorder {
  readonly events: ProfilerEvent[] = [];
  private readonly open: Open[] = [];
  private readonly paths = new WeakMap<Module, string>();
  private handles: RemovableHandle[] = [];
  private release: (() => void) | undefined;
  private readonly origin = now();

  /** @param timer What measures the GPU, if that is wanted. */
  constructor(
    private readonly options: RecorderOptions,
    private readonly timer?: DeviceTimer,
  ) {}

  /** @throws StateError while another one records. */
  start(): void {
    if (active !== undefined) throw new StateError("profile: another profile is being recorded; stop it first");
    active = this;
    this.timer?.start(() => this.open.map(({ event }) => event));
    this.handles = [
      registerModuleForwardPreHook((module, args) => void this.begin(this.pathOf(module), "module", args, module)),
      registerModuleForwardHook((module) => this.endModule(module)),
    ];
    const calls = watchCalls((op, given, run) => {
      const next = () => calls?.(op, given, run) ?? run();
      return this.isTold(op.opName) ? this.around(this.begin(op.opName, "op", given), next, given) : next();
    });
    const nodes = watchNodes((node, run) =>
      this.around(this.begin(node.name, "node", []), () => nodes?.(node, run) ?? run()),
    );
    this.release = () => {
      watchCalls(calls);
      watchNodes(nodes);
    };
  }

  /** @returns What waits for the times of the GPU, if they are measured. */
  stop(): Promise<void> | undefined {
    while (this.open.length > 0) this.close();
    this.release?.();
    for (const handle of this.handles) handle.remove();
    active = undefined;
    return this.timer && this.addKernels(this.timer);
  }

  /** Adds the work of the GPU, and to each event what was done for it. */
  private async addKernels(timer: DeviceTimer): Promise<void> {
    const spans = await timer.stop();
    for (const { name, op, start, duration, tag } of spans) {
      const events = tag as readonly ProfilerEvent[];
      for (const event of events) event.deviceTime += duration;
      for (const isModule of [true, false]) {
        const own = events.findLast(({ kind }) => (kind === "module") === isModule);
        if (own !== undefined) own.selfDeviceTime += duration;
      }
      this.events.push(kernelEvent(`${op}: ${name.split(" ")[0]}`, start, duration));
    }
  }

  /** Whether a call is an event: not the function behind a method of the same name, and no question about a tensor. */
  private isTold(op: string): boolean {
    const inner = this.open.at(-1)?.event;
    return !questions.has(op) && !(inner?.kind === "op" && inner.name === op);
  }

  /** A stretch that the program names; one that goes on after `body` has returned a promise ends with it. */
  stretch<R>(name: string, body: () => R): R {
    const open = this.begin(name, "user", []);
    let result: R;
    try {
      result = body();
    } catch (error) {
      this.end(open);
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.end(open);
      return result;
    }
    // What runs in between belongs to whoever runs it.
    this.end(open);
    return result.finally(() => {
      open.event.duration = now() - this.origin - open.event.start;
    }) as R;
  }

  begin(name: string, kind: EventKind, given: readonly unknown[], module?: Module): Open {
    const { recordShapes, profileMemory, withStack } = this.options;
    const event: ProfilerEvent = {
      name,
      kind,
      start: now() - this.origin,
      duration: 0,
      selfTime: 0,
      deviceTime: 0,
      selfDeviceTime: 0,
      memory: 0,
      selfMemory: 0,
      shapes: recordShapes ? given.map((x) => (x instanceof Tensor ? [...x.shape] : [])) : [],
      flops: 0,
      stack: withStack ? captureTrace().frames : [],
      depth: this.open.length,
    };
    this.events.push(event);
    const open = { event, memory: profileMemory ? memoryStats().allocated : 0, module };
    this.open.push(open);
    return open;
  }

  private around<R>(open: Open, run: () => R, given: readonly unknown[] = []): R {
    try {
      const result = run();
      if (this.options.withFlops) this.countFlops(open, given, result);
      return result;
    } finally {
      this.end(open);
    }
  }

  /** Ends an event, and those inside of it that an error has left open. */
  end(open: Open): void {
    if (!this.open.includes(open)) return;
    for (;;) if (this.close() === open) return;
  }

  private endModule(module: Module): void {
    const open = this.open.findLast((other) => other.module === module);
    if (open !== undefined) this.end(open);
  }

  /** Ends the innermost event. Its time is no longer its parent's own. */
  private close(): Open {
    const open = this.open.pop()!;
    const { event, memory } = open;
    event.duration = now() - this.origin - event.start;
    event.selfTime += event.duration;
    if (this.options.profileMemory) {
      event.memory = memoryStats().allocated - memory;
      event.selfMemory += event.memory;
    }
    const isModule = event.kind === "module";
    const parent = this.open.findLast((other) => (other.event.kind === "module") === isModule)?.event;
    if (parent !== undefined) {
      parent.selfTime -= event.duration;
      parent.selfMemory -= event.memory;
    }
    return open;
  }

  private countFlops({ event }: Open, given: readonly unknown[], result: unknown): void {
    const inside = this.events.slice(this.events.indexOf(event) + 1).some(({ flops }) => flops > 0);
    if (!inside) event.flops = flopsOf(event.name, given, result);
  }

  /** Where a module stands in the outermost one that is being called, and its class. */
  private pathOf(module: Module): string {
    const known = this.paths.get(module);
    const isInside = this.open.some((other) => other.module !== undefined);
    if (known !== undefined && isInside) return known;
    if (!isInside)
      for (const [path, child] of module.namedModules()) {
        const name = classNameOf(child);
        this.paths.set(child, path === "" ? name : `${classNameOf(module)}.${path} (${name})`);
      }
    return this.paths.get(module) ?? classNameOf(module);
  }
}
