/** Schedules of the learning rate. @see torch.optim.lr_scheduler */
export * from "./combined";
export * from "./cosine";
export * from "./cyclic";
export { LambdaLR, type LrLambda, MultiplicativeLR } from "./lambda";
export * from "./oneCycle";
export * from "./plateau";
export * from "./ramp";
export { LRScheduler, Scheduler, type SchedulerOptions, type SchedulerStateDict } from "./scheduler";
export * from "./stepwise";
