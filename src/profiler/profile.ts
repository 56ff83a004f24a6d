/** `torch.profiler.profile`: where the time and the memory of a program go. */
import { backendOf } from "../backend/backend";
import type { DeviceTimer } from "../backend/capabilities";
import { checkFlag, checkFunction, checkString } from "../core/arguments";
import { argumentsOf } from "../core/binding";
import { ArgumentError, DeviceError, describe, StateError, ValueError } from "../core/errors";
import { declareMethods, named, namedAsync } from "../core/signature";
import type { Arguments } from "../core/signatureTypes";
import { makeFolder } from "../platform/dataFiles";
import { averagesOf, type EventList } from "./averages";
import { activeRecorder, type ProfilerEvent, Recorder } from "./recorder";
import type { ProfilerAction } from "./schedule";

/** What is watched: the program, or the kernels of the GPU. @see torch.profiler.ProfilerActivity */
export type ProfilerActivity = "cpu" | "webgpu";
/** The activities by their names in PyTorch. @see torch.profiler.ProfilerActivity */
export const ProfilerActivity = Object.freeze({ CPU: "cpu", WEBGPU: "webgpu" } as const);

/** Options of {@link profile}. */
export interface ProfileOptions {
  /** Default: `"cpu"`, and `"webgpu"` where the GPU is open. */
  activities?: readonly ProfilerActivity[];
  /** Says what is done at each step; see {@link schedule}. Default: everything is recorded. */
  schedule?: (step: number) => ProfilerAction;
  /** Called with the profile when a stretch has been recorded. */
  onTraceReady?: (profile: Profile) => unknown;
  /** Whether the shapes of arguments are kept. Default: false. */
  recordShapes?: boolean;
  /** Whether memory is looked at. Default: false. */
  profileMemory?: boolean;
  /** Whether the lines of the program are kept; slow. Default: false. */
  withStack?: boolean;
  /** Whether floating-point operations of products and convolutions are counted. Default: false. */
  withFlops?: boolean;
  /** Accepted as in PyTorch; modules are always known, see {@link Profile.moduleAverages}. */
  withModules?: boolean;
}

/** Options of {@link Profile.keyAverages}. */
export interface AverageOptions {
  /** Whether calls with arguments of other shapes have rows of their own. Default: false. */
  groupByInputShape?: boolean;
  /** How many lines of the program distinguish rows. Default: 0. */
  groupByStackN?: number;
}

const signature =
  "; activities, schedule, onTraceReady, recordShapes, profileMemory, withStack, withFlops, withModules";
const always = (): ProfilerAction => "record";
const isRecording = (action: ProfilerAction): boolean => action === "record" || action === "recordAndSave";

/**
 * A profile with its beginning, its steps and its end in the program's hands.
 * @see torch.profiler.profile
 * @throws ArgumentError or ValueError for wrong options.
 * @example
 * const prof = new torch.profiler.Profile({ schedule: torch.profiler.schedule({ wait: 1, warmup: 1, active: 3 }), onTraceReady: show });
 * prof.start();
 * for (const [x, y] of loader) { train(x, y); prof.step(); }
 * prof.stop();
 */
export class Profile {
  /** Steps that are over. */
  stepNum = 0;
  readonly #options: Required<Pick<ProfileOptions, "recordShapes" | "profileMemory" | "withStack" | "withFlops">>;
  readonly #activities: readonly ProfilerActivity[];
  readonly #schedule: (step: number) => ProfilerAction;
  readonly #hasSteps: boolean;
  readonly #onTraceReady: ((profile: Profile) => unknown) | undefined;
  readonly #handled: Promise<unknown>[] = [];
  #action: ProfilerAction = "none";
  #recorder: Recorder | undefined;
  #step: ReturnType<Recorder["begin"]> | undefined;
  #events: readonly ProfilerEvent[] = [];
  #isRunning = false;

  constructor(...given: Arguments<typeof signature, ProfileOptions>) {
    const options = argumentsOf<ProfileOptions>("Profile", signature, given);
    const { activities, schedule, onTraceReady } = options;
    this.#activities = activities === undefined ? ["cpu", "webgpu"] : checkActivities(activities);
    if (schedule !== undefined) checkFunction("Profile", "schedule", schedule);
    if (onTraceReady !== undefined) checkFunction("Profile", "onTraceReady", onTraceReady);
    const flag = (name: "recordShapes" | "profileMemory" | "withStack" | "withFlops" | "withModules"): boolean =>
      checkFlag("Profile", name, options[name] ?? false);
    flag("withModules");
    this.#options = {
      recordShapes: flag("recordShapes"),
      profileMemory: flag("profileMemory"),
      withStack: flag("withStack"),
      withFlops: flag("withFlops"),
    };
    this.#hasSteps = schedule !== undefined;
    this.#schedule = schedule ?? always;
    this.#onTraceReady = onTraceReady;
  }

  /** Begins with the first step. @throws StateError if it runs already, or another profile does. */
  start(): this {
    if (this.#isRunning) throw new StateError("start: the profile runs already");
    this.#isRunning = true;
    this.stepNum = 0;
    this.#enter(this.#schedule(0));
    return this;
  }

  /** Says that a step is over. @throws StateError before {@link start} and after {@link stop}. */
  step(): void {
    if (!this.#isRunning) throw new StateError("step: the profile does not run; call start() first");
    this.stepNum++;
    const next = this.#schedule(this.stepNum);
    if (this.#action === "recordAndSave" || !isRecording(next)) this.#save();
    else if (this.#step !== undefined) this.#recorder!.end(this.#step);
    this.#enter(next);
  }

  /** Ends the profile. What is recorded then is a trace as well. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#save();
    this.#action = "none";
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #enter(action: ProfilerAction): void {
    this.#action = action;
    if (!isRecording(action)) return;
    if (this.#recorder === undefined) {
      this.#recorder = new Recorder(this.#options, this.#timer);
      this.#recorder.start();
    }
    this.#step = this.#hasSteps ? this.#recorder.begin(`ProfilerStep#${this.stepNum}`, "user", []) : undefined;
  }

  /** Ends what is being recorded, and hands it over. */
  #save(): void {
    const recorder = this.#recorder;
    if (recorder === undefined) return;
    const measured = recorder.stop();
    this.#recorder = undefined;
    this.#step = undefined;
    this.#events = recorder.events;
    const hand = (): unknown => this.#onTraceReady?.(this);
    // Handlers see the times of the GPU: they wait for them, and for no stretch that is recorded meanwhile.
    const handled = measured === undefined ? hand() : measured.then(hand);
    if (!(handled instanceof Promise)) return;
    // Failures are told by finished(), not as unhandled.
    handled.catch(() => {});
    this.#handled.push(handled);
  }

  /** What measures the GPU, if it is watched and open. */
  get #timer(): DeviceTimer | undefined {
    const timer = this.#activities.includes("webgpu") ? backendOf("webgpu")?.timer : undefined;
    return timer?.reason === undefined ? timer : undefined;
  }

  /** Waits for the times of the GPU, and for what `onTraceReady` has begun. @throws What it failed with. */
  async finished(): Promise<void> {
    await Promise.all(this.#handled);
  }

  /** What was recorded last, in the order of the beginnings. @see torch.profiler.profile.events */
  events(): readonly ProfilerEvent[] {
    const events = this.#recorder?.events ?? this.#events;
    return this.#activities.includes("cpu") ? events : events.filter(({ kind }) => kind === "kernel");
  }

  /**
   * Ops, nodes of backward and named stretches, summed up by name.
   * @see torch.profiler.profile.key_averages
   */
  keyAverages(options: AverageOptions = {}): EventList {
    const { groupByInputShape = false, groupByStackN = 0 } = options;
    checkFlag("keyAverages", "groupByInputShape", groupByInputShape);
    const key = (event: ProfilerEvent): string =>
      JSON.stringify([event.name, groupByInputShape && event.shapes, event.stack.slice(0, groupByStackN)]);
    const columns = this.#columns(groupByInputShape, groupByStackN > 0);
    return averagesOf(
      this.events().filter(({ kind }) => kind !== "module"),
      key,
      columns,
    );
  }

  /** Calls of modules, summed up by their path in the outermost one; a module's own time is what its children do not take. */
  moduleAverages(): EventList {
    const modules = this.events().filter(({ kind }) => kind === "module");
    return averagesOf(modules, ({ name }) => name, this.#columns(false, false));
  }

  #columns(shapes: boolean, stack: boolean) {
    const timer = this.#activities.includes("webgpu") ? backendOf("webgpu")?.timer : undefined;
    const device = timer === undefined ? false : (timer.reason ?? true);
    return { shapes, stack, memory: this.#options.profileMemory, flops: this.#options.withFlops, device };
  }

  /**
   * Writes what was recorded last as a trace for `chrome://tracing` and Perfetto.
   * @param path A name that ends with `.gz` asks for a compressed file.
   * @see torch.profiler.profile.export_chrome_trace
   * @throws KindlingError if it cannot be written.
   */
  async exportChromeTrace(path: string | URL): Promise<void> {
    if (typeof path !== "string" && !(path instanceof URL))
      throw new ArgumentError(`exportChromeTrace: path must be a string or a URL, got ${describe(path)}`);
    // What was recorded when it was called, whatever is recorded while the code is loaded.
    const events = this.events().slice();
    const { writeTrace } = await import("./lazyTrace");
    await writeTrace("exportChromeTrace", path, events);
  }
}

/** @throws ArgumentError or ValueError for what cannot be watched, DeviceError for a GPU that is not open or tells no times. */
function checkActivities(activities: readonly ProfilerActivity[]): readonly ProfilerActivity[] {
  if (!Array.isArray(activities) || activities.length === 0)
    throw new ArgumentError(`Profile: activities must be an array, got ${describe(activities)}`);
  for (const activity of activities)
    if (activity !== "cpu" && activity !== "webgpu")
      throw new ValueError(`Profile: activities: there are "cpu" and "webgpu", got ${describe(activity)}`);
  if (!activities.includes("webgpu")) return activities;
  const backend = backendOf("webgpu");
  if (backend === undefined)
    throw new DeviceError('Profile: activities: "webgpu" is not open; call await torch.webgpu.init() once');
  const reason = backend.timer?.reason;
  if (reason !== undefined) throw new DeviceError(`Profile: activities: "webgpu" cannot be watched: ${reason}`);
  return activities;
}

declareMethods(Profile, {
  keyAverages: "; groupByInputShape, groupByStackN",
  moduleAverages: "",
  exportChromeTrace: "path",
});

/**
 * Profiles a function: which ops it calls, how long they take, what memory they leave.
 * @param body Gets the profile, whose `step()` it may call; may be asynchronous.
 * @returns The profile, when all is over.
 * @throws What `body` throws.
 * @see torch.profiler.profile
 * @example
 * const prof = await torch.profiler.profile(() => model(x).sum().backward(), { profileMemory: true });
 * console.log(prof.keyAverages().table({ sortBy: "selfCpuTimeTotal", rowLimit: 10 }));
 */
export const profile = namedAsync(
  "profile",
  "body();; activities, schedule, onTraceReady, recordShapes, profileMemory, withStack, withFlops, withModules",
  async (body: (profile: Profile) => unknown, options: ProfileOptions = {}): Promise<Profile> => {
    checkFunction("profile", "body", body);
    const prof = new Profile(options);
    prof.start();
    try {
      await body(prof);
    } finally {
      prof.stop();
    }
    await prof.finished();
    return prof;
  },
);

/**
 * Runs a function as a stretch with a name, which profiles show.
 * @returns What it gives.
 * @see torch.profiler.record_function
 * @example const logits = torch.profiler.recordFunction("forward", () => model(x));
 */
export const recordFunction = named("recordFunction", "name, body()", (name: string, body: () => unknown): unknown => {
  checkString("recordFunction", "name", name);
  checkFunction("recordFunction", "body", body);
  const recorder = activeRecorder();
  return recorder === undefined ? body() : recorder.stretch(name, body);
}) as unknown as <R>(name: string, body: () => R) => R;

/**
 * A handler for `onTraceReady` that writes traces into a folder, where TensorBoard's profiler looks for them.
 * @param workerName The first part of the files' names. Default: `kindling`.
 * @see torch.profiler.tensorboard_trace_handler
 */
export const tensorboardTraceHandler = named(
  "tensorboardTraceHandler",
  "dirName, workerName?, useGzip?",
  (dirName: string, workerName = "kindling", useGzip = false): ((profile: Profile) => Promise<void>) => {
    checkString("tensorboardTraceHandler", "dirName", dirName);
    checkString("tensorboardTraceHandler", "workerName", workerName);
    checkFlag("tensorboardTraceHandler", "useGzip", useGzip);
    return async (prof) => {
      const file = `${dirName}/${workerName}.${Date.now()}.pt.trace.json${useGzip ? ".gz" : ""}`;
      await makeFolder("tensorboardTraceHandler", dirName);
      await prof.exportChromeTrace(file);
    };
  },
);
