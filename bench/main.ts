/** The program that a server runtime runs: `main.mjs JOB`, with the job as JSON; prints its messages as lines of JSON. */
import { type Job, run } from "./runner";

const job = JSON.parse(process.argv[2]!) as Job;
await run(job, (message) => console.log(JSON.stringify(message)));
process.exit(0);
