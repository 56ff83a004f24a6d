/** What {@link SummaryWriter} loads when it is first used. */
export { EventLog } from "./eventLog";
