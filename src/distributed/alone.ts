/** A job of one process, which needs no MPI: every collective is a copy. */
import type { Call, Engine, Ticket } from "./engine";
import { DistBackendError, type Shrunk } from "./engine";

const done: Ticket = { isDone: () => true, wait: () => {}, source: 0 };

/** The engine of a process that no launcher started. */
export class Alone implements Engine {
  readonly name = "self";
  readonly rank = 0;
  readonly worldSize = 1;
  private comms = 1;

  start({ kind, input, output, text }: Call): Ticket {
    if (kind === "send" || kind === "recv")
      throw new DistBackendError(`${text}: this process is alone, there is no other rank`);
    if (input !== undefined && output !== undefined) output.set(input as never);
    return done;
  }

  newComm(): number {
    return this.comms++;
  }

  shrink(comm: number): Shrunk {
    return { comm: comm === 0 ? 0 : this.comms++, ranks: [0] };
  }

  freeComm(): void {}

  close(): void {}
}
