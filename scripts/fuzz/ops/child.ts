/**
 * Makes a range of calls in a process of its own: what hangs or kills it is known by the number in the file of progress, which is written
 * before each call. Faults are lines of JSON in file descriptor 3.
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { deserialize } from "node:v8";
import { torch } from "../../../test/conformance/values";
import type { Fault } from "../fault";
import { Generator } from "./generate";
import { openHeap } from "./heap";
import { Judge, type Verdict } from "./judge";
import { type Job, noCounts, writeProgress } from "./protocol";
import { shrink } from "./shrink";
import type { Call } from "./value";
import { WrongCalls } from "./wrong";

/** Calls that are judged together. */
const BATCH = 200;

/** Whether the fault of a smaller call is the same one: the numbers in its message may be others. */
function isSame(a: Fault, b: Fault | undefined): boolean {
  const gist = ({ detail }: Fault): string => detail.split("\n").slice(0, 2).join().replace(/\d+/g, "");
  return b !== undefined && a.kind === b.kind && (a.kind !== "foreign" || gist(a) === gist(b));
}

class Child {
  private readonly file: number;
  private readonly judge: Judge;
  private readonly generator: Pick<Generator, "call"> & { readonly length?: number };
  private readonly counts = noCounts();
  private readonly skip: ReadonlySet<number>;
  private next: number;
  private beats = 0;

  constructor(
    private readonly job: Job,
    planted: Readonly<Record<string, unknown>>,
  ) {
    this.file = openSync(job.progress, "r+");
    this.skip = new Set(job.skip);
    this.next = job.from;
    const knowledge = deserialize(readFileSync(job.knowledge));
    this.generator = job.wrong
      ? new WrongCalls(knowledge, job.seed, job.op)
      : new Generator(knowledge, job.seed, job.op, job.planted?.names);
    this.judge = new Judge(openHeap(), Object.create(torch, { planted: { value: planted } }), job.strict);
  }

  /** Makes all calls, or those up to a trap. */
  async run(): Promise<void> {
    for (let isSound = true; isSound && this.next < this.job.to; ) {
      isSound = await (this.job.wrong ? this.wrongBatch() : this.batch());
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.note(this.next);
  }

  /** Whether the next batch may run in this process. */
  private batch(): boolean {
    const numbers: number[] = [];
    const end = Math.min(this.job.to, this.next + BATCH);
    for (let k = this.next; k < end; k++) if (!this.skip.has(k)) numbers.push(k);
    const calls = numbers.map((k) => this.generator.call(k));
    const verdicts = this.judge.judgeAll(calls, (i) => this.note(numbers[i]!));
    for (const [i, verdict] of verdicts.entries()) this.tell(numbers[i]!, calls[i]!, verdict);
    this.next = verdicts.length < numbers.length ? numbers[verdicts.length]! : end;
    return !verdicts.some(({ fault }) => fault?.kind === "trap");
  }

  /** Makes calls one by one, each once; promises are waited for. */
  private async wrongBatch(): Promise<boolean> {
    const end = Math.min(this.job.to, this.next + BATCH);
    for (; this.next < end; this.next++) {
      const k = this.next;
      if (this.skip.has(k)) continue;
      this.note(k);
      // What is found to call may differ a little from what the parent found.
      if (k >= (this.generator.length ?? Number.POSITIVE_INFINITY)) continue;
      const { outcome, fault } = await this.judge.judgeError(this.generator.call(k));
      this.counts[outcome]++;
      if (fault) this.say({ k, fault });
      if (fault?.kind === "trap") {
        this.next++;
        return false;
      }
    }
    return true;
  }

  private tell(k: number, call: Call, { outcome, fault }: Verdict): void {
    this.counts[outcome]++;
    if (fault === undefined) return;
    const small = shrink(call, (one) => {
      this.note(k);
      return isSame(fault, this.judge.judge(one, fault.kind).fault);
    });
    this.say({ k, fault: this.judge.judge(small, fault.kind).fault ?? fault });
  }

  private say(line: object): void {
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
