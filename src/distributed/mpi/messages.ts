/**
 * Messages from one rank to another. Each is announced by its sender, dtype and length, so that none is ever longer than the memory that receives it. It travels
 * as text with the thread that runs it.
 */
import type { Mpi } from "./calls";
import type { Job, MailboxSetup } from "./jobs";

/** Carries out jobs of the kinds `send` and `recv`. */
export interface Messages {
  /** Goes on with a job as far as it can. @param jobs All that are under way, in their order. @returns Whether it is over. */
  advance(job: Job, jobs: readonly Job[]): boolean;
}

/**
 * @param base The address of the mailbox. @param memory The address of Kindling's memory.
 * @param finish Ends a job, with a value of `Progress` and what an error is to say.
 */
export function mpiMessages(
  mpi: Mpi,
  { box, slotBytes, dtypes, words }: MailboxSetup,
  address: (view: Uint8Array) => number,
  base: number,
  memory: number,
  finish: (job: Job, progress: number, text?: string) => void,
): Messages {
  const { Progress: P, Field: F, Layout: L } = words;
  const ANNOUNCEMENT = 16;
  const i32 = new Int32Array(box);
  const f64 = new Float64Array(box);
  const startOf = ({ slot }: Job): number => L.slots + slot * slotBytes;
  const field = (job: Job, at: number): number => f64[startOf(job) / 8 + L.fields + at]!;
  const request = (job: Job, at: number): number => base + startOf(job) + L.requests + 8 * at;
  const header = (job: Job): number => startOf(job) + L.header;
  const typeOf = (job: Job): number => mpi.types[field(job, F.type)]!;

  const startSend = (job: Job): void => {
    const { comm } = job;
    const [to, tag, count] = [field(job, F.peer), field(job, F.tag), field(job, F.inputCount)];
    const at = header(job) / 4;
    i32[at] = comm.rank;
    i32[at + 1] = field(job, F.dtype);
    f64[at / 2 + 1] = count;
    mpi.send(base + header(job), ANNOUNCEMENT, mpi.byte, to, 2 * tag, comm.handle, request(job, 0));
    mpi.send(memory + field(job, F.input), count, typeOf(job), to, 2 * tag + 1, comm.handle, request(job, 1));
    job.stage = "compares";
  };

  const advanceSend = (job: Job): boolean => {
    if (job.stage === "waits") startSend(job);
    if (job.stage === "compares" && mpi.test(request(job, 0))) job.stage = "moves";
    if (job.stage !== "moves" || !mpi.test(request(job, 1))) return false;
    finish(job, P.done);
    return true;
  };

  /** Whether an earlier receive would take the announcement that this one waits for. */
  const isBehind = (job: Job, jobs: readonly Job[]): boolean => {
    for (const other of jobs) {
      if (other === job) return false;
      const isSame = (at: number): boolean => field(other, at) === field(job, at);
      const waits = other.stage === "waits" || other.stage === "compares";
      if (other.kind === "recv" && waits && other.comm === job.comm && isSame(F.peer) && isSame(F.tag)) return true;
    }
    return false;
  };

  const accept = (job: Job): void => {
    const { comm } = job;
    const at = header(job) / 4;
    const [from, dtype, count] = [i32[at]!, i32[at + 1]!, f64[at / 2 + 1]!];
    const fits = dtype === field(job, F.dtype) && count === field(job, F.outputCount);
    i32[startOf(job) / 4 + L.result] = from;
    job.count = fits ? -1 : count;
    const tag = 2 * field(job, F.tag) + 1;
    if (fits) {
      mpi.receive(memory + field(job, F.output), count, typeOf(job), from, tag, comm.handle, request(job, 1));
    } else {
      // What does not fit is received elsewhere: the messages behind it keep their order.
      job.scratch = new SharedArrayBuffer(8 * Math.max(1, count));
      const place = address(new Uint8Array(job.scratch));
      mpi.receive(place, 8 * count, mpi.byte, from, tag, comm.handle, request(job, 1));
    }
    job.stage = "moves";
  };

  const advanceReceive = (job: Job, jobs: readonly Job[]): boolean => {
    const { comm } = job;
    if (job.stage === "waits") {
      if (isBehind(job, jobs)) return false;
      const peer = field(job, F.peer);
      const from = peer < 0 ? mpi.anySource : peer;
      const tag = 2 * field(job, F.tag);
      mpi.receive(base + header(job), ANNOUNCEMENT, mpi.byte, from, tag, comm.handle, request(job, 0));
      job.stage = "compares";
    }
    if (job.stage === "compares" && mpi.test(request(job, 0))) accept(job);
    if (job.stage !== "moves" || !mpi.test(request(job, 1))) return false;
    if (job.count! < 0) finish(job, P.done);
    else {
      const at = header(job) / 4;
      finish(job, P.disagreed, `rank ${comm.ranks[i32[at]!]} sent ${job.count} elements of ${dtypes[i32[at + 1]!]}`);
    }
    return true;
  };

  return { advance: (job, jobs) => (job.kind === "send" ? advanceSend(job) : advanceReceive(job, jobs)) };
}
