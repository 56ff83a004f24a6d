/** Training off the main thread. */
import { argumentsOf } from "../core/binding";
import { ArgumentError, describe, KindlingError, WorkerError } from "../core/errors";
import { declareMethods } from "../core/signature";
import { type AnyWorker, isWorker, type Port, portTo, portToParent, startModule } from "../platform/workerPort";
import type { Client } from "./lazyTraining";

/** What a training function is given. */
export interface TrainingRun<Options = unknown, Progress = unknown> {
  /** What the page gave. */
  readonly options: Options;
  /** Whether the page asked to stop. */
  readonly stopped: boolean;
  /**
   * Tells the page where training stands, and lets its orders arrive; while the page has paused the run, it waits here. Tensors in the value are copied.
   * @returns Whether to go on: false once the page has asked to stop.
   */
  report(progress: Progress): Promise<boolean>;
}

/** Where a run stands. */
export type TrainingState = "starting" | "running" | "paused" | "stopping" | "done" | "failed";

/** Reports that nobody reads are dropped beyond so many, the oldest first. */
const MOST_WAITING = 1024;

const signature = "worker(), options{}?";

/** Whether this thread trains for a page. */
let isServing = false;

/**
 * A training run in a thread of its own, so that a page stays responsive. The module that the thread runs calls {@link TrainingWorker.serve}. Reports
 * are read by `for await`; `result` is what the training function returns. Values are copied from thread to thread, tensors included.
 *
 * @param worker A worker, as `new Worker(new URL("./train.js", import.meta.url), { type: "module" })`, which bundlers understand; or the address
 * of the module.
 * @param options What the training function is given as `run.options`.
 * @throws ArgumentError if it is neither, WorkerError where no worker can be started.
 * @example
 * // page.js
 * const worker = new torch.TrainingWorker(new Worker(new URL("./train.js", import.meta.url), { type: "module" }), { epochs: 5 });
 * for await (const { step, loss } of worker) console.log(step, loss);
 * model.loadStateDict(await worker.result);
 *
 * // train.js
 * torch.TrainingWorker.serve(async (run) => {
 *   for (let step = 0; step < 1000; step++) {
 *     const loss = trainStep();
 *     if (!(await run.report({ step, loss }))) break;
 *   }
 *   return model.stateDict();
 * });
 */
export class TrainingWorker<Progress = any, Result = any, Options = unknown> implements AsyncIterable<Progress> {
  /** @internal */
  static readonly signature: string = signature;

  /** What the training function returned. It fails with a WorkerError if that threw, or if the worker died. */
  readonly result: Promise<Result>;
  private readonly waiting: Progress[] = [];
  private current: TrainingState = "starting";
  private failure: WorkerError | undefined;
  /** Loops that wait for a report. */
  private sleepers: (() => void)[] = [];
  private readonly reject: (error: Error) => void;
  private readonly port: Port;
  private readonly client: Promise<Client>;

  constructor(worker: AnyWorker | URL | string, options?: Options) {
    const given = argumentsOf<{ worker: unknown; options?: Options }>("TrainingWorker", signature, [worker, options]);
    this.port = openPort(given.worker);
    let settle!: { resolve(value: Result): void; reject(error: Error): void };
    this.result = new Promise<Result>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.reject = settle.reject;
    // Who reads the reports alone is told of a failure there.
    this.result.catch(() => {});
    const listener = {
      progress: (value: unknown) => this.hear(value as Progress),
      done: (value: unknown) => {
        if (this.isOver) return;
        this.become("done");
        settle.resolve(value as Result);
      },
      failed: (error: Error) => {
        const { name, message } = error;
        this.fail(new WorkerError(`TrainingWorker: the run ended with ${name}: ${message}`, { cause: error }));
      },
    };
    this.client = import("./lazyTraining").then(({ Client }) => new Client(this.port, options, listener));
  }

  /** Where the run stands. */
  get state(): TrainingState {
    return this.current;
  }

  /** Lets the run wait at its next report. */
  pause(): void {
    this.ask("pause", "paused", ["starting", "running"]);
  }

  /** Lets a paused run go on. */
  resume(): void {
    this.ask("resume", "running", ["paused"]);
  }

  /** Asks the run to stop at its next report. @returns What it then returns. */
  stop(): Promise<Result> {
    this.ask("stop", "stopping", ["starting", "running", "paused"]);
    return this.result;
  }

  /** Ends the thread at once, whatever it does. `result` fails. */
  terminate(): void {
    if (this.isOver) return;
    void this.client.then((client) => client.close());
    this.fail(new WorkerError("TrainingWorker: the run was terminated"));
  }

  /** The reports from here on; the loop ends with the run. @throws WorkerError if that failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Progress, void, undefined> {
    for (;;) {
      while (this.waiting.length > 0) yield this.waiting.shift()!;
      if (this.failure !== undefined) throw this.failure;
      if (this.isOver) return;
      await new Promise<void>((resolve) => {
        this.sleepers.push(resolve);
      });
    }
  }

  /**
   * Makes this thread one that trains for the page: called once by the module that a worker runs.
   * @param train What trains: it is called when a page has connected, and what it returns is the page's `result`.
   * @throws KindlingError in a thread that nobody started, and when it is called once more.
   */
  static serve<Options = any, Progress = any, Result = any>(
    train: (run: TrainingRun<Options, Progress>) => Result | Promise<Result>,
  ): void {
    if (typeof train !== "function")
      throw new ArgumentError(`TrainingWorker.serve: train must be a function, got ${describe(train)}`);
    const port = portToParent();
    if (port === undefined)
      throw new KindlingError(
        "TrainingWorker.serve: this is no worker; the page starts this module by new TrainingWorker(new Worker(…))",
      );
    if (isServing) throw new KindlingError("TrainingWorker.serve: was called before; a worker trains once");
    isServing = true;
    void import("./lazyTraining").then(({ serve }) => serve(port, train));
  }

  private get isOver(): boolean {
    return this.current === "done" || this.current === "failed";
  }

  private ask(order: "pause" | "resume" | "stop", next: TrainingState, from: readonly TrainingState[]): void {
    if (!from.includes(this.current)) return;
    this.current = next;
    void this.client.then((client) => client.order(order));
  }

  private fail(error: WorkerError): void {
    if (this.isOver) return;
    this.failure = error;
    this.become("failed");
    this.reject(error);
  }

  private become(state: TrainingState): void {
    this.current = state;
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.sleepers.splice(0)) resolve();
  }

  private hear(progress: Progress): void {
    if (this.current === "starting") this.current = "running";
    this.waiting.push(progress);
    if (this.waiting.length > MOST_WAITING) this.waiting.shift();
    this.wake();
  }
}

function openPort(worker: unknown): Port {
  if (isWorker(worker)) return portTo(worker);
  if (typeof worker !== "string" && !(worker instanceof URL))
    throw new ArgumentError(
      `TrainingWorker: worker must be a Worker, or the address of a module, got ${describe(worker)}`,
    );
  try {
    return startModule(worker, "kindling training");
  } catch (error) {
    const { message } = error as Error;
    throw new WorkerError(`TrainingWorker: the module ${describe(String(worker))} cannot be started: ${message}`, {
      cause: error,
    });
  }
}

declareMethods(TrainingWorker, { pause: "", resume: "", stop: "", terminate: "" });
