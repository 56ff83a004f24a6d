/** Traces in the format of `chrome://tracing`, which Perfetto reads too. */
import type { EventKind, ProfilerEvent } from "./recorder";

const categories: Readonly<Record<EventKind, string>> = {
  op: "cpu_op",
  node: "cpu_op",
  module: "python_function",
  user: "user_annotation",
  kernel: "kernel",
};

const complete = ({ name, kind, start, duration, shapes, memory, flops, stack }: ProfilerEvent): object => ({
  ph: "X",
  cat: categories[kind],
  name,
  pid: kind === "kernel" ? 2 : 1,
  tid: kind === "module" ? 2 : 1,
  ts: start,
  dur: duration,
  args: {
    ...(shapes.length > 0 && { "Input Dims": shapes }),
    ...(memory !== 0 && { Bytes: memory }),
    ...(flops > 0 && { flops }),
    ...(stack.length > 0 && { "Call stack": stack.join("\n") }),
  },
});

const label = (name: string, tid: number, text: string, pid = 1): object => ({
  ph: "M",
  name,
  pid,
  tid,
  args: { name: text },
});

/** The events as JSON. Modules have a row of their own beside the ops, and the GPU is a process of its own. */
export const traceText = (events: readonly ProfilerEvent[]): string =>
  JSON.stringify({
    schemaVersion: 1,
    displayTimeUnit: "ms",
    traceEvents: [
      label("process_name", 0, "kindling"),
      label("thread_name", 1, "ops"),
      label("thread_name", 2, "modules"),
      ...(events.some(({ kind }) => kind === "kernel")
        ? [label("process_name", 0, "webgpu", 2), label("thread_name", 1, "kernels", 2)]
        : []),
      ...events.map(complete),
    ],
  });
