/**
 * Makes a range of calls in a process of its own: what hangs or kills it is known by the number in the file of progress, which is written
 * before each call. Faults are lines of JSON in file descriptor 3.
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { deserialize } from "node:v8";
import { torch } from "../../../test/conformance/values";
import type { Fault, FaultKind } from "../fault";
import { type Calls, callsOf } from "./calls";
import { Devices } from "./devices";
import { openHeap } from "./heap";
import { Judge, type Verdict } from "./judge";
import { type Job, type Line, noCounts, writeProgress } from "./protocol";
import { shrink } from "./shrink";
import type { Call } from "./value";

/** Calls that are judged together. */
const BATCH = 200;

/** Tries to make a call smaller that two devices compute differently: kernels are compiled for each. */
const DEVICE_TRIES = 40;

/** Whether the fault of a smaller call is the same one: the numbers in its message may be others. */
function isSame(a: Fault, b: Fault | undefined): boolean {
  const gist = ({ detail }: Fault): string => detail.split("\n").slice(0, 2).join().replace(/\d+/g, "");
  return b !== undefined && a.kind === b.kind && (!/foreign|refused/.test(a.kind) || gist(a) === gist(b));
}

type Judging = (call: Call, kind: FaultKind) => Verdict | Promise<Verdict>;

class Child {
  private readonly file: number;
  private readonly judge: Judge;
  private readonly devices = new Devices();
  private readonly generator: Calls;
  private readonly counts = noCounts();
  private readonly skip: ReadonlySet<number>;
  /** The end of the calls to make. */
  private readonly to: number;
  private next: number;
  private beats = 0;

  constructor(
    private readonly job: Job,
    planted: Readonly<Record<string, unknown>>,
  ) {
    this.file = openSync(job.progress, "r+");
    this.skip = new Set(job.skip);
    this.next = job.from;
    this.generator = callsOf(deserialize(readFileSync(job.knowledge)), job);
    const { length, subjects } = this.generator;
    this.to = Math.min(job.to, length ?? job.to);
    this.say({ extent: { length, subjects } });
    this.judge = new Judge(openHeap(), Object.create(torch, { planted: { value: planted } }), job.strict);
  }

  /** Makes all calls, or those up to a trap. */
  async run(): Promise<void> {
    for (let isSound = true; isSound && this.next < this.to; ) {
      isSound = await this.nextBatch();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.note(this.next);
  }

  /** Whether another batch may run in this process. */
  private nextBatch(): Promise<boolean> {
    switch (this.job.mode) {
      case "ops":
        return this.batch();
      case "wrong":
        return this.oneByOne((call) => this.judge.judgeError(call));
      case "webgpu":
        return this.oneByOne((call) => this.devices.judge(call));
    }
  }

  private async batch(): Promise<boolean> {
    const numbers: number[] = [];
    const end = Math.min(this.to, this.next + BATCH);
    for (let k = this.next; k < end; k++) if (!this.skip.has(k)) numbers.push(k);
    const calls = numbers.map((k) => this.generator.call(k));
    const verdicts = this.judge.judgeAll(calls, (i) => this.note(numbers[i]!));
    for (const [i, verdict] of verdicts.entries())
      await this.tell(numbers[i]!, calls[i]!, verdict, (call, kind) => this.judge.judge(call, kind));
    this.next = verdicts.length < numbers.length ? numbers[verdicts.length]! : end;
    return !verdicts.some(({ fault }) => fault?.kind === "trap");
  }

  /** Judges calls one by one, each once; what they promise is waited for. */
  private async oneByOne(judge: (call: Call) => Promise<Verdict>): Promise<boolean> {
    const end = Math.min(this.to, this.next + BATCH);
    for (; this.next < end; this.next++) {
      const k = this.next;
      if (this.skip.has(k)) continue;
      this.note(k);
      const call = this.generator.call(k);
      const verdict = await judge(call);
      await this.tell(k, call, verdict, judge, this.job.mode === "webgpu" ? DEVICE_TRIES : 0);
      if (verdict.fault?.kind === "trap") {
        this.next++;
        return false;
      }
    }
    return true;
  }

  /** Counts a verdict, and reports its fault by the smallest call found that has it. */
  private async tell(
    k: number,
    call: Call,
    { outcome, fault }: Verdict,
    judge: Judging,
    tries?: number,
  ): Promise<void> {
    this.counts[outcome]++;
    if (fault === undefined) return;
    let best = fault;
    const isFaulty = async (one: Call): Promise<boolean> => {
      this.note(k);
      const found = (await judge(one, fault.kind)).fault;
      if (!isSame(fault, found)) return false;
      best = found!;
      return true;
    };
    await shrink(call, isFaulty, tries);
    this.say({ k, fault: best });
  }

  private say(line: Line): void {
    const text = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let at = 0; at < text.length; ) at += writeSync(3, text, at);
  }

  private note(k: number): void {
    const { next, counts } = this;
    const bytes = writeProgress({ k, next, beats: ++this.beats, counts });
    writeSync(this.file, bytes, 0, bytes.length, 0);
  }
}

const job = JSON.parse(process.argv[2]!) as Job;
process.on("unhandledRejection", () => {});
const planted = job.planted === undefined ? {} : (await import(job.planted.path)).ops(torch);
await new Child(job, planted).run();
process.exit(0);
