/** Where calls of a {@link SummaryWriter} write to. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Call } from "./arguments";
import type { EventSchema, Summary } from "./proto/tensorboard_pb";

/** What an event holds. */
export type What = MessageInitShape<typeof EventSchema>["what"];

export interface Sink {
  /** The folder of the run. */
  readonly folder: string;
  /** Adds a summary of a call, to the run itself or to one below it. */
  summary(call: Pick<Call, "values" | "time">, summary: Summary, folder?: string): void;
  event(call: Pick<Call, "values" | "time">, what: What, folder?: string): void;
  /** Does what takes time after all else that does; its failure is told by the next flush. */
  later(op: string, task: () => Promise<void>): void;
  /** Ends the file of a run that gets no more. */
  end(folder: string): void;
}
