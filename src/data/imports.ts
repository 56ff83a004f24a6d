/** Why workers cannot get at what the program wrote itself, and what to do about it. */
import { workersFix } from "../platform/context";
import { ImportError } from "./pack";

const READ_HERE = "The data set is read in this thread instead.";
const OWN_FILE =
  "Put the classes and functions that the data set is made of into a file of their own, which a worker can import by its address " +
  "(`static module = import.meta.url` there), and which the bundler leaves a file of its own with the same exports";

/** A worker could not import a module. */
export function importFailure(message: string, cause: Error): ImportError {
  const fix = /unknown file extension/i.test(message)
    ? "Run the program with hooks that compile it in workers too (node --import tsx), with Node 22.18 or later, Deno or Bun, or compile the module first"
    : OWN_FILE;
  return new ImportError(
    `DataLoader: workers cannot import what the data set is made of (${message}). ${fix}, or use numWorkers: 0.`,
    {
      cause,
    },
  );
}

/** A worker would run the whole program once more, which does not say that it knows. */
export const programFailure = (module: string): ImportError =>
  new ImportError(
    `DataLoader: workers find the data set's class only in ${module}, which is the program itself: it would run once more in each of them. ` +
      `${OWN_FILE}; or let the program do its work only where torch.utils.data.getWorkerInfo() is null, or use numWorkers: 0.`,
  );

/** No worker runs here. */
export const startFailure = (reason: Error): ImportError =>
  new ImportError(
    `DataLoader: workers cannot be started here (${reason.message}). ${workersFix(reason)} Or use numWorkers: 0.`,
    { cause: reason },
  );

/** What the program is told once where it goes on without workers. */
export const readHere = ({ message }: ImportError): string => `${message} ${READ_HERE}`;
