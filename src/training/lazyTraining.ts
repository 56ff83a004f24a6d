/** Both ends of a training worker, loaded with the first one. */
import { nextTurn } from "../platform/platform";
import type { Port } from "../platform/workerPort";
import { type Packed, pack, unpack } from "./pack";

/** What the page tells the worker. */
type Order =
  | { readonly kindling: "start"; readonly options: Packed }
  | { readonly kindling: "pause" | "resume" | "stop" };

/** What the worker tells the page. */
export type Told =
  | { readonly kindling: "ready" }
  | { readonly kindling: "progress" | "done"; readonly value: Packed }
  | {
      readonly kindling: "failed";
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
    };

const send = (port: Port, message: Order | Told): void => {
  const packed = "value" in message ? message.value : "options" in message ? message.options : undefined;
  port.post(message, packed?.tensors === undefined ? [] : [packed.tensors.buffer as ArrayBuffer]);
};

/** The worker's side of a run. */
class Run {
  isPaused = false;
  isStopped = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly port: Port,
    readonly options: unknown,
  ) {}

  /** Takes an order. */
  take(order: Order["kindling"]): void {
    if (order === "pause") this.isPaused = true;
    else this.isPaused = false;
    if (order === "stop") this.isStopped = true;
    if (!this.isPaused) this.wake?.();
  }

  async report(value: unknown): Promise<boolean> {
    const packed = pack(value);
    send(this.port, { kindling: "progress", value: packed instanceof Promise ? await packed : packed });
    // Orders arrive between turns.
    await nextTurn();
    while (this.isPaused && !this.isStopped)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    return !this.isStopped;
  }
}

/** Runs a training function for whoever started this thread. */
export function serve(port: Port, train: (run: any) => unknown): void {
  let run: Run | undefined;
  const begin = async (options: Packed): Promise<void> => {
    run = new Run(port, unpack(options));
    const { report, ...state } = { report: run.report.bind(run), options: run.options };
    const face = Object.defineProperty({ ...state, report }, "stopped", { get: () => run!.isStopped });
    try {
      send(port, { kindling: "done", value: await pack(await train(face)) });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      send(port, { kindling: "failed", name, message, stack });
    }
  };
  port.onMessage((order: Order) => {
    if (order?.kindling === "start") void begin(order.options);
    else if (order?.kindling !== undefined) run?.take(order.kindling);
  });
  send(port, { kindling: "ready" });
}

/** What the page's side of a run hears. */
export interface Listener {
  progress(value: unknown): void;
  done(value: unknown): void;
  failed(error: Error): void;
}

/** Milliseconds without a word of a module after which it is spoken of: it may wait for the network, or never call `serve`. */
const PATIENCE = 10_000;

/** The page's side of a run. */
export class Client {
  private isOver = false;
  private readonly reminder = setTimeout(
    () =>
      console.warn(
        `TrainingWorker: the module has not called TrainingWorker.serve within ${PATIENCE / 1000} s, without which nothing is trained`,
      ),
    PATIENCE,
  );
  /** Orders from before the worker was ready; undefined since it is. */
  private early: Order[] | undefined = [];

  constructor(
    private readonly port: Port,
    options: unknown,
    private readonly listener: Listener,
  ) {
    port.onMessage((told: Told) => this.hear(told, options));
    port.onError((error) => this.end(() => listener.failed(error)));
  }

  order(kindling: "pause" | "resume" | "stop"): void {
    if (this.early !== undefined) this.early.push({ kindling });
    else if (!this.isOver) send(this.port, { kindling });
  }

  /** Ends the thread. */
  close(): void {
    clearTimeout(this.reminder);
    this.isOver = true;
    this.port.close();
  }

  private end(tell: () => void): void {
    if (this.isOver) return;
    this.close();
    tell();
  }

  private async start(options: unknown): Promise<void> {
    try {
      send(this.port, { kindling: "start", options: await pack(options) });
      for (const order of this.early ?? []) send(this.port, order);
      this.early = undefined;
    } catch (error) {
      this.fail(error);
    }
  }

  /** What this thread cannot send or take ends the run. */
  private fail(error: unknown): void {
    this.end(() => this.listener.failed(error instanceof Error ? error : new Error(String(error))));
  }

  private hear(told: Told, options: unknown): void {
    try {
      this.take(told, options);
    } catch (error) {
      this.fail(error);
    }
  }

  private take(told: Told, options: unknown): void {
    if (told?.kindling === "ready") {
      clearTimeout(this.reminder);
      void this.start(options);
    } else if (told?.kindling === "progress") this.listener.progress(unpack(told.value));
    else if (told?.kindling === "done") this.end(() => this.listener.done(unpack(told.value)));
    else if (told?.kindling === "failed") {
      const error = Object.assign(new Error(told.message), { name: told.name, stack: told.stack });
      this.end(() => this.listener.failed(error));
    }
  }
}
