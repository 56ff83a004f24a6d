/** What each call of a {@link SummaryWriter} writes. */
import type { Call, Op } from "./arguments";
import type { EventLog } from "./eventLog";
import { scalarSummary, textSummary } from "./summaries";
import { single } from "./values";

type Command = (log: EventLog, call: Call) => void;

export const commands: Readonly<Partial<Record<Op, Command>>> = {
  addScalar(log, call) {
    const { tag, scalarValue, newStyle, doublePrecision } = call.values;
    log.summary(call, scalarSummary(tag, single(call.op, "scalarValue", scalarValue), newStyle, doublePrecision));
  },
  addScalars(log, call) {
    const { mainTag, tagScalarDict } = call.values;
    for (const [tag, value] of Object.entries(tagScalarDict)) {
      const summary = scalarSummary(mainTag, single(call.op, `tagScalarDict.${tag}`, value));
      log.summary(call, summary, `${log.folder}/${mainTag.replaceAll("/", "_")}_${tag}`);
    }
  },
  addText(log, call) {
    log.summary(call, textSummary(call.values.tag, call.values.textString));
  },
};
