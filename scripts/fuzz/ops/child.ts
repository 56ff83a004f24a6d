/**
 * Makes a range of calls in a process of its own: what hangs or kills it is known by the number in the file of progress, which is written
 * before each call. Faults are lines of JSON in
 * file descriptor 3.
 */
import { openSync, readFileSync, writeSync } from "node:fs";
import { deserialize } from "node:v8";
import type { Fault } from "../fault";
import { Generator } from "./generate";
import { GuardedHeap } from "./heap";
import { Judge } from "./judge";
import { type Counts, type Job, progressBytes } from "./protocol";
import { shrink } from "./shrink";

const job = JSON.parse(process.argv[2]!) as Job;
const file = openSync(job.progress, "r+");
const counts: Counts = { accepted: 0, refused: 0, invalid: 0 };

const note = (k: number): void => {
  writeSync(file, progressBytes(k, counts), 0, 32, 0);
};

/** After a trap the state of the library is not to be relied on: a new process goes on. */
const isFatal = (kind: string): boolean => kind === "trap" || kind === "guard";

/** Whether the fault of a smaller call is the same one: the numbers in its message may be others. */
function isSame(a: Fault, b: Fault | undefined): boolean {
  const gist = ({ detail }: Fault): string => detail.split("\n").slice(0, 2).join().replace(/\d+/g, "");
  return b !== undefined && a.kind === b.kind && (a.kind !== "foreign" || gist(a) === gist(b));
}

function say(line: object): void {
  const text = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < text.length; ) at += writeSync(3, text, at);
}

async function main(): Promise<void> {
  const generator = new Generator(deserialize(readFileSync(job.knowledge)), job.seed, job.op);
  const judge = new Judge(new GuardedHeap());
  process.on("unhandledRejection", () => {});
  for (let k = job.from; k < job.to; k++) {
    note(k);
    const call = generator.call(k);
    const { outcome, fault } = judge.judge(call);
    counts[outcome]++;
    if (fault) {
      const small = shrink(call, (one) => isSame(fault, judge.judge(one).fault));
      say({ k, fault: judge.judge(small).fault ?? fault });
      if (isFatal(fault.kind)) {
        note(k + 1);
        process.exit(0);
      }
    }
    if (k % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  note(job.to);
  process.exit(0);
}

await main();
