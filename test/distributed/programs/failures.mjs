/** Run by every rank: fails in the way that its argument names, after it has written its process number into the file that PIDS names. */
import { appendFileSync } from "node:fs";

const torch = await import(new URL("../../../dist/kindling.js", import.meta.url).href);
const dist = torch.distributed;
const [how, timeout] = process.argv.slice(2);
// Processes of a busy machine take long to start: a short timeout is that of a group.
await dist.initProcessGroup({ timeout: 60 });
const group = timeout === undefined ? null : dist.newGroup(null, { timeout: Number(timeout) });
const rank = dist.getRank();
const x = torch.ones(3);
if (process.env.PIDS) appendFileSync(process.env.PIDS, `${process.pid}\n`);
process.stdout.write(`rank ${rank} has begun\n`);
// The ranks fail once all have written: a launcher ends the others as soon as one is killed.
dist.allReduce(x, { group });
if (rank === 1) {
  if (how === "kill") process.kill(process.pid, "SIGKILL");
  if (how === "stop") process.kill(process.pid, "SIGSTOP");
  if (how === "throw") throw new Error("rank 1 has an error of its own");
  if (how === "exit0") process.exit(0);
  if (how === "exit3") process.exit(3);
  if (how === "late") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);
  if (how === "shape") dist.allReduce(torch.ones(4));
}
dist.allReduce(x, { group });
process.stdout.write(`rank ${rank} is done\n`);
