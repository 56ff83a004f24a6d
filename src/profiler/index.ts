/** `torch.profiler`. */
export type { EventAverage, EventList, SortKey, TableOptions } from "./averages";
export {
  type AverageOptions,
  Profile,
  type ProfileOptions,
  ProfilerActivity,
  profile,
  recordFunction,
  tensorboardTraceHandler,
} from "./profile";
export type { EventKind, ProfilerEvent } from "./recorder";
export { ProfilerAction, type ScheduleOptions, schedule } from "./schedule";

import { backendOf } from "../backend/backend";
import { named } from "../core/signature";
import type { ProfilerActivity } from "./profile";

/** What can be watched. @see torch.profiler.supported_activities */
export const supportedActivities = named("supportedActivities", "", () => {
  const isTimed = backendOf("webgpu")?.timer?.reason === undefined && backendOf("webgpu") !== undefined;
  return new Set<ProfilerActivity>(isTimed ? ["cpu", "webgpu"] : ["cpu"]);
});

/** Whether there is PyTorch's own recorder; there is none. @see torch.profiler.kineto_available */
export const kinetoAvailable = named("kinetoAvailable", "", (): boolean => false);
