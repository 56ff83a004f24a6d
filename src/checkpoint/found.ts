/** How a checkpoint is asked for, and what is said of it. */
/** A checkpoint in the folder: by its name, the newest whole one, or the best one; or a file from elsewhere. */
export type CheckpointSource = "last" | "best" | (string & {}) | Blob | Uint8Array;

/** What `Checkpoint.list` says of a file. */
export interface CheckpointInfo {
  readonly file: string;
  /** What it was compared by, or null. */
  readonly metric: number | null;
  readonly isBest: boolean;
  /** Whether it is known to be damaged. */
  readonly isDamaged: boolean;
}
