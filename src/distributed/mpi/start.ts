/** Starts the thread that owns MPI. */

import { findPackage, openForeign } from "../../platform/foreign";
import { environment, runtime, startWorker, type WorkerHandle } from "../../platform/platform";
import { DistBackendError } from "../engine";
import { type MpiFacts, type MpiSetup, mpiCalls } from "./calls";
import { mpiCollectives } from "./collective";
import { mpiComms } from "./comms";
import { abis } from "./handles";
import { installHint, type Launch } from "./launcher";
import { kinds, wireOps, wireTypes } from "./mailbox";
import { mpiMessages } from "./messages";
import { mpiPeers } from "./peers";
import { ringAllReduce } from "./ring";
import { mpiSurvivors } from "./survivors";
import { mpiThread } from "./thread";

/** A thread that has initialized MPI. */
export interface StartedThread extends MpiFacts {
  readonly worker: WorkerHandle;
  /** With what the thread was started. */
  readonly setup: MpiSetup;
}

type Reply = MpiFacts | { error: string };

/** The first message initializes MPI, the second is the mailbox; after that no more are read. */
const source = (): string => `
const __name = (target) => target;
const openForeign = ${openForeign.toString()};
const mpiCalls = ${mpiCalls.toString()};
const mpiThread = ${mpiThread.toString()};
const parts = {
  mpiCollectives: ${mpiCollectives.toString()},
  ringAllReduce: ${ringAllReduce.toString()},
  mpiMessages: ${mpiMessages.toString()},
  mpiPeers: ${mpiPeers.toString()},
  mpiComms: ${mpiComms.toString()},
  mpiSurvivors: ${mpiSurvivors.toString()},
};
let foreign, mpi;
receive((message) => {
  if (mpi !== undefined) return mpiThread(message, mpi, foreign, parts);
  try {
    foreign = openForeign(message.koffi);
    mpi = mpiCalls(message, foreign);
    const { rank, size, library, isSerialized } = mpi;
    send({ rank, size, library, isSerialized });
  } catch (error) {
    send({ error: String(error && error.message || error) });
  }
});
`;

function setupFor(op: string, launch: Launch): MpiSetup {
  const koffi = runtime === "node" ? findPackage("koffi") : undefined;
  if (runtime === "node" && koffi === undefined)
    throw new DistBackendError(
      `${op}: in Node, MPI is called through the package koffi, which is not installed; use \`npm install koffi\``,
    );
  const { libraries, survives } = launch;
  const isNetworked = launch.localSize < (launch.size ?? 1);
  return { koffi, libraries, isNetworked, survives, abis, kinds, wireTypes, wireOps };
}

/** @throws DistBackendError with what to do. */
export async function startThread(op: string, launch: Launch, timeout: number): Promise<StartedThread> {
  const setup = setupFor(op, launch);
  let refused = "this runtime has no workers";
  const worker = startWorker(source(), "kindling-mpi", (error) => {
    refused = error.message;
  });
  if (worker === undefined) throw new DistBackendError(`${op}: the thread of MPI cannot be started (${refused})`);
  worker.keepAlive(true);
  const reply = await new Promise<Reply>((resolve) => {
    const timer = setTimeout(() => resolve({ error: timedOut(launch, timeout) }), timeout);
    const settle = (reply: Reply): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    worker.onMessage(settle);
    worker.onError((error) => settle({ error: error.message }));
    worker.post(setup);
  });
  worker.keepAlive(false);
  if ("error" in reply) throw new DistBackendError(`${op}: ${failure(reply.error, launch)}`);
  checkSize(op, launch, reply);
  return { worker, setup, ...reply };
}

const timedOut = (launch: Launch, timeout: number): string =>
  `MPI could not be initialized within ${timeout / 1000} s; all ${launch.size ?? ""} ranks have to call initProcessGroup. ` +
  "Look at the output of the others: one may have failed before it, or be stopped, or its machine cannot be reached";

function failure(error: string, launch: Launch): string {
  if (!error.startsWith("no library:")) return error;
  const why = error.slice("no library: ".length);
  const own = environment("KINDLING_MPI");
  const fix = own
    ? "KINDLING_MPI names the file"
    : `${installHint(launch.libraries)}, or name its file in KINDLING_MPI`;
  return `${launch.name} started this process, and the library of that MPI cannot be loaded (${why}); ${fix}`;
}

/** With the launcher of another implementation every process believes to be the only one. */
function checkSize(op: string, launch: Launch, { size, library }: { size: number; library: string }): void {
  if (launch.size === undefined || launch.size === size) return;
  throw new DistBackendError(
    `${op}: ${launch.name} started ${launch.size} ranks, but ${library} sees ${size}: it belongs to another launcher. ` +
      "Start the program with the mpirun of the same MPI (`mpirun.openmpi` or `mpirun.mpich` on Debian), and leave KINDLING_MPI unset",
  );
}
